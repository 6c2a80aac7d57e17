package io.moviechat.internal;

import java.time.Duration;

/** Durations as nanoseconds, for comparing with {@link System#nanoTime()}. */
public final class Nanos {
  private static final Duration MOST = Duration.ofNanos(Long.MAX_VALUE);

  private Nanos() {}

  /**
   * The duration's nanoseconds, or the nearest {@code long} (292 years): {@code
   * ChronoUnit.FOREVER.getDuration()} is how Java says that something has no end.
   */
  public static long saturated(Duration duration) {
    if (duration.compareTo(MOST) >= 0) {
      return Long.MAX_VALUE;
    }
    return duration.compareTo(MOST.negated()) <= 0 ? -Long.MAX_VALUE : duration.toNanos();
  }

  /** {@code a + b}, or the nearest {@code long}. Neither is negative. */
  public static long saturatedSum(long a, long b) {
    long sum = a + b;
    return sum < 0 ? Long.MAX_VALUE : sum;
  }
}
