package io.moviechat.memory;

import io.moviechat.TokenShape;
import java.nio.FloatBuffer;

/** Rows as Java arrays. */
final class JavaStore implements TokenStore {
  private final TokenShape shape;
  private float[][] rows;

  JavaStore(int rows, TokenShape shape) {
    this.shape = shape;
    this.rows = new float[rows][shape.floats()];
  }

  @Override
  public void put(int row, FloatBuffer values) {
    values.get(values.position(), rows[row]);
  }

  @Override
  public void get(int row, float[] values) {
    System.arraycopy(rows[row], 0, values, 0, shape.floats());
  }

  @Override
  public void copy(int from, int to) {
    System.arraycopy(rows[from], 0, rows[to], 0, shape.floats());
  }

  @Override
  public void blend(int into, float a, int other, float b) {
    Kernels.blend(rows[into], a, rows[other], b);
  }

  @Override
  public void combine(int[] indices, float[] coefficients, int from, int to) {
    float[] result = rows[indices[from]];
    if (to - from == 1) {
      if (coefficients[from] != 1) {
        Kernels.scale(result, coefficients[from]);
      }
      return;
    }
    Kernels.blend(result, coefficients[from], rows[indices[from + 1]], coefficients[from + 1]);
    int i = from + 2;
    for (; i + 2 < to; i += 3) {
      Kernels.addScaled(
          result,
          rows[indices[i]],
          coefficients[i],
          rows[indices[i + 1]],
          coefficients[i + 1],
          rows[indices[i + 2]],
          coefficients[i + 2]);
    }
    for (; i < to; i++) {
      Kernels.addScaled(result, rows[indices[i]], coefficients[i]);
    }
  }

  @Override
  public void dots(int a, int b, double[] perToken) {
    float[] x = rows[a];
    float[] y = rows[b];
    int width = shape.width();
    for (int token = 0; token < shape.tokens(); token++) {
      perToken[token] = Kernels.dot(x, y, token * width, width);
    }
  }

  /** Copies the token at a position of a frame, whose values start at the buffer's position. */
  void putToken(int row, int token, FloatBuffer frame) {
    int width = shape.width();
    frame.get(frame.position() + token * width, rows[row], token * width, width);
  }

  /** Copies the token at a position to the same position of {@code frame}. */
  void getToken(int row, int token, float[] frame) {
    int width = shape.width();
    System.arraycopy(rows[row], token * width, frame, token * width, width);
  }

  /** {@link #blend} of the tokens at one position. */
  void blendToken(int into, float a, int other, float b, int token) {
    int width = shape.width();
    float[] x = rows[into];
    float[] y = rows[other];
    for (int i = token * width; i < (token + 1) * width; i++) {
      x[i] = a * x[i] + b * y[i];
    }
  }

  /** Cosine of the tokens at one position; 0 if one is zero. */
  double tokenCosine(int a, int b, int token) {
    int width = shape.width();
    int at = token * width;
    float[] x = rows[a];
    float[] y = rows[b];
    double scale =
        Math.sqrt(Kernels.dot(x, x, at, width)) * Math.sqrt(Kernels.dot(y, y, at, width));
    return scale > 0 ? Kernels.dot(x, y, at, width) / scale : 0;
  }

  @Override
  public long heapBytes() {
    return rows.length * shape.bytes();
  }

  @Override
  public long offHeapBytes() {
    return 0;
  }

  @Override
  public long deviceBytes() {
    return 0;
  }

  @Override
  public void close() {
    rows = new float[0][];
  }
}
