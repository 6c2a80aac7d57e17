package io.moviechat.llm;

import java.nio.FloatBuffer;

/**
 * Shrinks a grid of visual tokens to half its sides (rounded up) by bilinear interpolation with
 * half-pixel centres, no antialiasing: what LLaVA-OneVision's Python code does with frames of a
 * video (modeling_llava_onevision.py, apply_pooling), 729 tokens to 196.
 */
final class Pooling {
  private Pooling() {}

  /**
   * Pools one frame.
   *
   * @param from [height, width, dim] from its position on
   * @param to [pooled height, pooled width, dim] from its position on; the position moves behind it
   */
  static void pool(FloatBuffer from, RowGrid grid, int width, FloatBuffer to) {
    RowGrid half = grid.pooled();
    float scaleY = (float) grid.height() / half.height();
    float scaleX = (float) grid.width() / half.width();
    int base = from.position();
    float[] row = new float[width];
    for (int y = 0; y < half.height(); y++) {
      float centreY = Math.max(0, (y + 0.5f) * scaleY - 0.5f);
      int y0 = (int) centreY;
      int y1 = Math.min(y0 + 1, grid.height() - 1);
      float v = centreY - y0;
      for (int x = 0; x < half.width(); x++) {
        float centreX = Math.max(0, (x + 0.5f) * scaleX - 0.5f);
        int x0 = (int) centreX;
        int x1 = Math.min(x0 + 1, grid.width() - 1);
        float u = centreX - x0;
        int a = base + (y0 * grid.width() + x0) * width;
        int b = base + (y0 * grid.width() + x1) * width;
        int c = base + (y1 * grid.width() + x0) * width;
        int d = base + (y1 * grid.width() + x1) * width;
        for (int i = 0; i < width; i++) {
          row[i] =
              (1 - v) * ((1 - u) * from.get(a + i) + u * from.get(b + i))
                  + v * ((1 - u) * from.get(c + i) + u * from.get(d + i));
        }
        to.put(row);
      }
    }
  }
}
