package io.moviechat.ocr;

import static io.moviechat.internal.Checks.require;

import java.time.Duration;

/** How a film is looked through for text. Immutable and thread-safe. */
public final class OcrOptions {
  private static final Duration SHORTEST = Duration.ofMillis(40);

  /** A frame every two seconds, lines of a probability of 0.9 and more. */
  public static final OcrOptions DEFAULT = new OcrOptions(Duration.ofSeconds(2), 0.9);

  private final Duration interval;
  private final double minProbability;

  private OcrOptions(Duration interval, double minProbability) {
    this.interval = interval;
    this.minProbability = minProbability;
  }

  /**
   * The same options with another time between the frames that are read. Text that is shown for
   * less may be missed, and each frame takes a good part of a second.
   *
   * @throws IllegalArgumentException if it is below 40 ms
   */
  public OcrOptions withInterval(Duration newInterval) {
    require(
        newInterval.compareTo(SHORTEST) >= 0,
        "the interval must be 40 ms at least, was %s",
        newInterval);
    return new OcrOptions(newInterval, minProbability);
  }

  /**
   * The same options with another probability that a line must have to count.
   *
   * @param newMinProbability in [0, 1]
   * @throws IllegalArgumentException if it is not
   */
  public OcrOptions withMinProbability(double newMinProbability) {
    require(
        newMinProbability >= 0 && newMinProbability <= 1,
        "a probability is in [0, 1], was %s",
        newMinProbability);
    return new OcrOptions(interval, newMinProbability);
  }

  /** Time between two frames that are read. */
  public Duration interval() {
    return interval;
  }

  /** Lines of a lower probability are left out. */
  public double minProbability() {
    return minProbability;
  }

  @Override
  public String toString() {
    return "OcrOptions[every " + interval + ", from " + minProbability + "]";
  }
}
