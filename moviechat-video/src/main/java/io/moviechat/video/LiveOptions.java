package io.moviechat.video;

import java.time.Duration;
import java.util.Objects;

/**
 * How a live video is followed. A value: start from {@link #DEFAULT}.
 *
 * @param queueFrames frames that wait at most; when one more comes, the oldest is dropped and
 *     counted
 * @param reconnectFor how long to try again after the video broke off; zero to end at once
 * @param growthPatience how long a growing file may stand still before it counts as finished
 */
public record LiveOptions(int queueFrames, Duration reconnectFor, Duration growthPatience) {
  /** 32 frames wait; 30 s of trying again; 5 s without growth end a file. */
  public static final LiveOptions DEFAULT =
      new LiveOptions(32, Duration.ofSeconds(30), Duration.ofSeconds(5));

  /**
   * @throws IllegalArgumentException if a component is out of its range
   */
  public LiveOptions {
    Objects.requireNonNull(reconnectFor, "reconnectFor");
    Objects.requireNonNull(growthPatience, "growthPatience");
    if (queueFrames < 1 || queueFrames > 256) {
      throw new IllegalArgumentException("queueFrames must be 1 to 256, was " + queueFrames);
    }
    if (reconnectFor.isNegative() || growthPatience.isNegative()) {
      throw new IllegalArgumentException(
          "durations must not be negative, were " + reconnectFor + " and " + growthPatience);
    }
  }
}
