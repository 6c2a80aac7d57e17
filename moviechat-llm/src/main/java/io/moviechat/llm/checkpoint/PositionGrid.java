package io.moviechat.llm.checkpoint;

/** Position tables of another number of patches, and of more frames than were trained. */
final class PositionGrid {
  // The cubic kernel of torch's interpolate; Pillow's has -0.5.
  private static final double A = -0.75;

  private PositionGrid() {}

  /**
   * Resizes a table {@code [1 + from * from, width]} to {@code [1 + to * to, width]}: the first row
   * (class token) stays, the others are a picture resized bicubically, half-pixel centres, edges
   * repeated, not antialiased.
   */
  static float[] resize(float[] table, int from, int to, int width) {
    if (from == to) {
      return table;
    }
    float[] result = new float[(1 + to * to) * width];
    System.arraycopy(table, 0, result, 0, width);
    for (int y = 0; y < to; y++) {
      for (int x = 0; x < to; x++) {
        for (int c = 0; c < width; c++) {
          double sum = 0;
          double sourceY = (y + 0.5) * from / to - 0.5;
          double sourceX = (x + 0.5) * from / to - 0.5;
          int top = (int) Math.floor(sourceY);
          int left = (int) Math.floor(sourceX);
          for (int i = -1; i <= 2; i++) {
            double weightY = cubic(sourceY - (top + i));
            int row = Math.max(0, Math.min(from - 1, top + i));
            for (int j = -1; j <= 2; j++) {
              int column = Math.max(0, Math.min(from - 1, left + j));
              sum +=
                  weightY
                      * cubic(sourceX - (left + j))
                      * table[(1 + row * from + column) * width + c];
            }
          }
          result[(1 + y * to + x) * width + c] = (float) sum;
        }
      }
    }
    return result;
  }

  private static double cubic(double distance) {
    double d = Math.abs(distance);
    if (d <= 1) {
      return ((A + 2) * d - (A + 3)) * d * d + 1;
    }
    return d < 2 ? ((A * d - 5 * A) * d + 8 * A) * d - 4 * A : 0;
  }
}
