package io.moviechat.spi.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.VideoLocation;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link VideoSource} must do: frames of a part and frames at moments agree with a pass
 * over all, so that every sampling does.
 */
public abstract class VideoSourceContract {
  private static final FrameFormat SMALL =
      FrameFormat.stretch(16, 12, FrameFormat.Resampling.BILINEAR);

  private List<String> ownersBefore = List.of();

  /** The provider under test. */
  protected abstract VideoSourceProvider provider();

  /** An undamaged video of 20 to 1,000 frames whose pictures change. */
  protected abstract URI video();

  /** An address that the provider accepts and where nothing is. */
  protected abstract URI missing();

  @BeforeEach
  void rememberOpenOwners() {
    ownersBefore = NativeOwner.openOwners();
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEqualTo(ownersBefore);
  }

  /** Time and pixels of a frame. */
  private record Seen(Duration timestamp, int width, int height, int hash) {
    static Seen of(Frame frame) {
      ByteBuffer rgb = frame.rgb();
      assertThat(rgb.remaining()).isEqualTo(3 * frame.width() * frame.height());
      return new Seen(frame.timestamp(), frame.width(), frame.height(), rgb.hashCode());
    }
  }

  private static List<Seen> all(FrameStream stream) {
    List<Seen> seen = new ArrayList<>();
    try (stream) {
      for (Optional<Frame> next = stream.next(); next.isPresent(); next = stream.next()) {
        try (Frame frame = next.get()) {
          seen.add(Seen.of(frame));
        }
      }
      assertThat(stream.next()).isEmpty();
      assertThat(stream.damagedFrames()).isZero();
    }
    return seen;
  }

  private List<Seen> everyFrame(VideoSource source) {
    return all(source.frames(FrameSampling.everyFrame(), SMALL));
  }

  @Test
  void givesEveryFrameInOrderInTheSizeAskedFor() {
    try (VideoSource source = provider().open(VideoLocation.of(video()))) {
      List<Seen> frames = everyFrame(source);
      assertThat(frames).hasSizeBetween(20, 1_000);
      for (int i = 0; i < frames.size(); i++) {
        assertThat(frames.get(i).width()).isEqualTo(16);
        assertThat(frames.get(i).height()).isEqualTo(12);
        if (i > 0) {
          assertThat(frames.get(i).timestamp()).isGreaterThan(frames.get(i - 1).timestamp());
        }
      }
      assertThat(frames.stream().map(Seen::hash).distinct().count()).isGreaterThan(1);
      assertThat(everyFrame(source)).isEqualTo(frames);
    }
  }

  @Test
  void theInfoAgreesWithTheFrames() {
    try (VideoSource source = provider().open(VideoLocation.of(video()));
        Frame first = source.frameAt(Duration.ZERO, FrameFormat.ORIGINAL)) {
      assertThat(source.info().width()).isEqualTo(first.width());
      assertThat(source.info().height()).isEqualTo(first.height());
      source
          .info()
          .duration()
          .ifPresent(
              duration -> {
                List<Seen> frames = everyFrame(source);
                Duration last = frames.get(frames.size() - 1).timestamp();
                assertThat(duration).isGreaterThanOrEqualTo(last);
                assertThat(duration).isLessThan(last.plusSeconds(2));
              });
    }
  }

  @Test
  void anyFrameCanBeHadByItsTime() {
    try (VideoSource source = provider().open(VideoLocation.of(video()))) {
      List<Seen> frames = everyFrame(source);
      for (int i = frames.size() - 1; i >= 0; i -= Math.max(1, frames.size() / 25)) {
        Seen wanted = frames.get(i);
        Duration until =
            i + 1 < frames.size()
                ? frames.get(i + 1).timestamp().minusNanos(1)
                : wanted.timestamp().plusSeconds(100);
        for (Duration moment : List.of(wanted.timestamp(), until)) {
          try (Frame frame = source.frameAt(moment, SMALL)) {
            assertThat(Seen.of(frame)).as("frame at %s", moment).isEqualTo(wanted);
          }
        }
      }
    }
  }

  @Test
  void aWindowHasExactlyItsFrames() {
    try (VideoSource source = provider().open(VideoLocation.of(video()))) {
      List<Seen> frames = everyFrame(source);
      Duration from = frames.get(frames.size() / 3).timestamp();
      Duration to = frames.get(2 * frames.size() / 3).timestamp();
      assertThat(all(source.frames(from, to, FrameSampling.everyFrame(), SMALL)))
          .isEqualTo(frames.subList(frames.size() / 3, 2 * frames.size() / 3));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> source.frames(to, from, FrameSampling.everyFrame(), SMALL));
    }
  }

  @Test
  void oneFramePerIntervalIsTheFrameOnScreen() {
    try (VideoSource source = provider().open(VideoLocation.of(video()))) {
      List<Seen> frames = everyFrame(source);
      Duration last = frames.get(frames.size() - 1).timestamp();
      Duration interval = last.dividedBy(7);
      List<Seen> expected = new ArrayList<>();
      for (Duration t = Duration.ZERO; t.compareTo(last) <= 0; t = t.plus(interval)) {
        Duration moment = t;
        Seen onScreen =
            frames.stream()
                .filter(f -> f.timestamp().compareTo(moment) <= 0)
                .reduce((a, b) -> b)
                .orElse(frames.get(0));
        if (expected.isEmpty() || !expected.get(expected.size() - 1).equals(onScreen)) {
          expected.add(onScreen);
        }
      }
      assertThat(all(source.frames(FrameSampling.every(interval), SMALL))).isEqualTo(expected);
    }
  }

  @Test
  void givenMomentsHaveTheFramesOnScreen() {
    try (VideoSource source = provider().open(VideoLocation.of(video()))) {
      List<Seen> frames = everyFrame(source);
      List<Seen> expected = List.of(frames.get(1), frames.get(7), frames.get(frames.size() - 1));
      List<Duration> moments =
          List.of(
              frames.get(1).timestamp(),
              frames.get(7).timestamp(),
              frames.get(8).timestamp().minusNanos(1),
              frames.get(frames.size() - 1).timestamp().plusSeconds(100));
      assertThat(all(source.at(moments, SMALL))).isEqualTo(expected);
      assertThat(all(source.at(List.of(), SMALL))).isEmpty();
      assertThat(
              all(
                  source.frames(
                      frames.get(5).timestamp(),
                      frames.get(9).timestamp(),
                      FrameSampling.at(moments),
                      SMALL)))
          .isEqualTo(List.of(frames.get(7)));
    }
  }

  @Test
  void everySamplingTakesFramesOfThePassOrSaysThatItCannot() {
    try (VideoSource source = provider().open(VideoLocation.of(video()))) {
      List<Seen> frames = everyFrame(source);
      assertThat(all(source.frames(new FrameSampling.Fragments(3, 4), SMALL)))
          .hasSize(12)
          .isSubsetOf(frames);
      assertThat(all(source.frames(FrameSampling.sceneChanges(0.2, Duration.ofMillis(400)), SMALL)))
          .hasSizeGreaterThan(1)
          .isSubsetOf(frames)
          .startsWith(frames.get(0));
      FrameStream keys;
      try {
        keys = source.frames(FrameSampling.keyframes(), SMALL);
      } catch (VideoException e) {
        assertThat(e).hasMessageContaining("key frames");
        return;
      }
      assertThat(all(keys)).isNotEmpty().isSubsetOf(frames);
    }
  }

  @Test
  void timesThatAreToldAreThoseOfTheFrames() {
    try (VideoSource source = provider().open(VideoLocation.of(video()))) {
      List<Seen> frames = everyFrame(source);
      for (long worth : new long[] {0, 2_000, Long.MAX_VALUE}) {
        source
            .times(worth)
            .ifPresent(
                times -> {
                  assertThat(LongStream.of(times.nanos()).mapToObj(Duration::ofNanos))
                      .containsExactlyElementsOf(frames.stream().map(Seen::timestamp).toList());
                  assertThat(Duration.ofNanos(times.end()))
                      .isGreaterThan(frames.get(frames.size() - 1).timestamp());
                });
      }
    }
  }

  @Test
  void uniformSamplingGivesAsManyAsAskedForOrAllThereAre() {
    try (VideoSource source = provider().open(VideoLocation.of(video()))) {
      List<Seen> frames = everyFrame(source);
      for (int n : new int[] {1, 2, 5, 13}) {
        List<Seen> sampled = all(source.frames(FrameSampling.uniform(n), SMALL));
        assertThat(sampled).hasSize(n);
        assertThat(frames).containsAll(sampled);
      }
      assertThat(all(source.frames(FrameSampling.uniform(5_000), SMALL))).isEqualTo(frames);
    }
  }

  @Test
  void aFrameOutlivesItsStream() {
    try (VideoSource source = provider().open(VideoLocation.of(video()))) {
      Frame frame;
      try (FrameStream stream = source.frames(FrameSampling.everyFrame(), SMALL)) {
        frame = stream.next().orElseThrow();
      }
      Seen before = Seen.of(frame);
      everyFrame(source);
      assertThat(Seen.of(frame)).isEqualTo(before);
      frame.close();
      frame.close();
      assertThatIllegalStateException().isThrownBy(frame::rgb);
    }
  }

  @Test
  void saysWhatIsMissing() {
    assertThat(provider().accepts(VideoLocation.of(missing()))).isTrue();
    assertThatExceptionOfType(VideoException.class)
        .isThrownBy(() -> provider().open(VideoLocation.of(missing())))
        .withMessageContaining(lastPart(missing()));
  }

  private static String lastPart(URI uri) {
    String text = uri.toString();
    return text.substring(text.lastIndexOf('/') + 1);
  }

  @Test
  void isClosedOnceAndForAll() {
    VideoSource source = provider().open(VideoLocation.of(video()));
    FrameStream stream = source.frames(FrameSampling.everyFrame(), SMALL);
    source.close();
    source.close();
    stream.close();
    assertThatIllegalStateException().isThrownBy(stream::next);
    assertThatIllegalStateException().isThrownBy(() -> source.frameAt(Duration.ZERO, SMALL));
  }
}
