package io.moviechat.video;

import java.io.IOException;
import net.jqwik.api.Assume;
import net.jqwik.api.EdgeCasesMode;
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
  @Property(shrinking = ShrinkingMode.OFF, edgeCases = EdgeCasesMode.NONE, maxDiscardRatio = 50)
  void ofAnyFile(@ForAll @LongRange(max = 1L << 40) long seed) throws IOException {
    Assume.that(GeneratedFiles.check(seed).equals(GeneratedFiles.CHECKED));
  }
}
