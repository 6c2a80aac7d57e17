package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.Clips.Seen;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * The promise of this module, checked on one file: a frame is what is on screen at a time, exactly,
 * however it is asked for. What is right is what decoding from the beginning gives.
 */
final class EveryWay {
  private final Path file;
  private final VideoOptions options;
  private final FrameFormat format;
  private final Random random;
  private final List<Seen> all;

  /**
   * @param seed of the moments and windows that are asked for
   */
  EveryWay(Path file, VideoOptions options, FrameFormat format, long seed) {
    this.file = file;
    this.options = options.withShortestSegment(Duration.ZERO);
    this.format = format;
    this.random = new Random(seed);
    this.all = byOneDecoder(options);
  }

  /** Decodes from the beginning. All other passes divide the file, however short it is. */
  private List<Seen> byOneDecoder(VideoOptions options) {
    VideoOptions whole = options.withShortestSegment(ChronoUnit.FOREVER.getDuration());
    try (VideoSource video = new FfmpegVideoSourceProvider(whole).open(file)) {
      return frames(video, FrameSampling.everyFrame());
    }
  }

  /** Decodes from the beginning, then asks in every other way. */
  static void check(Path file, VideoOptions options, FrameFormat format, long seed) {
    EveryWay ways = new EveryWay(file, options, format, seed);
    ways.timesGoForwardFromZero();
    ways.aSecondPassIsTheSame();
    ways.singleFrames();
    ways.stepsBackAndForth();
    ways.givenMoments();
    ways.windows();
    ways.intervals();
    ways.uniform();
    ways.fragments();
    ways.keyFrames();
    ways.threads();
    ways.sizes();
  }

  /**
   * Like {@link #check}, in three of the ways, which the seed chooses: for many files.
   *
   * @return the frames of a pass
   */
  static List<Seen> checkSome(Path file, VideoOptions options, FrameFormat format, long seed) {
    EveryWay ways = new EveryWay(file, options, format, seed);
    List<Runnable> each =
        new ArrayList<>(
            List.of(
                ways::aSecondPassIsTheSame,
                ways::singleFrames,
                ways::stepsBackAndForth,
                ways::givenMoments,
                ways::windows,
                ways::intervals,
                ways::uniform,
                ways::fragments,
                ways::keyFrames,
                ways::threads));
    Collections.shuffle(each, ways.random);
    ways.timesGoForwardFromZero();
    each.subList(0, 3).forEach(Runnable::run);
    ways.sizes();
    return ways.all;
  }

  List<Seen> all() {
    return all;
  }

  @MustBeClosed
  private VideoSource open() {
    return new FfmpegVideoSourceProvider(options).open(file);
  }

  private List<Seen> frames(VideoSource video, FrameSampling sampling) {
    try (FrameStream stream = video.frames(sampling, format)) {
      return Clips.drain(stream);
    }
  }

  private Seen at(VideoSource video, Duration moment) {
    try (Frame frame = video.frameAt(moment, format)) {
      return Clips.seen(frame);
    }
  }

  /** The frame on screen at a moment. */
  Seen onScreen(Duration moment) {
    Seen found = all.get(0);
    for (Seen seen : all) {
      if (seen.time().compareTo(moment) <= 0) {
        found = seen;
      }
    }
    return found;
  }

  /** A moment somewhere in the span of a frame: its first, its last, or one between. */
  private Duration momentOf(int index) {
    Duration start = all.get(index).time();
    Duration length =
        index + 1 < all.size()
            ? all.get(index + 1).time().minus(start)
            : Duration.ofMillis(random.nextInt(3) == 0 ? 100_000 : 10);
    return switch (random.nextInt(3)) {
      case 0 -> start;
      case 1 -> start.plus(length).minusNanos(1);
      default -> start.plusNanos((long) (random.nextDouble() * length.toNanos()));
    };
  }

  void timesGoForwardFromZero() {
    assertThat(all).isNotEmpty();
    assertThat(all.get(0).time()).isGreaterThanOrEqualTo(Duration.ZERO);
    for (int i = 1; i < all.size(); i++) {
      assertThat(all.get(i).time()).as("frame %d", i).isGreaterThan(all.get(i - 1).time());
    }
  }

  void aSecondPassIsTheSame() {
    try (VideoSource video = open()) {
      for (String pass : List.of("first", "second", "third")) {
        assertThat(frames(video, FrameSampling.everyFrame())).as("%s pass", pass).isEqualTo(all);
        if (pass.equals("second")) {
          assertThat(at(video, Duration.ZERO)).as("first frame").isEqualTo(all.get(0));
          int late = all.size() - 1;
          assertThat(at(video, all.get(late).time())).as("last frame").isEqualTo(all.get(late));
        }
      }
    }
  }

  void singleFrames() {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      order.add(i);
    }
    Collections.shuffle(order, random);
    try (VideoSource video = open()) {
      for (int i : order.subList(0, Math.min(60, order.size()))) {
        Duration moment = momentOf(i);
        assertThat(at(video, moment)).as("frame %d at %s", i, moment).isEqualTo(all.get(i));
      }
      assertThat(frames(video, FrameSampling.everyFrame())).as("pass after them").isEqualTo(all);
    }
    for (int i : order.subList(0, Math.min(4, order.size()))) {
      Duration moment = momentOf(i);
      try (VideoSource video = open()) {
        assertThat(at(video, moment))
            .as("frame %d first of all, %s", i, moment)
            .isEqualTo(all.get(i));
      }
    }
  }

  void stepsBackAndForth() {
    try (VideoSource video = open()) {
      int place = all.size() / 2;
      for (int step = 0; step < 60; step++) {
        place += step % 20 == 19 ? all.size() / 3 : random.nextInt(15) - 8;
        place = Math.floorMod(place, all.size());
        Duration moment = momentOf(place);
        assertThat(at(video, moment)).as("step %d, %s", step, moment).isEqualTo(all.get(place));
      }
    }
  }

  void givenMoments() {
    for (int count : List.of(1, 4, all.size())) {
      List<Duration> moments = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        moments.add(momentOf(random.nextInt(all.size())));
      }
      List<Seen> expected = moments.stream().sorted().map(this::onScreen).distinct().toList();
      try (VideoSource video = open()) {
        assertThat(frames(video, FrameSampling.at(moments)))
            .as("at %s", moments)
            .isEqualTo(expected);
      }
    }
    try (VideoSource video = open()) {
      List<Duration> every = all.stream().map(Seen::time).toList();
      assertThat(frames(video, FrameSampling.at(every))).as("at every time").isEqualTo(all);
    }
  }

  void windows() {
    try (VideoSource video = open()) {
      for (int round = 0; round < 8; round++) {
        int first = random.nextInt(all.size());
        int end = first + 1 + random.nextInt(Math.min(12, all.size() - first));
        Duration from = all.get(first).time();
        Duration to =
            end < all.size() ? all.get(end).time() : all.get(end - 1).time().plusSeconds(1);
        try (FrameStream stream = video.frames(from, to, FrameSampling.everyFrame(), format)) {
          assertThat(Clips.drain(stream))
              .as("window [%s, %s)", from, to)
              .isEqualTo(all.subList(first, end));
        }
      }
    }
  }

  void intervals() {
    Duration last = all.get(all.size() - 1).time();
    for (int parts : List.of(3, 11)) {
      Duration interval = last.dividedBy(parts).plusNanos(1 + random.nextInt(1_000_000));
      List<Seen> expected = new ArrayList<>();
      for (Duration t = Duration.ZERO; t.compareTo(last) <= 0; t = t.plus(interval)) {
        Seen seen = onScreen(t);
        if (expected.isEmpty() || !expected.get(expected.size() - 1).equals(seen)) {
          expected.add(seen);
        }
      }
      try (VideoSource video = open()) {
        List<Seen> sampled = frames(video, FrameSampling.every(interval));
        // Whether the last frame is still on screen behind its start is the container's word.
        int known = Math.min(expected.size(), sampled.size());
        assertThat(sampled.subList(0, known))
            .as("every %s", interval)
            .isEqualTo(expected.subList(0, known));
        assertThat(Math.abs(sampled.size() - expected.size())).isLessThanOrEqualTo(1);
      }
    }
  }

  void uniform() {
    try (VideoSource video = open()) {
      assertThat(frames(video, FrameSampling.uniform(all.size()))).as("as many").isEqualTo(all);
      assertThat(frames(video, FrameSampling.uniform(3 * all.size() + 5)))
          .as("more than there are")
          .isEqualTo(all);
      int some = 1 + random.nextInt(all.size());
      List<Seen> sampled = frames(video, FrameSampling.uniform(some));
      assertThat(sampled).as("uniform(%d)", some).isNotEmpty().isSubsetOf(all);
      assertThat(sampled).hasSizeLessThanOrEqualTo(some);
    }
  }

  void fragments() {
    try (VideoSource video = open()) {
      // Counted by packets: those that give no picture may take a place.
      assertThat(frames(video, new FrameSampling.Fragments(1, 4 * all.size() + 100)))
          .as("one fragment of all")
          .isEqualTo(all);
      assertThat(frames(video, new FrameSampling.Fragments(3, 4))).isNotEmpty().isSubsetOf(all);
    }
  }

  void keyFrames() {
    try (VideoSource video = open()) {
      assertThat(frames(video, FrameSampling.keyframes())).as("key").isNotEmpty().isSubsetOf(all);
      Duration interval = Duration.ofMillis(1 + random.nextInt(900));
      assertThat(frames(video, FrameSampling.keyframes(interval)))
          .as("near every %s", interval)
          .isNotEmpty()
          .isSubsetOf(all);
      Duration from = all.get(random.nextInt(all.size())).time();
      try (FrameStream stream =
          video.frames(from, from.plusSeconds(1), FrameSampling.keyframes(), format)) {
        for (Seen seen : keysOrNone(stream)) {
          assertThat(seen.time()).isGreaterThanOrEqualTo(from);
          assertThat(all).contains(seen);
        }
      }
    }
  }

  /** A window may lie between two key frames. */
  private static List<Seen> keysOrNone(FrameStream stream) {
    try {
      return Clips.drain(stream);
    } catch (VideoException none) {
      return List.of();
    }
  }

  void threads() {
    for (int threads : List.of(1, 3)) {
      try (VideoSource video =
          new FfmpegVideoSourceProvider(options.withThreads(threads)).open(file)) {
        assertThat(frames(video, FrameSampling.everyFrame()))
            .as("%d threads", threads)
            .isEqualTo(all);
        List<Duration> every = all.stream().map(Seen::time).toList();
        assertThat(frames(video, FrameSampling.at(every))).as("%d threads", threads).isEqualTo(all);
      }
    }
  }

  void sizes() {
    try (VideoSource video = open();
        Frame frame = video.frameAt(Duration.ZERO, FrameFormat.ORIGINAL)) {
      assertThat(List.of(video.info().width(), video.info().height()))
          .as("size in info")
          .isEqualTo(List.of(frame.width(), frame.height()));
    }
  }
}
