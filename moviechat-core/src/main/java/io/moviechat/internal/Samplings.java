package io.moviechat.internal;

import static io.moviechat.internal.Checks.require;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSource.Times;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * The one place where a sampling becomes calls of a video source: frames of a part, frames at
 * moments, key frames, and what the source knows of its times.
 */
public final class Samplings {
  /** More moments of a pass are not listed in advance: 100,000 seconds are 27 hours. */
  private static final int MAX_PLANNED = 100_000;

  /** A few frames more than are wanted may be none: packets without a picture. */
  private static final int MANY_FRAMES = 64;

  private static final FrameFormat SMALLEST =
      FrameFormat.stretch(16, 16, FrameFormat.Resampling.BILINEAR);

  private Samplings() {}

  /**
   * Starts a pass over a part of a video.
   *
   * @throws IllegalArgumentException if the part is empty or begins before zero
   * @throws VideoException if the source lacks what the sampling needs
   */
  public static FrameStream frames(
      VideoSource source, Duration from, Duration to, FrameSampling sampling, FrameFormat format) {
    requirePart(from, to);
    if (sampling instanceof FrameSampling.EveryFrame) {
      return source.frames(from, to, format);
    }
    if (sampling instanceof FrameSampling.EveryInterval every) {
      return every(source, from, to, every.interval(), format);
    }
    if (sampling instanceof FrameSampling.Uniform uniform) {
      return uniform(source, from, to, uniform.frames(), format);
    }
    if (sampling instanceof FrameSampling.Fragments fragments) {
      return fragments(source, from, to, fragments, format);
    }
    if (sampling instanceof FrameSampling.Keyframes keyframes) {
      return source.keyframes(from, to, keyframes.interval(), format);
    }
    if (sampling instanceof FrameSampling.At at) {
      return source.at(
          at.moments().stream()
              .filter(moment -> moment.compareTo(from) >= 0 && moment.compareTo(to) < 0)
              .toList(),
          format);
    }
    if (sampling instanceof FrameSampling.SceneChanges changes) {
      return new SceneChangeStream(
          source.frames(from, to, format), changes.threshold(), changes.longestGap());
    }
    throw new IllegalArgumentException("unknown sampling " + sampling);
  }

  /**
   * @throws IllegalArgumentException if a part of a video is empty or begins before zero
   */
  public static void requirePart(Duration from, Duration to) {
    require(
        !from.isNegative() && to.compareTo(from) > 0,
        "a window of a video must not be empty or negative, was [%s, %s)",
        from,
        to);
  }

  private static FrameStream every(
      VideoSource source, Duration from, Duration to, Duration interval, FrameFormat format) {
    Optional<Duration> length = source.length();
    Duration end = length.isPresent() && length.get().compareTo(to) < 0 ? length.get() : to;
    boolean planned =
        length.isPresent()
            && end.compareTo(from) > 0
            && end.minus(from).dividedBy(interval) < MAX_PLANNED;
    if (!planned) {
      return new OnScreenStream(source.frames(from, to, format), from, interval);
    }
    long count = end.minus(from).minusNanos(1).dividedBy(interval) + 1;
    return source.at(
        LongStream.range(0, count)
            .mapToObj(number -> from.plus(interval.multipliedBy(number)))
            .toList(),
        format);
  }

  private static FrameStream uniform(
      VideoSource source, Duration from, Duration to, int frames, FrameFormat format) {
    Optional<Times> times = source.times(2L * frames + MANY_FRAMES);
    Optional<Duration> length = source.length();
    if (times.isEmpty() && length.isEmpty()) {
      times = Optional.of(decodedTimes(source));
    }
    if (times.isPresent() && inPart(times.get(), from, to).length <= frames) {
      return source.frames(from, to, format);
    }
    long start = Nanos.saturated(from);
    long whole = length.isPresent() ? Nanos.saturated(length.get()) : times.orElseThrow().end();
    double part = (double) (Math.min(Nanos.saturated(to), whole) - start) / frames;
    return source.at(
        LongStream.range(0, frames)
            .map(number -> Math.max(0, start + (long) ((number + 0.5) * part)))
            .mapToObj(Duration::ofNanos)
            .toList(),
        format);
  }

  private static FrameStream fragments(
      VideoSource source,
      Duration from,
      Duration to,
      FrameSampling.Fragments fragments,
      FrameFormat format) {
    Times all = source.times(Long.MAX_VALUE).orElseGet(() -> decodedTimes(source));
    long[] times = inPart(all, from, to);
    long start = Nanos.saturated(from);
    long whole = source.length().map(Nanos::saturated).orElse(all.end());
    long last = times.length == 0 ? start : times[times.length - 1] + 1;
    long end = Math.max(last, Math.min(Nanos.saturated(to), whole));
    long[] moments =
        FragmentSampling.moments(
            times, start, end, fragments.fragments(), fragments.framesPerFragment());
    return source.at(LongStream.of(moments).mapToObj(Duration::ofNanos).toList(), format);
  }

  private static Times decodedTimes(VideoSource source) {
    LongStream.Builder times = LongStream.builder();
    long last = 0;
    long previous = 0;
    try (FrameStream stream = source.frames(Duration.ZERO, VideoSource.END, SMALLEST)) {
      for (Optional<Frame> next = stream.next(); next.isPresent(); next = stream.next()) {
        try (Frame frame = next.get()) {
          previous = last;
          last = Nanos.saturated(frame.timestamp());
          times.add(last);
        }
      }
    }
    return Times.of(times.build().toArray(), last + Math.max(1, last - previous));
  }

  private static long[] inPart(Times times, Duration from, Duration to) {
    long start = Nanos.saturated(from);
    long end = Nanos.saturated(to);
    return Arrays.stream(times.nanos()).filter(time -> time >= start && time < end).toArray();
  }

  /**
   * The times of the frames of a pass over the whole video, if the source knows them without
   * decoding. Damage shows only in decoding, so whoever relies on this looks at the times of the
   * frames that come.
   *
   * @return nanoseconds, ascending; empty if they are not known, or the sampling looks at more than
   *     times
   */
  public static Optional<long[]> times(VideoSource source, FrameSampling sampling) {
    boolean byTimes =
        sampling instanceof FrameSampling.EveryFrame
            || sampling instanceof FrameSampling.EveryInterval
            || sampling instanceof FrameSampling.At;
    return byTimes ? source.times(0).flatMap(times -> chosen(sampling, times)) : Optional.empty();
  }

  private static Optional<long[]> chosen(FrameSampling sampling, Times of) {
    long[] times = of.nanos();
    if (times.length == 0 || times[0] < 0) {
      return Optional.empty();
    }
    for (int i = 1; i < times.length; i++) {
      if (times[i] <= times[i - 1]) { // times that decoding repairs
        return Optional.empty();
      }
    }
    if (sampling instanceof FrameSampling.EveryInterval every) {
      long interval = Nanos.saturated(every.interval());
      long moments = (of.end() - 1) / interval + 1;
      return Optional.of(
          onScreen(times, LongStream.range(0, moments).map(number -> number * interval)));
    }
    if (sampling instanceof FrameSampling.At at) {
      return Optional.of(onScreen(times, at.moments().stream().mapToLong(Nanos::saturated)));
    }
    return Optional.of(times);
  }

  private static long[] onScreen(long[] times, LongStream moments) {
    return moments.map(moment -> onScreen(times, moment)).distinct().toArray();
  }

  private static long onScreen(long[] times, long moment) {
    int found = Arrays.binarySearch(times, moment);
    return found >= 0 ? moment : times[Math.max(0, -found - 2)];
  }

  /** A single frame, by a pass of its own. */
  public static Frame frameAt(VideoSource source, Duration moment, FrameFormat format) {
    require(!moment.isNegative(), "a moment of a video is not negative, was %s", moment);
    try (FrameStream stream = source.at(List.of(moment), format)) {
      return stream
          .next()
          .orElseThrow(
              () ->
                  new VideoException(
                      "no frame of " + source.info().location() + " is on screen at " + moment));
    }
  }
}
