package io.moviechat.llm;

/**
 * How the visual rows of a picture lie in the plane, row by row.
 *
 * @param height rows of the grid
 * @param width columns of the grid
 */
record RowGrid(int height, int width) {
  /** Visual rows. */
  int rows() {
    return height * width;
  }

  /** The grid that {@link Pooling} makes of it. */
  RowGrid pooled() {
    return new RowGrid((height + 1) / 2, (width + 1) / 2);
  }

  /** The square grid of that many rows; null if they form none. */
  static @org.jspecify.annotations.Nullable RowGrid square(int rows) {
    int side = (int) Math.round(Math.sqrt(rows));
    return side * side == rows ? new RowGrid(side, side) : null;
  }
}
