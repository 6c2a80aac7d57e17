package io.moviechat.video;

import io.moviechat.internal.Nanos;
import java.time.Duration;

/**
 * The part of the video that a pass covers, in nanoseconds.
 *
 * @param from first moment
 * @param to first moment after it, {@link Long#MAX_VALUE} for the end of the video
 */
record Window(long from, long to) {
  static final Window WHOLE = new Window(0, Long.MAX_VALUE);

  /** What a pass covers for which no frame is wanted. */
  static final Window NOTHING = new Window(0, 0);

  static Window of(Duration from, Duration to) {
    return new Window(Nanos.saturated(from), Nanos.saturated(to));
  }
}
