package io.moviechat.bench.harness;

import java.util.List;

/**
 * A straight line through points, by least squares.
 *
 * @param perX what y gains for one x
 * @param error standard error of {@code perX}
 */
public record Slope(double perX, double error) {
  /** The line through at least three points. */
  public static Slope of(List<Double> x, List<Double> y) {
    int n = x.size();
    if (n < 3 || y.size() != n) {
      throw new IllegalArgumentException("a slope needs 3 points or more, there are " + n);
    }
    double meanX = x.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    double meanY = y.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    double xx = 0;
    double xy = 0;
    for (int i = 0; i < n; i++) {
      xx += (x.get(i) - meanX) * (x.get(i) - meanX);
      xy += (x.get(i) - meanX) * (y.get(i) - meanY);
    }
    double slope = xy / xx;
    double residuals = 0;
    for (int i = 0; i < n; i++) {
      double rest = y.get(i) - meanY - slope * (x.get(i) - meanX);
      residuals += rest * rest;
    }
    return new Slope(slope, Math.sqrt(residuals / (n - 2) / xx));
  }
}
