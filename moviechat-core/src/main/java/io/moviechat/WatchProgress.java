package io.moviechat;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How far watching has come.
 *
 * @param frames frames in memory so far
 * @param position time of the latest of them
 * @param duration length of the video where it is known
 */
public record WatchProgress(long frames, Duration position, Optional<Duration> duration) {
  /** Share of the video that was watched, in [0, 1]; empty if its length is unknown. */
  public OptionalDouble fraction() {
    if (duration.isEmpty() || duration.get().isZero()) {
      return OptionalDouble.empty();
    }
    double fraction = (double) position.toMillis() / Math.max(1, duration.get().toMillis());
    return OptionalDouble.of(Math.min(1, fraction));
  }
}
