package io.moviechat.llm;

import com.google.common.collect.ImmutableList;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.InferenceException;
import java.nio.FloatBuffer;

/**
 * Turns a frame into the values that a vision encoder reads: scaled, cut, normalised per channel,
 * channels first. Immutable and thread-safe.
 *
 * <p>The value of a byte v of channel c is {@code (v * rescale - mean[c]) / std[c]}; there are only
 * 256 x 3 of them, so they are looked up.
 */
final class ImagePreprocessor {
  /** One step on the way to the encoder's picture. */
  sealed interface Step {
    /** Scales to exactly this size. */
    record Exact(int width, int height, Resampler resampler) implements Step {}

    /** Scales so that the shorter side is this long; the other is rounded down. */
    record ShortestEdge(int edge, Resampler resampler) implements Step {}

    /**
     * Scales so that the longer side is this long; the other is rounded down, then up to an even
     * number.
     */
    record LongestEdgeEven(int edge, Resampler resampler) implements Step {}

    /**
     * Pads to a square, the picture in the middle, as LLaVA's expand2square does.
     *
     * @param colour of the padding, 0xRRGGBB
     */
    record Square(int colour) implements Step {}

    /** Cuts out the centre; what lies outside of the picture is black. */
    record CentreCrop(int width, int height) implements Step {}
  }

  /** Pixels of the largest picture between two steps. */
  private static final long LARGEST_PICTURE = 1L << 26;

  private final ImmutableList<Step> steps;
  private final int width;
  private final int height;
  private final FrameFormat preferred;
  private final float[] table;

  /**
   * @param steps in order; the last one makes the picture {@code width} x {@code height}
   * @param preferred the size that saves the first step
   * @param rescale factor of a byte, 1/255 mostly
   * @param mean per channel
   * @param std per channel, not 0
   */
  ImagePreprocessor(
      ImmutableList<Step> steps,
      int width,
      int height,
      FrameFormat preferred,
      double rescale,
      double[] mean,
      double[] std) {
    this.steps = steps;
    this.width = width;
    this.height = height;
    this.preferred = preferred;
    this.table = new float[3 * 256];
    for (int c = 0; c < 3; c++) {
      for (int v = 0; v < 256; v++) {
        float rescaled = (float) (v * rescale);
        table[256 * c + v] = (rescaled - (float) mean[c]) / (float) std[c];
      }
    }
  }

  int width() {
    return width;
  }

  int height() {
    return height;
  }

  FrameFormat preferred() {
    return preferred;
  }

  /** The picture of a frame that is normalised: {@code 3 * width * height} bytes. */
  byte[] prepare(Frame frame) {
    byte[] rgb = new byte[3 * frame.width() * frame.height()];
    frame.rgb().get(rgb);
    return prepare(rgb, frame.width(), frame.height());
  }

  /**
   * Writes one frame's values.
   *
   * @param to {@code 3 * height * width} floats from its position on, [channel, row, column]
   */
  void write(Frame frame, FloatBuffer to) {
    write(prepare(frame), to);
  }

  /** The picture that is normalised: {@code 3 * width * height} bytes. */
  byte[] prepare(byte[] rgb, int fromWidth, int fromHeight) {
    byte[] picture = rgb;
    int w = fromWidth;
    int h = fromHeight;
    for (Step step : steps) {
      int newWidth;
      int newHeight;
      if (step instanceof Step.Exact exact) {
        newWidth = exact.width();
        newHeight = exact.height();
        picture = exact.resampler().resize(picture, w, h, newWidth, newHeight);
      } else if (step instanceof Step.ShortestEdge shortest) {
        // In whole numbers: a rounded quotient can lose a row, 1080 * (336 / 720) for instance.
        long edge = shortest.edge();
        newWidth = w <= h ? shortest.edge() : (int) (edge * w / h);
        newHeight = w <= h ? (int) (edge * h / w) : shortest.edge();
        if ((long) newWidth * newHeight > LARGEST_PICTURE) {
          throw new InferenceException(
              "a frame of "
                  + fromWidth
                  + " x "
                  + fromHeight
                  + " pixels is too narrow for this encoder: scaled to its shorter side of "
                  + shortest.edge()
                  + " it would be "
                  + newWidth
                  + " x "
                  + newHeight);
        }
        picture = shortest.resampler().resize(picture, w, h, newWidth, newHeight);
      } else if (step instanceof Step.LongestEdgeEven longest) {
        double aspect = (double) w / h;
        if (w >= h) {
          newWidth = longest.edge();
          newHeight = even(side(newWidth / aspect));
        } else {
          newHeight = longest.edge();
          newWidth = even(side(newHeight * aspect));
        }
        picture = longest.resampler().resize(picture, w, h, newWidth, newHeight);
      } else if (step instanceof Step.Square square) {
        newWidth = Math.max(w, h);
        newHeight = newWidth;
        picture = square(picture, w, h, square.colour());
      } else {
        Step.CentreCrop crop = (Step.CentreCrop) step;
        newWidth = crop.width();
        newHeight = crop.height();
        picture = crop(picture, w, h, newWidth, newHeight);
      }
      w = newWidth;
      h = newHeight;
    }
    return picture;
  }

  /** Normalises packed RGB into planes. */
  void write(byte[] rgb, FloatBuffer to) {
    int pixels = rgb.length / 3;
    float[] plane = new float[pixels];
    for (int c = 0; c < 3; c++) {
      int base = 256 * c;
      for (int i = 0, p = c; i < pixels; i++, p += 3) {
        plane[i] = table[base + (rgb[p] & 0xff)];
      }
      to.put(plane);
    }
  }

  /** The value of one byte of packed RGB. */
  float value(byte[] rgb, int index) {
    return table[256 * (index % 3) + (rgb[index] & 0xff)];
  }

  private static int side(double length) {
    return Math.max(1, (int) length);
  }

  private static int even(int side) {
    return side % 2 == 0 ? side : side + 1;
  }

  private static byte[] square(byte[] in, int width, int height, int colour) {
    int side = Math.max(width, height);
    byte[] out = new byte[Math.multiplyExact(3, Math.multiplyExact(side, side))];
    for (int i = 0; i < out.length; i += 3) {
      out[i] = (byte) (colour >> 16);
      out[i + 1] = (byte) (colour >> 8);
      out[i + 2] = (byte) colour;
    }
    int left = (side - width) / 2;
    int top = (side - height) / 2;
    for (int y = 0; y < height; y++) {
      System.arraycopy(in, 3 * y * width, out, 3 * ((y + top) * side + left), 3 * width);
    }
    return out;
  }

  private static byte[] crop(byte[] in, int width, int height, int newWidth, int newHeight) {
    if (newWidth == width && newHeight == height) {
      return in;
    }
    byte[] out = new byte[3 * newWidth * newHeight];
    int left = Math.floorDiv(width - newWidth, 2);
    int top = Math.floorDiv(height - newHeight, 2);
    int from = Math.max(0, left);
    int to = Math.min(width, left + newWidth);
    for (int y = 0; y < newHeight; y++) {
      int row = y + top;
      if (row >= 0 && row < height && from < to) {
        System.arraycopy(
            in, 3 * (row * width + from), out, 3 * (y * newWidth + from - left), 3 * (to - from));
      }
    }
    return out;
  }
}
