package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import net.jqwik.api.Assume;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.LongRange;

/**
 * A frame is what is on screen at a time, exactly, however it is asked for: of any file that can be
 * made. More of them with {@code -Djqwik.tries.default=10000}; {@link GeneratedFilesTest} is for
 * long runs.
 */
class EveryWayProperties {
  /**
   * Pictures in two fields, all of them said to be key frames, so that seeks led between two; Ogg,
   * of which FFmpeg guesses other times after a seek than from the beginning; and a transport
   * stream of five packets, which FFmpeg alone takes for raw MPEG-2, headers and all.
   */
  @Example
  void ofFilesThatOnceWereWrong() throws IOException {
    for (long seed : new long[] {1001484, 1018617, 1025463, 2016360, 3017206}) {
      assertThat(GeneratedFiles.check(seed)).as("seed %d", seed).isEqualTo(GeneratedFiles.CHECKED);
    }
  }

  @Property(shrinking = ShrinkingMode.OFF, edgeCases = EdgeCasesMode.NONE, maxDiscardRatio = 50)
  void ofAnyFile(@ForAll @LongRange(max = 1L << 40) long seed) throws IOException {
    Assume.that(GeneratedFiles.check(seed).equals(GeneratedFiles.CHECKED));
  }
}
