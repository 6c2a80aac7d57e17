package io.moviechat.bench.harness;

import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** How figures are written for people: three digits, binary units for bytes. */
public final class Format {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  private Format() {}

  /** Three significant digits, or all digits before the point. */
  public static String number(double value) {
    if (!Double.isFinite(value)) {
      return "unknown";
    }
    double size = Math.abs(value);
    String pattern = size >= 1000 ? "%,.0f" : size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f";
    if (size > 0 && size < 0.1) {
      pattern = "%.2g";
    }
    return String.format(Locale.ROOT, pattern, value);
  }

  /** Bytes with a unit. */
  public static String bytes(double bytes) {
    if (!Double.isFinite(bytes)) {
      return "unknown";
    }
    double value = bytes;
    int unit = 0;
    while (Math.abs(value) >= 1024 && unit + 1 < UNITS.length) {
      value /= 1024;
      unit++;
    }
    return number(value) + " " + UNITS[unit];
  }

  /** A name of an enum as words. */
  public static String words(String constant) {
    return constant.toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** A count with thousands separated. */
  public static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /** The median, with lowest and highest if there are several. */
  public static String spread(List<Double> values) {
    String median = number(Measure.median(values));
    return values.size() < 2
        ? median
        : median
            + " ("
            + number(Collections.min(values))
            + " to "
            + number(Collections.max(values))
            + ")";
  }
}
