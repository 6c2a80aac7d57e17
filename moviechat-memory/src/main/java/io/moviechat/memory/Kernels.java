package io.moviechat.memory;

/**
 * Loops over arrays in a shape that the JIT compiles well. Those without a sum become vector code
 * by themselves; a float sum may not be reordered by the JIT, so {@link #dot} keeps eight partial
 * sums, which is also more exact than one.
 */
final class Kernels {
  private Kernels() {}

  /** {@code x = a * x + b * y}. */
  static void blend(float[] x, float a, float[] y, float b) {
    for (int i = 0; i < x.length; i++) {
      x[i] = a * x[i] + b * y[i];
    }
  }

  /** {@code x += b * y}. */
  static void addScaled(float[] x, float[] y, float b) {
    for (int i = 0; i < x.length; i++) {
      x[i] += b * y[i];
    }
  }

  /** {@code x += a * p + b * q + c * r}: reads and writes x once for three. */
  static void addScaled(float[] x, float[] p, float a, float[] q, float b, float[] r, float c) {
    for (int i = 0; i < x.length; i++) {
      x[i] += a * p[i] + (b * q[i] + c * r[i]);
    }
  }

  /** {@code x *= a}. */
  static void scale(float[] x, float a) {
    for (int i = 0; i < x.length; i++) {
      x[i] *= a;
    }
  }

  /** {@code sum += x}. */
  static void add(float[] sum, float[] x) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += x[i];
    }
  }

  /**
   * Inner product of {@code length} elements from {@code offset} on. Falls back to double
   * arithmetic where float would overflow or lose everything.
   */
  static double dot(float[] x, float[] y, int offset, int length) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    float s4 = 0;
    float s5 = 0;
    float s6 = 0;
    float s7 = 0;
    int i = offset;
    int end = offset + length;
    for (; i < end - 7; i += 8) {
      s0 += x[i] * y[i];
      s1 += x[i + 1] * y[i + 1];
      s2 += x[i + 2] * y[i + 2];
      s3 += x[i + 3] * y[i + 3];
      s4 += x[i + 4] * y[i + 4];
      s5 += x[i + 5] * y[i + 5];
      s6 += x[i + 6] * y[i + 6];
      s7 += x[i + 7] * y[i + 7];
    }
    for (; i < end; i++) {
      s0 += x[i] * y[i];
    }
    double sum =
        ((double) s0 + s1) + ((double) s2 + s3) + (((double) s4 + s5) + ((double) s6 + s7));
    double magnitude = Math.abs(sum);
    return magnitude < 1e30 && magnitude > 1e-20 ? sum : exactDot(x, y, offset, length);
  }

  /** The same in double arithmetic. */
  static double exactDot(float[] x, float[] y, int offset, int length) {
    double sum = 0;
    for (int i = offset; i < offset + length; i++) {
      sum += (double) x[i] * y[i];
    }
    return sum;
  }

  /** Inner product of whole vectors in double arithmetic. */
  static double dot(float[] x, float[] y) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i < x.length - 3; i += 4) {
      s0 += (double) x[i] * y[i];
      s1 += (double) x[i + 1] * y[i + 1];
      s2 += (double) x[i + 2] * y[i + 2];
      s3 += (double) x[i + 3] * y[i + 3];
    }
    for (; i < x.length; i++) {
      s0 += (double) x[i] * y[i];
    }
    return (s0 + s1) + (s2 + s3);
  }

  /** Cosine of whole vectors; 0 if one of them is zero. */
  static double cosine(float[] x, float[] y) {
    double scale = Math.sqrt(dot(x, x)) * Math.sqrt(dot(y, y));
    return scale > 0 ? dot(x, y) / scale : 0;
  }
}
