package io.moviechat.video;

import java.time.Duration;

/**
 * The part of the video that a pass covers, in nanoseconds.
 *
 * @param from first moment
 * @param to first moment after it, {@link Long#MAX_VALUE} for the end of the video
 */
record Window(long from, long to) {
  static final Window WHOLE = new Window(0, Long.MAX_VALUE);

  static Window of(Duration from, Duration to) {
    return new Window(saturated(from), saturated(to));
  }

  static long saturated(Duration time) {
    return time.compareTo(Duration.ofNanos(Long.MAX_VALUE)) >= 0 ? Long.MAX_VALUE : time.toNanos();
  }
}
