package io.moviechat.video;

import java.nio.ByteBuffer;

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

  /** The orientation that EXIF's number from 1 to 8 stands for; upright for any other number. */
  static Orientation ofExif(int number) {
    return switch (number) {
      case 2 -> new Orientation(true, 0);
      case 3 -> new Orientation(false, 2);
      case 4 -> new Orientation(true, 2);
      case 5 -> new Orientation(true, 3);
      case 6 -> new Orientation(false, 1);
      case 7 -> new Orientation(true, 1);
      case 8 -> new Orientation(false, 3);
      default -> UPRIGHT;
    };
  }

  /** The orientation of a display matrix of nine integers. */
  static Orientation of(ByteBuffer matrix) {
    int[] values = new int[9];
    matrix.asIntBuffer().get(values);
    return of(values);
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
