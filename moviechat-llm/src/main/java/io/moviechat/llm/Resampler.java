package io.moviechat.llm;

/**
 * Scales 8-bit RGB pictures exactly as Pillow does (libImaging/Resample.c): separable kernels that
 * widen when a picture shrinks, weights in 22-bit fixed point, bytes between the two passes. Models
 * were trained on pictures scaled that way, so the result is equal bit for bit.
 *
 * <p>Per axis, with scale = in / out and wide = max(scale, 1): output o has its centre at {@code c
 * = (o + 0.5) * scale}, takes the inputs from {@code max(0, int(c - support * wide + 0.5))} to
 * before {@code min(in, int(c + support * wide + 0.5))}, input x with the weight {@code kernel((x -
 * c + 0.5) / wide)}, normalised to the sum 1.
 */
enum Resampler {
  BILINEAR(1) {
    @Override
    double kernel(double x) {
      double d = Math.abs(x);
      return d < 1 ? 1 - d : 0;
    }
  },
  /** The cubic kernel with a = -0.5. */
  BICUBIC(2) {
    @Override
    double kernel(double x) {
      double a = -0.5;
      double d = Math.abs(x);
      if (d < 1) {
        return ((a + 2) * d - (a + 3)) * d * d + 1;
      }
      return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
    }
  },
  LANCZOS(3) {
    @Override
    double kernel(double x) {
      return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0;
    }

    private double sinc(double x) {
      if (x == 0) {
        return 1;
      }
      double y = x * Math.PI;
      return Math.sin(y) / y;
    }
  },
  BOX(0.5) {
    @Override
    double kernel(double x) {
      return x > -0.5 && x <= 0.5 ? 1 : 0;
    }
  },
  HAMMING(1) {
    @Override
    double kernel(double x) {
      double d = Math.abs(x);
      if (d == 0) {
        return 1;
      }
      if (d >= 1) {
        return 0;
      }
      double y = d * Math.PI;
      return Math.sin(y) / y * (0.54 + 0.46 * Math.cos(y));
    }
  };

  private static final int PRECISION = 22;

  private final double support;

  Resampler(double support) {
    this.support = support;
  }

  abstract double kernel(double x);

  /**
   * Scales a picture.
   *
   * @param rgb packed RGB, {@code 3 * width * height} bytes
   * @return packed RGB of the new size; the argument itself if the size is the same
   */
  byte[] resize(byte[] rgb, int width, int height, int newWidth, int newHeight) {
    byte[] across = newWidth == width ? rgb : across(rgb, width, height, newWidth);
    return newHeight == height ? across : down(across, newWidth, height, newHeight);
  }

  private byte[] across(byte[] in, int width, int height, int newWidth) {
    Weights weights = weights(width, newWidth);
    byte[] out = new byte[3 * newWidth * height];
    for (int y = 0; y < height; y++) {
      int row = 3 * width * y;
      int o = 3 * newWidth * y;
      for (int x = 0; x < newWidth; x++) {
        int r = 1 << (PRECISION - 1);
        int g = r;
        int b = r;
        int p = row + 3 * weights.first[x];
        int k = x * weights.most;
        for (int end = k + weights.count[x]; k < end; k++, p += 3) {
          int w = weights.fixed[k];
          r += (in[p] & 0xff) * w;
          g += (in[p + 1] & 0xff) * w;
          b += (in[p + 2] & 0xff) * w;
        }
        out[o++] = clip(r);
        out[o++] = clip(g);
        out[o++] = clip(b);
      }
    }
    return out;
  }

  private byte[] down(byte[] in, int width, int height, int newHeight) {
    Weights weights = weights(height, newHeight);
    int stride = 3 * width;
    byte[] out = new byte[stride * newHeight];
    int[] sums = new int[stride];
    for (int y = 0; y < newHeight; y++) {
      java.util.Arrays.fill(sums, 1 << (PRECISION - 1));
      int k = y * weights.most;
      for (int i = 0; i < weights.count[y]; i++) {
        int w = weights.fixed[k + i];
        int row = stride * (weights.first[y] + i);
        for (int x = 0; x < stride; x++) {
          sums[x] += (in[row + x] & 0xff) * w;
        }
      }
      int o = stride * y;
      for (int x = 0; x < stride; x++) {
        out[o + x] = clip(sums[x]);
      }
    }
    return out;
  }

  private static byte clip(int sum) {
    int value = sum >> PRECISION;
    return (byte) (value < 0 ? 0 : Math.min(value, 255));
  }

  private Weights weights(int in, int out) {
    double scale = (double) in / out;
    double wide = Math.max(scale, 1);
    double reach = support * wide;
    int most = (int) Math.ceil(reach) * 2 + 1;
    Weights weights = new Weights(new int[out], new int[out], new int[out * most], most);
    double[] raw = new double[most];
    double inverse = 1 / wide;
    for (int o = 0; o < out; o++) {
      double centre = (o + 0.5) * scale;
      int from = Math.max(0, (int) (centre - reach + 0.5));
      int to = Math.min(in, (int) (centre + reach + 0.5));
      double sum = 0;
      for (int x = from; x < to; x++) {
        raw[x - from] = kernel((x - centre + 0.5) * inverse);
        sum += raw[x - from];
      }
      weights.first[o] = from;
      weights.count[o] = to - from;
      for (int i = 0; i < to - from; i++) {
        double w = (sum == 0 ? raw[i] : raw[i] / sum) * (1 << PRECISION);
        weights.fixed[o * most + i] = (int) (w < 0 ? w - 0.5 : w + 0.5);
      }
    }
    return weights;
  }

  /** For each output: its first input, how many inputs it takes, and their weights. */
  @SuppressWarnings("ArrayRecordComponent") // never leaves this class
  private record Weights(int[] first, int[] count, int[] fixed, int most) {}
}
