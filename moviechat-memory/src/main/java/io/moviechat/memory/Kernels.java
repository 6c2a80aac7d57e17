package io.moviechat.memory;

/**
 * Loops over arrays in a shape that the JIT compiles well: over whole arrays from index 0, at most
 * five of them, results elementwise. A float sum may not be reordered by the JIT, so sums keep
 * several partial sums, which is also more exact than one.
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

  /** {@code sum += x + y + z + w}: reads and writes the sum once for four. */
  static void add(float[] sum, float[] x, float[] y, float[] z, float[] w) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += (x[i] + y[i]) + (z[i] + w[i]);
    }
  }

  /** {@code p = x * y}, elementwise; p may be longer. */
  static void multiply(float[] p, float[] x, float[] y) {
    for (int i = 0; i < x.length; i++) {
      p[i] = x[i] * y[i];
    }
  }

  /** {@code p = x * y + u * v}, elementwise. */
  static void multiply(float[] p, float[] x, float[] y, float[] u, float[] v) {
    for (int i = 0; i < x.length; i++) {
      p[i] = x[i] * y[i] + u[i] * v[i];
    }
  }

  /** {@code p += x * y + u * v}, elementwise. */
  static void addProducts(float[] p, float[] x, float[] y, float[] u, float[] v) {
    for (int i = 0; i < x.length; i++) {
      p[i] += x[i] * y[i] + u[i] * v[i];
    }
  }

  /** {@code p += a * x * y}, elementwise. */
  static void addScaledProducts(float[] p, float[] x, float[] y, float a) {
    for (int i = 0; i < x.length; i++) {
      p[i] += a * (x[i] * y[i]);
    }
  }

  /** Columns of a matrix that {@link #quarter} can be used with. */
  static final int FOLDED = 128;

  /**
   * Adds up the four quarters of every row of a matrix with {@value #FOLDED} columns: the sums
   * stand in the first quarter of the same row of {@code folded}. Its other quarters hold sums
   * across rows, which nobody wants: skipping them would cost more than the vector code that makes
   * them.
   *
   * @param length of the matrix; both arrays may be longer
   */
  static void quarter(float[] folded, float[] x, int length) {
    for (int i = 0; i < length - 96; i++) {
      folded[i] = (x[i] + x[i + 32]) + (x[i + 64] + x[i + 96]);
    }
  }

  /**
   * Adds to {@code sums[from + j]} the sum of the first columns of row j of a matrix.
   *
   * @param stride columns that a row has
   * @param width columns to add up
   */
  static void addSums(float[] x, int stride, int width, double[] sums, int from, int rows) {
    for (int row = from; row < from + rows; row++) {
      int i = (row - from) * stride;
      float s0 = 0;
      float s1 = 0;
      float s2 = 0;
      float s3 = 0;
      float s4 = 0;
      float s5 = 0;
      float s6 = 0;
      float s7 = 0;
      int end = i + width;
      for (; i < end - 7; i += 8) {
        s0 += x[i];
        s1 += x[i + 1];
        s2 += x[i + 2];
        s3 += x[i + 3];
        s4 += x[i + 4];
        s5 += x[i + 5];
        s6 += x[i + 6];
        s7 += x[i + 7];
      }
      for (; i < end; i++) {
        s0 += x[i];
      }
      sums[row] +=
          ((double) s0 + s1) + ((double) s2 + s3) + (((double) s4 + s5) + ((double) s6 + s7));
    }
  }

  /** Sum of all elements. */
  static double sum(float[] x) {
    double[] sum = new double[1];
    addSums(x, x.length, x.length, sum, 0, 1);
    return sum[0];
  }

  /** Inner product of {@code length} elements from {@code offset} on, in double arithmetic. */
  static double dot(float[] x, float[] y, int offset, int length) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = offset;
    int end = offset + length;
    for (; i < end - 3; i += 4) {
      s0 += (double) x[i] * y[i];
      s1 += (double) x[i + 1] * y[i + 1];
      s2 += (double) x[i + 2] * y[i + 2];
      s3 += (double) x[i + 3] * y[i + 3];
    }
    for (; i < end; i++) {
      s0 += (double) x[i] * y[i];
    }
    return (s0 + s1) + (s2 + s3);
  }

  /** Inner product of whole vectors in double arithmetic. */
  static double dot(float[] x, float[] y) {
    return dot(x, y, 0, x.length);
  }

  /** Squared distance of whole vectors in double arithmetic. */
  static double squaredDistance(float[] x, float[] y) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i < x.length - 3; i += 4) {
      double d0 = (double) x[i] - y[i];
      double d1 = (double) x[i + 1] - y[i + 1];
      double d2 = (double) x[i + 2] - y[i + 2];
      double d3 = (double) x[i + 3] - y[i + 3];
      s0 += d0 * d0;
      s1 += d1 * d1;
      s2 += d2 * d2;
      s3 += d3 * d3;
    }
    for (; i < x.length; i++) {
      double difference = (double) x[i] - y[i];
      s0 += difference * difference;
    }
    return (s0 + s1) + (s2 + s3);
  }

  /** Cosine of whole vectors; 0 if one of them is zero. */
  static double cosine(float[] x, float[] y) {
    double scale = Math.sqrt(dot(x, x)) * Math.sqrt(dot(y, y));
    return scale > 0 ? dot(x, y) / scale : 0;
  }
}
