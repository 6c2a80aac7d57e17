package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.internal.Samplings;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FrameTimesTest {
  private static final FrameFormat FORMAT =
      FrameFormat.stretch(16, 16, FrameFormat.Resampling.BILINEAR);
  private static final List<FrameSampling> SAMPLINGS =
      List.of(
          FrameSampling.everyFrame(),
          FrameSampling.every(Duration.ofMillis(1)),
          FrameSampling.every(Duration.ofMillis(40)),
          FrameSampling.every(Duration.ofMillis(100)),
          FrameSampling.every(Duration.ofMillis(333)),
          FrameSampling.every(Duration.ofSeconds(1)),
          FrameSampling.every(Duration.ofHours(1)),
          FrameSampling.at(List.of(Duration.ZERO, Duration.ofMillis(777), Duration.ofHours(1))));

  static List<String> clips() {
    return Clips.ALL;
  }

  @ParameterizedTest
  @MethodSource("clips")
  void whatIsToldIsWhatIsDecoded(String clip) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file(clip))) {
      for (FrameSampling sampling : SAMPLINGS) {
        Optional<long[]> told = Samplings.times(video, sampling);
        try (FrameStream stream = video.frames(sampling, FORMAT)) {
          List<Duration> decoded = Clips.times(stream);
          told.ifPresent(
              times ->
                  assertThat(LongStream.of(times).mapToObj(Duration::ofNanos))
                      .as("%s of %s", sampling, clip)
                      .containsExactlyElementsOf(decoded));
        }
      }
      assertThat(Samplings.times(video, FrameSampling.sceneChanges(0.1, Duration.ofSeconds(1))))
          .isEmpty();
    }
  }

  @Test
  void filesWithAnIndexTell() {
    for (String clip : List.of("bunny.mp4", "bunny-hevc-10bit.mp4", "cars-open-gop.mp4")) {
      try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file(clip))) {
        assertThat(Samplings.times(video, FrameSampling.everyFrame())).as(clip).isPresent();
      }
    }
  }
}
