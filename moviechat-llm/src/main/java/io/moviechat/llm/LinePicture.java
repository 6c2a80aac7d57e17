package io.moviechat.llm;

import java.nio.FloatBuffer;

/**
 * The picture of one line of text, cut out of a frame and turned upright. Immutable.
 *
 * <p>Colours stay in the frame's order, red first; models that were trained on pictures of OpenCV
 * get them in its order, blue first ({@link #planes}).
 */
final class LinePicture {
  /** Lines that are so many times as high as wide are written downwards. */
  private static final double UPRIGHT = 1.5;

  private final byte[] rgb;
  private final int width;
  private final int height;

  private LinePicture(byte[] rgb, int width, int height) {
    this.rgb = rgb;
    this.width = width;
    this.height = height;
  }

  /** Cuts a box out of a picture, in its own size. What is written downwards is laid down. */
  static LinePicture of(byte[] rgb, int width, int height, TextBox box) {
    int across = Math.max(1, (int) Math.round(box.width()));
    int down = Math.max(1, (int) Math.round(box.height()));
    byte[] cut = new byte[3 * across * down];
    double[] weightsX = new double[4];
    double[] weightsY = new double[4];
    for (int j = 0; j < down; j++) {
      double v = (j + 0.5) / down;
      for (int i = 0; i < across; i++) {
        double u = (i + 0.5) / across;
        double x = box.left() + u * box.alongX() + v * box.downX() - 0.5;
        double y = box.top() + u * box.alongY() + v * box.downY() - 0.5;
        int x0 = (int) Math.floor(x);
        int y0 = (int) Math.floor(y);
        cubic(x - x0, weightsX);
        cubic(y - y0, weightsY);
        for (int colour = 0; colour < 3; colour++) {
          double sum = 0;
          for (int ky = 0; ky < 4; ky++) {
            int row = width * Math.min(height - 1, Math.max(0, y0 - 1 + ky));
            double line = 0;
            for (int kx = 0; kx < 4; kx++) {
              int column = Math.min(width - 1, Math.max(0, x0 - 1 + kx));
              line += weightsX[kx] * (rgb[3 * (row + column) + colour] & 0xff);
            }
            sum += weightsY[ky] * line;
          }
          cut[3 * (j * across + i) + colour] = (byte) Math.round(Math.min(255, Math.max(0, sum)));
        }
      }
    }
    LinePicture picture = new LinePicture(cut, across, down);
    return down >= UPRIGHT * across ? picture.laidDown() : picture;
  }

  /** Weights of the four pixels around a place, of the cubic kernel with a = -0.75 as OpenCV's. */
  private static void cubic(double t, double[] weights) {
    double a = -0.75;
    double before = t + 1;
    double after = 1 - t;
    weights[0] = ((a * before - 5 * a) * before + 8 * a) * before - 4 * a;
    weights[1] = ((a + 2) * t - (a + 3)) * t * t + 1;
    weights[2] = ((a + 2) * after - (a + 3)) * after * after + 1;
    weights[3] = 1 - weights[0] - weights[1] - weights[2];
  }

  /** Turned a quarter against the clock. */
  private LinePicture laidDown() {
    byte[] turned = new byte[rgb.length];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        System.arraycopy(rgb, 3 * (y * width + x), turned, 3 * ((width - 1 - x) * height + y), 3);
      }
    }
    return new LinePicture(turned, /* width= */ height, /* height= */ width);
  }

  /** Turned by a half. */
  LinePicture turnedRound() {
    byte[] turned = new byte[rgb.length];
    int pixels = width * height;
    for (int i = 0; i < pixels; i++) {
      System.arraycopy(rgb, 3 * i, turned, 3 * (pixels - 1 - i), 3);
    }
    return new LinePicture(turned, width, height);
  }

  /** How wide it is at a height, its shape kept. */
  int widthAt(int newHeight) {
    return (int) Math.min(1 << 20, Math.ceil((double) newHeight * width / height));
  }

  /**
   * Puts it into a model's input {@code [3, height, width]}, blue first, from -1 to 1; what is left
   * on the right is 0.
   *
   * @param newWidth of the picture, at most {@code inputWidth}
   */
  void planes(int newWidth, int newHeight, int inputWidth, FloatBuffer into) {
    byte[] scaled = Resampler.BILINEAR.resize(rgb, width, height, newWidth, newHeight);
    for (int plane = 0; plane < 3; plane++) {
      for (int y = 0; y < newHeight; y++) {
        int at = (plane * newHeight + y) * inputWidth;
        for (int x = 0; x < inputWidth; x++) {
          float value =
              x < newWidth ? (scaled[3 * (y * newWidth + x) + 2 - plane] & 0xff) / 127.5f - 1 : 0;
          into.put(at + x, value);
        }
      }
    }
  }
}
