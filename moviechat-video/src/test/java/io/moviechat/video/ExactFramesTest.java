package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.Clips.Seen;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every way to a frame gives the same frame as decoding from the start. */
class ExactFramesTest {
  private static final FrameFormat SMALL = FrameFormat.stretch(64, 36, Resampling.BILINEAR);

  static List<String> clips() {
    return Clips.ALL;
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static List<Seen> sequential(VideoSource video) {
    try (FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL)) {
      List<Seen> all = Clips.drain(stream);
      assertThat(stream.damagedFrames()).isZero();
      return all;
    }
  }

  private static Seen at(VideoSource video, Duration moment) {
    try (Frame frame = video.frameAt(moment, SMALL)) {
      return Clips.seen(frame);
    }
  }

  @ParameterizedTest
  @MethodSource("clips")
  void timesGoForwardFromZero(String clip) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file(clip))) {
      List<Seen> all = sequential(video);
      assertThat(all).hasSizeGreaterThan(50);
      assertThat(all.get(0).time()).isLessThan(Duration.ofMillis(50));
      for (int i = 1; i < all.size(); i++) {
        assertThat(all.get(i).time()).isGreaterThan(all.get(i - 1).time());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("clips")
  void frameAtEveryTimeEqualsSequentialDecoding(String clip) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file(clip))) {
      List<Seen> all = sequential(video);
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        order.add(i);
      }
      Collections.shuffle(order, new Random(7));
      for (int i : order) {
        assertThat(at(video, all.get(i).time())).as("frame %d", i).isEqualTo(all.get(i));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("clips")
  void stepsBackAndForthGiveTheSameFrames(String clip) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file(clip))) {
      List<Seen> all = sequential(video);
      Random random = new Random(13);
      int place = all.size() / 2;
      for (int step = 0; step < 300; step++) {
        // Mostly a little back or forth, sometimes far away.
        place += step % 50 == 49 ? all.size() / 3 : random.nextInt(25) - 13;
        place = Math.floorMod(place, all.size());
        assertThat(at(video, all.get(place).time())).as("step %d", step).isEqualTo(all.get(place));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("clips")
  void aFrameIsOnScreenUntilTheNextOne(String clip) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file(clip))) {
      List<Seen> all = sequential(video);
      for (int i = all.size() - 2; i >= 0; i -= 3) {
        Duration justBefore = all.get(i + 1).time().minusNanos(1);
        assertThat(at(video, justBefore)).as("frame %d", i).isEqualTo(all.get(i));
      }
      assertThat(at(video, Duration.ofDays(3))).isEqualTo(all.get(all.size() - 1));
      assertThat(at(video, Duration.ZERO)).isEqualTo(all.get(0));
    }
  }

  @ParameterizedTest
  @MethodSource("clips")
  void sparseSamplingGivesTheFramesOnScreen(String clip) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file(clip))) {
      List<Seen> all = sequential(video);
      Duration end = video.info().duration().orElseThrow();
      for (Duration interval : List.of(Duration.ofMillis(130), Duration.ofMillis(1700))) {
        List<Seen> expected = new ArrayList<>();
        for (Duration t = Duration.ZERO; t.compareTo(end) < 0; t = t.plus(interval)) {
          Seen seen = onScreen(all, t);
          if (expected.isEmpty() || !expected.get(expected.size() - 1).equals(seen)) {
            expected.add(seen);
          }
        }
        try (FrameStream stream = video.frames(FrameSampling.every(interval), SMALL)) {
          assertThat(Clips.drain(stream)).as("every %s", interval).isEqualTo(expected);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("clips")
  void uniformSamplingTakesTheMiddlesOfEqualParts(String clip) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file(clip))) {
      List<Seen> all = sequential(video);
      long duration = video.info().duration().orElseThrow().toNanos();
      for (int n : List.of(1, 2, 7, 31)) {
        List<Seen> expected = new ArrayList<>();
        for (int i = 0; i < n; i++) {
          expected.add(onScreen(all, Duration.ofNanos((long) ((i + 0.5) * duration / n))));
        }
        try (FrameStream stream = video.frames(FrameSampling.uniform(n), SMALL)) {
          assertThat(Clips.drain(stream)).as("%d frames", n).isEqualTo(expected);
        }
      }
      try (FrameStream stream = video.frames(FrameSampling.uniform(100_000), SMALL)) {
        assertThat(Clips.drain(stream)).isEqualTo(all);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("clips")
  void givenMomentsGiveTheFramesOnScreen(String clip) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file(clip))) {
      List<Seen> all = sequential(video);
      Duration end = video.info().duration().orElseThrow();
      Random random = new Random(23);
      for (int n : List.of(1, 5, 60)) {
        List<Duration> moments = new ArrayList<>();
        for (int i = 0; i < n; i++) {
          moments.add(end.multipliedBy(random.nextInt(1100)).dividedBy(1000));
        }
        List<Seen> expected =
            moments.stream().sorted().map(moment -> onScreen(all, moment)).distinct().toList();
        try (FrameStream stream = video.frames(FrameSampling.at(moments), SMALL)) {
          assertThat(Clips.drain(stream)).as("at %s", moments).isEqualTo(expected);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("clips")
  void aWindowGivesItsFrames(String clip) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file(clip))) {
      List<Seen> all = sequential(video);
      Random random = new Random(11);
      for (int round = 0; round < 12; round++) {
        int from = random.nextInt(all.size() - 10);
        int to = from + 1 + random.nextInt(9);
        Duration start = all.get(from).time().minusNanos(round % 2);
        try (FrameStream stream =
            video.frames(
                start.isNegative() ? Duration.ZERO : start,
                all.get(to).time(),
                FrameSampling.everyFrame(),
                SMALL)) {
          assertThat(Clips.drain(stream)).isEqualTo(all.subList(from, to));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("clips")
  void keyframesAreFramesOfTheVideo(String clip) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file(clip))) {
      List<Seen> all = sequential(video);
      List<Seen> keys;
      try (FrameStream stream = video.frames(FrameSampling.keyframes(), SMALL)) {
        keys = Clips.drain(stream);
        assertThat(stream.damagedFrames()).isZero();
      }
      assertThat(keys).hasSizeGreaterThan(1).isSubsetOf(all);
      assertThat(keys.get(0)).isEqualTo(all.get(0));
      try (FrameStream stream =
          video.frames(FrameSampling.keyframes(Duration.ofMillis(900)), SMALL)) {
        List<Seen> chosen = Clips.drain(stream);
        Duration end = video.info().duration().orElseThrow();
        List<Seen> expected = new ArrayList<>();
        for (Duration t = Duration.ZERO; t.compareTo(end) < 0; t = t.plusMillis(900)) {
          Seen nearest = keys.get(0);
          for (Seen key : keys) {
            if (key.time().minus(t).abs().compareTo(nearest.time().minus(t).abs()) < 0) {
              nearest = key;
            }
          }
          if (!expected.contains(nearest)) {
            expected.add(nearest);
          }
        }
        assertThat(chosen).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("clips")
  void aSingleFrameDoesNotDisturbAPass(String clip) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file(clip))) {
      List<Seen> all = sequential(video);
      try (FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL)) {
        for (int i = 0; i < all.size(); i++) {
          try (Frame frame = stream.next().orElseThrow()) {
            assertThat(Clips.seen(frame)).isEqualTo(all.get(i));
          }
          if (i % 17 == 0) {
            int other = all.size() - 1 - i;
            assertThat(at(video, all.get(other).time())).isEqualTo(all.get(other));
          }
        }
        assertThat(stream.next()).isEmpty();
        assertThat(stream.next()).isEmpty();
      }
    }
  }

  private static Seen onScreen(List<Seen> all, Duration moment) {
    Seen found = all.get(0);
    for (Seen seen : all) {
      if (seen.time().compareTo(moment) <= 0) {
        found = seen;
      }
    }
    return found;
  }
}
