package io.moviechat.video;

import io.moviechat.FrameSampling;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.LongStream;

/** Which of a video's pictures a sampling takes, told from their times. */
final class FrameTimes {
  private FrameTimes() {}

  /**
   * The times of the frames of a pass over the whole video.
   *
   * @param times of all pictures in nanoseconds, ascending
   * @param end when the last picture leaves the screen
   * @return empty if the sampling looks at more than times, or the times are not those of pictures
   */
  static Optional<long[]> of(FrameSampling sampling, long[] times, long end) {
    if (times.length == 0 || times[0] < 0) {
      return Optional.empty();
    }
    for (int i = 1; i < times.length; i++) {
      if (times[i] <= times[i - 1]) { // fields, or times that decoding repairs
        return Optional.empty();
      }
    }
    if (sampling instanceof FrameSampling.EveryFrame) {
      return Optional.of(times);
    }
    if (sampling instanceof FrameSampling.EveryInterval every) {
      long interval = every.interval().toNanos();
      long moments = (end - 1) / interval + 1;
      return Optional.of(
          onScreen(times, LongStream.range(0, moments).map(number -> number * interval)));
    }
    if (sampling instanceof FrameSampling.At at) {
      return Optional.of(onScreen(times, at.moments().stream().mapToLong(Window::saturated)));
    }
    return Optional.empty();
  }

  private static long[] onScreen(long[] times, LongStream moments) {
    return moments.map(moment -> onScreen(times, moment)).distinct().toArray();
  }

  private static long onScreen(long[] times, long moment) {
    int found = Arrays.binarySearch(times, moment);
    return found >= 0 ? moment : times[Math.max(0, -found - 2)];
  }
}
