package io.moviechat;

/**
 * The distribution of a value over a film so far. A value is judged against those before it and
 * then counts among them, at most {@value #CLIP} deviations from their mean, so that one event does
 * not hide the next. Past {@value #HORIZON} values older ones fade, so that a stream of weeks is
 * judged by its last hour or so. Used by one thread.
 */
final class RunningDistribution {
  /** Values before the first judgement. */
  static final int WARM = 20;

  private static final int HORIZON = 3600;
  private static final double CLIP = 3;

  /** Cosines of a still picture hardly differ: a deviation below this is no measure of anything. */
  private static final double LEAST_DEVIATION = 0.005;

  private long count;
  private double mean;
  private double variance;

  /** The standard score of a value among those before; negative infinity while they are too few. */
  double standing(double value) {
    double deviation = Math.max(LEAST_DEVIATION, Math.sqrt(variance));
    double standing = count < WARM ? Double.NEGATIVE_INFINITY : (value - mean) / deviation;
    double most = CLIP * deviation;
    learn(count < WARM ? value : Math.max(mean - most, Math.min(mean + most, value)));
    return standing;
  }

  private void learn(double value) {
    count++;
    double weight = 1.0 / Math.min(count, HORIZON);
    double difference = value - mean;
    mean += weight * difference;
    variance = (1 - weight) * (variance + weight * difference * difference);
  }
}
