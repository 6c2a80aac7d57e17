package io.moviechat.llm;

/**
 * The power spectrum of real values whose count is twice a product of 2, 4 and 5. Not thread-safe.
 *
 * <p>The real values are read as half as many complex ones (Press et al., "Numerical Recipes",
 * section 12.3), whose transform is Stockham's: each stage of radix r reads one buffer and writes
 * the other in order, so that nothing has to be permuted.
 */
final class RealFourier {
  private final int half;
  private final int[] radices;
  private final double[][] cos;
  private final double[][] sin;
  private final double[] lastCos;
  private final double[] lastSin;
  private double[] re;
  private double[] im;
  private double[] otherRe;
  private double[] otherIm;

  /**
   * @param size of what is transformed
   * @throws IllegalArgumentException if it is no such product
   */
  RealFourier(int size) {
    half = size / 2;
    radices = radices(half);
    cos = new double[radices.length][];
    sin = new double[radices.length][];
    int rest = half;
    for (int stage = 0; stage < radices.length; stage++) {
      int radix = radices[stage];
      int parts = rest / radix;
      cos[stage] = new double[parts * radix];
      sin[stage] = new double[parts * radix];
      for (int p = 0; p < parts; p++) {
        for (int k = 0; k < radix; k++) {
          double angle = -2 * Math.PI * p * k / rest;
          cos[stage][p * radix + k] = Math.cos(angle);
          sin[stage][p * radix + k] = Math.sin(angle);
        }
      }
      rest = parts;
    }
    lastCos = new double[half + 1];
    lastSin = new double[half + 1];
    for (int k = 0; k <= half; k++) {
      lastCos[k] = Math.cos(-2 * Math.PI * k / size);
      lastSin[k] = Math.sin(-2 * Math.PI * k / size);
    }
    re = new double[half];
    im = new double[half];
    otherRe = new double[half];
    otherIm = new double[half];
  }

  private static int[] radices(int size) {
    int[] found = new int[32];
    int count = 0;
    int rest = size;
    for (int radix : new int[] {5, 4, 2}) {
      while (rest % radix == 0) {
        found[count++] = radix;
        rest /= radix;
      }
    }
    if (rest != 1) {
      throw new IllegalArgumentException(size + " is no product of 2, 4 and 5");
    }
    return java.util.Arrays.copyOf(found, count);
  }

  /**
   * Squares of the absolute values.
   *
   * @param values as many as the size, unchanged
   * @param power gets one value more than half as many
   */
  void power(double[] values, double[] power) {
    for (int i = 0; i < half; i++) {
      re[i] = values[2 * i];
      im[i] = values[2 * i + 1];
    }
    int rest = half;
    int stride = 1;
    for (int stage = 0; stage < radices.length; stage++) {
      int radix = radices[stage];
      int parts = rest / radix;
      switch (radix) {
        case 5 -> five(parts, stride, cos[stage], sin[stage]);
        case 4 -> four(parts, stride, cos[stage], sin[stage]);
        default -> two(parts, stride, cos[stage], sin[stage]);
      }
      double[] swap = re;
      re = otherRe;
      otherRe = swap;
      swap = im;
      im = otherIm;
      otherIm = swap;
      rest = parts;
      stride *= radix;
    }
    for (int k = 0; k <= half; k++) {
      int a = k == half ? 0 : k;
      int b = k == 0 ? 0 : half - k;
      double evenRe = (re[a] + re[b]) / 2;
      double evenIm = (im[a] - im[b]) / 2;
      double oddRe = (im[a] + im[b]) / 2;
      double oddIm = (re[b] - re[a]) / 2;
      double sumRe = evenRe + oddRe * lastCos[k] - oddIm * lastSin[k];
      double sumIm = evenIm + oddRe * lastSin[k] + oddIm * lastCos[k];
      power[k] = sumRe * sumRe + sumIm * sumIm;
    }
  }

  private void put(int at, double valueRe, double valueIm, double c, double s) {
    otherRe[at] = valueRe * c - valueIm * s;
    otherIm[at] = valueRe * s + valueIm * c;
  }

  private void two(int parts, int stride, double[] c, double[] s) {
    for (int p = 0; p < parts; p++) {
      for (int q = 0; q < stride; q++) {
        int a = q + stride * p;
        int b = a + stride * parts;
        int to = q + stride * 2 * p;
        put(to, re[a] + re[b], im[a] + im[b], 1, 0);
        put(to + stride, re[a] - re[b], im[a] - im[b], c[2 * p + 1], s[2 * p + 1]);
      }
    }
  }

  private void four(int parts, int stride, double[] c, double[] s) {
    int far = stride * parts;
    for (int p = 0; p < parts; p++) {
      for (int q = 0; q < stride; q++) {
        int a = q + stride * p;
        double sumRe = re[a] + re[a + 2 * far];
        double sumIm = im[a] + im[a + 2 * far];
        double differenceRe = re[a] - re[a + 2 * far];
        double differenceIm = im[a] - im[a + 2 * far];
        double otherSumRe = re[a + far] + re[a + 3 * far];
        double otherSumIm = im[a + far] + im[a + 3 * far];
        double otherDifferenceRe = re[a + far] - re[a + 3 * far];
        double otherDifferenceIm = im[a + far] - im[a + 3 * far];
        int to = q + stride * 4 * p;
        int w = 4 * p;
        put(to, sumRe + otherSumRe, sumIm + otherSumIm, 1, 0);
        put(
            to + stride,
            differenceRe + otherDifferenceIm,
            differenceIm - otherDifferenceRe,
            c[w + 1],
            s[w + 1]);
        put(to + 2 * stride, sumRe - otherSumRe, sumIm - otherSumIm, c[w + 2], s[w + 2]);
        put(
            to + 3 * stride,
            differenceRe - otherDifferenceIm,
            differenceIm + otherDifferenceRe,
            c[w + 3],
            s[w + 3]);
      }
    }
  }

  private static final double COS_1 = Math.cos(2 * Math.PI / 5);
  private static final double COS_2 = Math.cos(4 * Math.PI / 5);
  private static final double SIN_1 = Math.sin(2 * Math.PI / 5);
  private static final double SIN_2 = Math.sin(4 * Math.PI / 5);

  private void five(int parts, int stride, double[] c, double[] s) {
    int far = stride * parts;
    for (int p = 0; p < parts; p++) {
      for (int q = 0; q < stride; q++) {
        int a = q + stride * p;
        double sum1Re = re[a + far] + re[a + 4 * far];
        double sum1Im = im[a + far] + im[a + 4 * far];
        double difference1Re = re[a + far] - re[a + 4 * far];
        double difference1Im = im[a + far] - im[a + 4 * far];
        double sum2Re = re[a + 2 * far] + re[a + 3 * far];
        double sum2Im = im[a + 2 * far] + im[a + 3 * far];
        double difference2Re = re[a + 2 * far] - re[a + 3 * far];
        double difference2Im = im[a + 2 * far] - im[a + 3 * far];
        double even1Re = re[a] + COS_1 * sum1Re + COS_2 * sum2Re;
        double even1Im = im[a] + COS_1 * sum1Im + COS_2 * sum2Im;
        double even2Re = re[a] + COS_2 * sum1Re + COS_1 * sum2Re;
        double even2Im = im[a] + COS_2 * sum1Im + COS_1 * sum2Im;
        double odd1Re = SIN_1 * difference1Re + SIN_2 * difference2Re;
        double odd1Im = SIN_1 * difference1Im + SIN_2 * difference2Im;
        double odd2Re = SIN_2 * difference1Re - SIN_1 * difference2Re;
        double odd2Im = SIN_2 * difference1Im - SIN_1 * difference2Im;
        int to = q + stride * 5 * p;
        int w = 5 * p;
        put(to, re[a] + sum1Re + sum2Re, im[a] + sum1Im + sum2Im, 1, 0);
        put(to + stride, even1Re + odd1Im, even1Im - odd1Re, c[w + 1], s[w + 1]);
        put(to + 2 * stride, even2Re + odd2Im, even2Im - odd2Re, c[w + 2], s[w + 2]);
        put(to + 3 * stride, even2Re - odd2Im, even2Im + odd2Re, c[w + 3], s[w + 3]);
        put(to + 4 * stride, even1Re - odd1Im, even1Im + odd1Re, c[w + 4], s[w + 4]);
      }
    }
  }
}
