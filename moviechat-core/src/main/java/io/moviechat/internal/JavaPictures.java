package io.moviechat.internal;

import io.moviechat.Frame;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;

/** Frames as Java's own pictures, to be drawn or written. */
public final class JavaPictures {
  private JavaPictures() {}

  /** A copy of a frame; the frame stays the caller's. */
  public static BufferedImage of(Frame frame) {
    int width = frame.width();
    BufferedImage image = new BufferedImage(width, frame.height(), BufferedImage.TYPE_INT_RGB);
    ByteBuffer rgb = frame.rgb();
    byte[] bytes = new byte[3 * width];
    int[] row = new int[width];
    for (int y = 0; y < frame.height(); y++) {
      rgb.get(bytes);
      for (int x = 0; x < width; x++) {
        row[x] =
            (bytes[3 * x] & 0xff) << 16
                | (bytes[3 * x + 1] & 0xff) << 8
                | (bytes[3 * x + 2] & 0xff);
      }
      image.setRGB(0, y, width, 1, row, 0, width);
    }
    return image;
  }
}
