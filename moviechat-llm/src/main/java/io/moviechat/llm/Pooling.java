package io.moviechat.llm;

import java.nio.FloatBuffer;

/**
 * Shrinks a square grid of visual tokens to half its side (rounded up) by bilinear interpolation
 * with half-pixel centres, no antialiasing: what LLaVA-OneVision's Python code does with frames of
 * a video (modeling_llava_onevision.py, apply_pooling), 729 tokens to 196.
 */
final class Pooling {
  private Pooling() {}

  /** Side of the grid that a number of tokens forms, 0 if they form none. */
  static int side(int tokens) {
    int side = (int) Math.round(Math.sqrt(tokens));
    return side * side == tokens ? side : 0;
  }

  /** Tokens left of a grid of that side. */
  static int pooled(int side) {
    int half = (side + 1) / 2;
    return half * half;
  }

  /**
   * Pools one frame.
   *
   * @param from [side, side, width] from its position on
   * @param to [half, half, width] from its position on; the position moves behind it
   */
  static void pool(FloatBuffer from, int side, int width, FloatBuffer to) {
    int half = (side + 1) / 2;
    float scale = (float) side / half;
    int base = from.position();
    float[] row = new float[width];
    for (int y = 0; y < half; y++) {
      float centreY = Math.max(0, (y + 0.5f) * scale - 0.5f);
      int y0 = (int) centreY;
      int y1 = Math.min(y0 + 1, side - 1);
      float v = centreY - y0;
      for (int x = 0; x < half; x++) {
        float centreX = Math.max(0, (x + 0.5f) * scale - 0.5f);
        int x0 = (int) centreX;
        int x1 = Math.min(x0 + 1, side - 1);
        float u = centreX - x0;
        int a = base + (y0 * side + x0) * width;
        int b = base + (y0 * side + x1) * width;
        int c = base + (y1 * side + x0) * width;
        int d = base + (y1 * side + x1) * width;
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
