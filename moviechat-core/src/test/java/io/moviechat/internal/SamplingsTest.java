package io.moviechat.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.VideoInfo;
import io.moviechat.VideoLocation;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSource.Times;
import io.moviechat.spi.testing.FakeVideo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SamplingsTest {
  private static final int FRAMES = 50;
  private static final FrameFormat FORMAT =
      FrameFormat.stretch(8, 8, FrameFormat.Resampling.BILINEAR);

  private final VideoSource known = new FakeVideo().open(VideoLocation.of(FakeVideo.of(FRAMES)));

  /** Only what a source has to write, and it does not know how long it is. */
  private final VideoSource plain =
      new VideoSource() {
        @Override
        public VideoInfo info() {
          VideoInfo info = known.info();
          return new VideoInfo(
              info.location(),
              info.container(),
              info.codec(),
              info.width(),
              info.height(),
              0,
              Optional.empty(),
              info.frames(),
              info.frameRate(),
              List.of());
        }

        @Override
        public FrameStream frames(Duration from, Duration to, FrameFormat format) {
          return known.frames(from, to, format);
        }

        @Override
        public FrameStream at(List<Duration> moments, FrameFormat format) {
          return known.at(moments, format);
        }

        @Override
        public void close() {
          known.close();
        }
      };

  private static List<Duration> times(FrameStream stream) {
    List<Duration> times = new ArrayList<>();
    try (stream) {
      for (Optional<Frame> next = stream.next(); next.isPresent(); next = stream.next()) {
        try (Frame frame = next.get()) {
          times.add(frame.timestamp());
        }
      }
      assertThat(stream.next()).isEmpty();
    }
    return times;
  }

  private static List<Duration> of(int... indices) {
    List<Duration> times = new ArrayList<>();
    for (int index : indices) {
      times.add(FakeVideo.time(index));
    }
    return times;
  }

  @Test
  void aSourceOfFourMethodsHasEverySamplingButKeyFrames() {
    try (plain) {
      for (FrameSampling sampling :
          List.of(
              FrameSampling.everyFrame(),
              FrameSampling.every(Duration.ofMillis(1)),
              FrameSampling.every(Duration.ofMillis(90)),
              FrameSampling.every(Duration.ofSeconds(3)),
              FrameSampling.uniform(7),
              FrameSampling.uniform(FRAMES),
              FrameSampling.uniform(900),
              new FrameSampling.Fragments(3, 4),
              FrameSampling.at(of(3, 3, 20, 400)))) {
        assertThat(times(plain.frames(sampling, FORMAT)))
            .as("%s", sampling)
            .isNotEmpty()
            .isEqualTo(times(known.frames(sampling, FORMAT)));
        assertThat(times(plain.frames(FakeVideo.time(10), FakeVideo.time(30), sampling, FORMAT)))
            .as("%s in a window", sampling)
            .isEqualTo(
                times(known.frames(FakeVideo.time(10), FakeVideo.time(30), sampling, FORMAT)));
      }
      assertThatExceptionOfType(VideoException.class)
          .isThrownBy(() -> plain.frames(FrameSampling.keyframes(), FORMAT))
          .withMessageContaining("key frames");
      try (Frame frame = plain.frameAt(FakeVideo.time(9).plusMillis(3), FORMAT)) {
        assertThat(frame.timestamp()).isEqualTo(FakeVideo.time(9));
      }
    }
  }

  @Test
  void takesWhatIsOnScreen() {
    try (plain) {
      assertThat(times(plain.frames(FrameSampling.every(Duration.ofMillis(100)), FORMAT)))
          .startsWith(of(0, 2, 5, 7, 10).toArray(Duration[]::new))
          .endsWith(FakeVideo.time(47));
      assertThat(times(plain.frames(FrameSampling.uniform(4), FORMAT)))
          .isEqualTo(of(6, 18, 31, 43));
      assertThat(times(plain.frames(FrameSampling.at(of(2, 12, 45)), FORMAT)))
          .isEqualTo(of(2, 12, 45));
    }
  }

  @Test
  void scenesChangeByTheirLumaAndAtLeastEverySoOften() {
    try (plain) {
      // Grey levels rise by 37 of 255 from frame to frame, and wrap around.
      assertThat(times(plain.frames(FrameSampling.sceneChanges(0.01, Duration.ofDays(1)), FORMAT)))
          .hasSize(FRAMES);
      assertThat(times(plain.frames(FrameSampling.sceneChanges(1, Duration.ofMillis(400)), FORMAT)))
          .isEqualTo(of(0, 10, 20, 30, 40));
    }
  }

  @Test
  void refusesEmptyParts() {
    try (plain) {
      assertThatIllegalArgumentException()
          .isThrownBy(
              () ->
                  plain.frames(
                      Duration.ofSeconds(1),
                      Duration.ofSeconds(1),
                      FrameSampling.uniform(3),
                      FORMAT));
    }
  }

  private static Optional<long[]> chosen(FrameSampling sampling, long[] times, long end) {
    VideoSource source =
        new VideoSource() {
          @Override
          public VideoInfo info() {
            throw new AssertionError();
          }

          @Override
          public FrameStream frames(Duration from, Duration to, FrameFormat format) {
            throw new AssertionError();
          }

          @Override
          public FrameStream at(List<Duration> moments, FrameFormat format) {
            throw new AssertionError();
          }

          @Override
          public Optional<Times> times(long worth) {
            return Optional.of(Times.of(times, end));
          }

          @Override
          public void close() {}
        };
    return Samplings.times(source, sampling);
  }

  @Test
  void timesAreToldWhereTheyAreInOrder() {
    FrameSampling every = FrameSampling.everyFrame();
    assertThat(chosen(every, new long[] {}, 1)).isEmpty();
    assertThat(chosen(every, new long[] {0, 5, 5}, 9)).isEmpty();
    assertThat(chosen(every, new long[] {-1, 5}, 9)).isEmpty();
    assertThat(chosen(FrameSampling.every(Duration.ofNanos(4)), new long[] {0, 5, 9}, 13))
        .hasValueSatisfying(times -> assertThat(times).containsExactly(0, 5, 9));
    assertThat(chosen(FrameSampling.every(Duration.ofNanos(6)), new long[] {0, 5, 11}, 13))
        .hasValueSatisfying(times -> assertThat(times).containsExactly(0, 5, 11));
    assertThat(chosen(FrameSampling.every(Duration.ofNanos(6)), new long[] {0, 5, 11}, 12))
        .hasValueSatisfying(times -> assertThat(times).containsExactly(0, 5));
  }
}
