package io.moviechat.memory;

import io.moviechat.TokenShape;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads frames token by token: each value leaves the caller's buffer once and is copied and added
 * up while it is in the nearest cache.
 */
final class FrameReader {
  /** Where tokens are copied to. */
  interface Sink {
    /** Sets the token at a position of a row. */
    void putToken(int row, int token, float[] values);
  }

  private final TokenShape shape;
  private final float[] a;
  private final float[] b;
  private final float[] c;
  private final float[] d;

  FrameReader(TokenShape shape) {
    this.shape = shape;
    this.a = new float[shape.width()];
    this.b = new float[shape.width()];
    this.c = new float[shape.width()];
    this.d = new float[shape.width()];
  }

  /**
   * Reads a frame.
   *
   * @param values {@code N * D} remaining floats; the position does not move
   * @param mean gets the mean of the tokens; it is not finite if one of the values is not
   * @param sink gets a copy, or null
   * @param row of the sink
   */
  void read(FloatBuffer values, float[] mean, @Nullable Sink sink, int row) {
    int width = shape.width();
    int tokens = shape.tokens();
    int at = values.position();
    Arrays.fill(mean, 0);
    int token = 0;
    for (; token + 3 < tokens; token += 4, at += 4 * width) {
      values.get(at, a);
      values.get(at + width, b);
      values.get(at + 2 * width, c);
      values.get(at + 3 * width, d);
      Kernels.add(mean, a, b, c, d);
      if (sink != null) {
        sink.putToken(row, token, a);
        sink.putToken(row, token + 1, b);
        sink.putToken(row, token + 2, c);
        sink.putToken(row, token + 3, d);
      }
    }
    for (; token < tokens; token++, at += width) {
      values.get(at, a);
      Kernels.add(mean, a);
      if (sink != null) {
        sink.putToken(row, token, a);
      }
    }
    if (tokens > 1) {
      Kernels.scale(mean, 1f / tokens);
    }
  }

  long bytes() {
    return 4L * Float.BYTES * shape.width();
  }
}
