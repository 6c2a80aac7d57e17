package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.GeneratedVideo.Timing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tuple;

/**
 * A frame is what is on screen at a time, exactly, however it is asked for: of any file that can be
 * made. More of them with {@code -Djqwik.tries.default=10000}.
 */
class EveryWayProperties {
  private static final FrameFormat SMALL = FrameFormat.stretch(24, 16, Resampling.BILINEAR);

  @Property(shrinking = ShrinkingMode.OFF, edgeCases = EdgeCasesMode.NONE, maxDiscardRatio = 50)
  void ofAnyFile(@ForAll("videos") GeneratedVideo video) throws IOException {
    Path folder = Files.createTempDirectory("every-way");
    try {
      Optional<Path> file = video.make(folder);
      Assume.that(file.isPresent() && canBeRead(file.get()));
      EveryWay.checkSome(file.get(), VideoOptions.DEFAULT.withThreads(2), SMALL, video.seed());
      assertThat(NativeOwner.openOwners()).isEmpty();
    } finally {
      delete(folder);
    }
  }

  /** Whether there is a picture in it at all: a muxer may take what nobody can read. */
  private static boolean canBeRead(Path file) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(file)) {
      video.frameAt(Duration.ZERO, SMALL).close();
      return true;
    } catch (VideoException e) {
      return false;
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Provide
  Arbitrary<GeneratedVideo> videos() {
    Arbitrary<String> source =
        Arbitraries.frequencyOf(
            Tuple.of(3, Arbitraries.of(GeneratedVideo.ENCODERS)),
            Tuple.of(2, Arbitraries.of("mpeg4", "mpeg2video", "libopenh264")),
            Tuple.of(3, Arbitraries.of(GeneratedVideo.REPACKED)));
    Arbitrary<Remux> remux =
        Combinators.combine(
                Arbitraries.integers().between(2, 70),
                Arbitraries.of(0, 0, 40, 130, 500, 1300),
                Arbitraries.of(0, 0, 700, 100_000),
                Arbitraries.of(false, false, false, true))
            .as(Remux::new);
    return Combinators.combine(
            source,
            Arbitraries.integers().between(1, 40),
            Arbitraries.integers().between(1, 15),
            Arbitraries.integers().between(0, 3),
            Combinators.combine(Arbitraries.of(true, false), Arbitraries.of(true, false))
                .as(List::of),
            Combinators.combine(Arbitraries.of(Timing.class), Arbitraries.of(33, 40, 100, 1, 1000))
                .as(GeneratedTiming::new),
            Arbitraries.of(GeneratedVideo.CONTAINERS),
            Combinators.combine(remux.optional(0.6), Arbitraries.longs().between(0, 1L << 40))
                .as(Copy::new))
        .as(
            (from, frames, gop, bFrames, flags, times, container, copy) ->
                new GeneratedVideo(
                    from,
                    frames,
                    gop,
                    bFrames,
                    flags.get(0),
                    flags.get(1),
                    times.timing(),
                    times.millis(),
                    container,
                    GeneratedVideo.ENCODERS.contains(from) ? copy.remux() : copy.always(),
                    copy.seed() % 4 == 0,
                    copy.seed()));
  }

  private record GeneratedTiming(Timing timing, int millis) {}

  private record Copy(Optional<Remux> remux, long seed) {
    Optional<Remux> always() {
      return Optional.of(remux.orElse(new Remux(60, 0, 0, false)));
    }
  }
}
