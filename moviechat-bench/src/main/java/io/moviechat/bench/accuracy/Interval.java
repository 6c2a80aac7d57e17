package io.moviechat.bench.accuracy;

import java.util.Locale;

/**
 * How sure a share of right answers is: the 95 % interval of Wilson (1927), which is right for few
 * answers and near 0 and 100 % too.
 *
 * @param right of all
 * @param all answers
 */
record Interval(int right, int all) {
  private static final double Z = 1.959964;

  double percent() {
    return all == 0 ? Double.NaN : 100.0 * right / all;
  }

  double low() {
    return bound(-1);
  }

  double high() {
    return bound(1);
  }

  private double bound(int side) {
    if (all == 0) {
      return Double.NaN;
    }
    double p = (double) right / all;
    double z2 = Z * Z / all;
    double middle = p + z2 / 2;
    double half = Z * Math.sqrt((p * (1 - p) + z2 / 4) / all);
    return Math.min(100, Math.max(0, 100 * (middle + side * half) / (1 + z2)));
  }

  @Override
  public String toString() {
    return all == 0
        ? ""
        : String.format(Locale.ROOT, "%.0f (%.0f to %.0f)", percent(), low(), high());
  }
}
