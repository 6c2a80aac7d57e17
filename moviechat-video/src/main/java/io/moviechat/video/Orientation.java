package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_DISPLAYMATRIX;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_side_data_get;

import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.javacpp.IntPointer;

/**
 * How a stored picture is turned and mirrored to be upright: first mirrored left to right if so,
 * then turned clockwise.
 *
 * @param mirrored whether left and right change places before turning
 * @param quarterTurns clockwise quarter turns, 0 to 3
 */
record Orientation(boolean mirrored, int quarterTurns) {
  static final Orientation UPRIGHT = new Orientation(false, 0);

  private static final double LEAST_PART = 1 / 64.0;

  /** The orientation that a container asks for; anything but right angles counts as upright. */
  static Orientation of(AVCodecParameters parameters) {
    if (parameters.nb_coded_side_data() == 0) {
      return UPRIGHT;
    }
    AVPacketSideData side =
        av_packet_side_data_get(
            parameters.coded_side_data(),
            parameters.nb_coded_side_data(),
            AV_PKT_DATA_DISPLAYMATRIX);
    if (side == null || side.isNull() || side.size() < 36) {
      return UPRIGHT;
    }
    int[] matrix = new int[9];
    new IntPointer(side.data()).get(matrix);
    return of(matrix);
  }

  /**
   * The orientation of a display matrix: a stored point (x, y), y downwards, appears at (a x + c y,
   * b x + d y).
   */
  static Orientation of(int[] matrix) {
    double a = matrix[0] / 65536.0;
    double b = matrix[1] / 65536.0;
    double c = matrix[3] / 65536.0;
    double d = matrix[4] / 65536.0;
    boolean straight = Math.abs(a) > LEAST_PART && Math.abs(d) > LEAST_PART;
    boolean swapped = Math.abs(b) > LEAST_PART && Math.abs(c) > LEAST_PART;
    if (straight == swapped) {
      return UPRIGHT;
    }
    boolean mirrored = a * d - b * c < 0;
    // Where the stored x axis, mirrored or not, points to on the screen.
    double x = mirrored ? -a : a;
    double y = mirrored ? -b : b;
    int turns = straight ? (x > 0 ? 0 : 2) : (y > 0 ? 1 : 3);
    return new Orientation(mirrored, turns);
  }

  boolean swapsSides() {
    return quarterTurns % 2 == 1;
  }

  boolean isUpright() {
    return !mirrored && quarterTurns == 0;
  }

  int clockwiseDegrees() {
    return 90 * quarterTurns;
  }

  /**
   * Puts one row of a stored plane where it belongs in the upright plane.
   *
   * @param row its pixels
   * @param y its number
   * @param width pixels per stored row
   * @param height stored rows
   * @param target the upright plane, rows without padding
   */
  void apply(byte[] row, int y, int width, int height, byte[] target) {
    int at;
    int step;
    switch (quarterTurns) {
      case 0 -> {
        at = y * width;
        step = 1;
      }
      case 1 -> {
        at = height - 1 - y;
        step = height;
      }
      case 2 -> {
        at = (height - y) * width - 1;
        step = -1;
      }
      default -> {
        at = (width - 1) * height + y;
        step = -height;
      }
    }
    for (int x = 0; x < width; x++, at += step) {
      target[at] = row[mirrored ? width - 1 - x : x];
    }
  }
}
