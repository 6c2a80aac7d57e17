package io.moviechat.memory;

import io.moviechat.TokenShape;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Rows as Java arrays. A row is cut into blocks of about {@value #BLOCK_TOKENS} tokens by {@value
 * #BLOCK_COLUMNS} columns, each an array of its own, row-major; those at the end may be smaller.
 *
 * <p>The JIT turns loops into vector code only if they run over whole arrays and do not add up
 * along the loop. With blocks, inner products of tokens need no such sum but for the last step:
 * products of equal columns of all blocks are added elementwise, and a block's width is left to
 * sum. Also the same block of several rows fits the nearest cache, so that a combination goes
 * through memory once.
 */
final class JavaStore implements TokenStore, FrameReader.Sink {
  private static final int BLOCK_TOKENS = 32;
  private static final int BLOCK_COLUMNS = 128;

  private final TokenShape shape;
  private final FrameReader reader;
  private final int blockTokens;
  private final int blockColumns;
  private final float[] products;
  private final float[] folded;

  /** {@code [row][group of tokens][group of columns]}. */
  private float[][][][] rows;

  JavaStore(int rowCount, TokenShape shape) {
    this.shape = shape;
    this.reader = new FrameReader(shape);
    this.blockTokens = evenly(shape.tokens(), BLOCK_TOKENS);
    this.blockColumns = evenly(shape.width(), BLOCK_COLUMNS);
    this.products = new float[blockTokens * blockColumns];
    this.folded = new float[products.length];
    int tokenGroups = groups(shape.tokens(), blockTokens);
    int columnGroups = groups(shape.width(), blockColumns);
    this.rows = new float[rowCount][tokenGroups][columnGroups][];
    for (float[][][] row : rows) {
      for (int t = 0; t < tokenGroups; t++) {
        for (int c = 0; c < columnGroups; c++) {
          int tokens = Math.min(blockTokens, shape.tokens() - t * blockTokens);
          int columns = Math.min(blockColumns, shape.width() - c * blockColumns);
          row[t][c] = new float[tokens * columns];
        }
      }
    }
  }

  /** The size of groups of equal size, about as large as wanted. */
  private static int evenly(int total, int wanted) {
    return groups(total, Math.max(1, Math.round((float) total / wanted)));
  }

  private static int groups(int total, int size) {
    return (total + size - 1) / size;
  }

  @Override
  public void put(int row, FloatBuffer values, float[] mean) {
    reader.read(values, mean, this, row);
  }

  @Override
  public void mean(FloatBuffer values, float[] mean) {
    reader.read(values, mean, null, 0);
  }

  @Override
  public void get(int row, float[] values) {
    for (int token = 0; token < shape.tokens(); token++) {
      getToken(row, token, values);
    }
  }

  @Override
  public void copy(int from, int to) {
    for (int t = 0; t < rows[from].length; t++) {
      for (int c = 0; c < rows[from][t].length; c++) {
        System.arraycopy(rows[from][t][c], 0, rows[to][t][c], 0, rows[from][t][c].length);
      }
    }
  }

  @Override
  public void blend(int into, float a, int other, float b) {
    for (int t = 0; t < rows[into].length; t++) {
      for (int c = 0; c < rows[into][t].length; c++) {
        Kernels.blend(rows[into][t][c], a, rows[other][t][c], b);
      }
    }
  }

  @Override
  public void combine(int[] indices, float[] coefficients, int[] starts, int groups) {
    for (int group = 0; group < groups; group++) {
      for (int t = 0; t < rows[0].length; t++) {
        for (int c = 0; c < rows[0][t].length; c++) {
          combineBlock(t, c, indices, coefficients, starts[group], starts[group + 1]);
        }
      }
    }
  }

  /**
   * Not here: of all pairs a third is needed, and JIT code gains nothing from doing all at once.
   */
  @Override
  public boolean products(int[] indices, int count, double[][][] products) {
    return false;
  }

  @Override
  public boolean comparesWindows() {
    return false;
  }

  private void combineBlock(int t, int c, int[] indices, float[] factors, int from, int to) {
    float[] result = rows[indices[from]][t][c];
    if (to - from == 1) {
      if (factors[from] != 1) {
        Kernels.scale(result, factors[from]);
      }
      return;
    }
    Kernels.blend(result, factors[from], rows[indices[from + 1]][t][c], factors[from + 1]);
    int i = from + 2;
    for (; i + 2 < to; i += 3) {
      Kernels.addScaled(
          result,
          rows[indices[i]][t][c],
          factors[i],
          rows[indices[i + 1]][t][c],
          factors[i + 1],
          rows[indices[i + 2]][t][c],
          factors[i + 2]);
    }
    for (; i < to; i++) {
      Kernels.addScaled(result, rows[indices[i]][t][c], factors[i]);
    }
  }

  @Override
  public void dots(int a, int b, double[] perToken) {
    for (int t = 0, token = 0; t < rows[a].length; t++) {
      float[][] x = rows[a][t];
      float[][] y = rows[b][t];
      int tokens = Math.min(blockTokens, shape.tokens() - token);
      Arrays.fill(perToken, token, token + tokens, 0);
      int whole = shape.width() / blockColumns;
      int c = whole % 2;
      if (c == 1) {
        Kernels.multiply(products, x[0], y[0]);
      } else {
        Kernels.multiply(products, x[0], y[0], x[1], y[1]);
        c = 2;
      }
      for (; c < whole; c += 2) {
        Kernels.addProducts(products, x[c], y[c], x[c + 1], y[c + 1]);
      }
      if (blockColumns == Kernels.FOLDED) {
        int length = tokens * blockColumns;
        Kernels.quarter(folded, products, length);
        Kernels.addSums(folded, blockColumns, blockColumns / 4, perToken, token, tokens);
      } else {
        Kernels.addSums(products, blockColumns, blockColumns, perToken, token, tokens);
      }
      if (whole < x.length) {
        Kernels.multiply(products, x[whole], y[whole]);
        int columns = columns(whole);
        Kernels.addSums(products, columns, columns, perToken, token, tokens);
      }
      token += tokens;
    }
    for (int token = 0; token < perToken.length; token++) {
      double magnitude = Math.abs(perToken[token]);
      // Elsewhere float arithmetic may have overflowed or lost everything.
      if (!(magnitude < 1e30 && magnitude > 1e-20)) {
        perToken[token] = tokenDot(a, b, token);
      }
    }
  }

  /** Inner product of the tokens at one position, in double arithmetic. */
  private double tokenDot(int a, int b, int token) {
    float[][] x = rows[a][token / blockTokens];
    float[][] y = rows[b][token / blockTokens];
    double sum = 0;
    for (int c = 0; c < x.length; c++) {
      int columns = columns(c);
      sum += Kernels.dot(x[c], y[c], token % blockTokens * columns, columns);
    }
    return sum;
  }

  private int columns(int group) {
    return Math.min(blockColumns, shape.width() - group * blockColumns);
  }

  @Override
  public void putToken(int row, int token, float[] values) {
    float[][] blocks = rows[row][token / blockTokens];
    for (int c = 0; c < blocks.length; c++) {
      int columns = columns(c);
      System.arraycopy(values, c * blockColumns, blocks[c], token % blockTokens * columns, columns);
    }
  }

  /** Copies a frame, whose values start at the buffer's position, and looks at none of them. */
  void set(int row, FloatBuffer frame) {
    for (int token = 0; token < shape.tokens(); token++) {
      putToken(row, token, frame);
    }
  }

  /** Copies the token at a position of a frame, whose values start at the buffer's position. */
  void putToken(int row, int token, FloatBuffer frame) {
    int at = frame.position() + token * shape.width();
    float[][] blocks = rows[row][token / blockTokens];
    for (int c = 0; c < blocks.length; c++) {
      int columns = columns(c);
      frame.get(at + c * blockColumns, blocks[c], token % blockTokens * columns, columns);
    }
  }

  /** Copies a row to the buffer, whose position does not move. */
  void get(int row, FloatBuffer frame) {
    int start = frame.position();
    for (int token = 0; token < shape.tokens(); token++) {
      float[][] blocks = rows[row][token / blockTokens];
      for (int c = 0; c < blocks.length; c++) {
        int columns = columns(c);
        int at = start + token * shape.width() + c * blockColumns;
        frame.put(at, blocks[c], token % blockTokens * columns, columns);
      }
    }
  }

  /** Copies the token at a position to the same position of {@code frame}. */
  void getToken(int row, int token, float[] frame) {
    int at = token * shape.width();
    float[][] blocks = rows[row][token / blockTokens];
    for (int c = 0; c < blocks.length; c++) {
      int columns = columns(c);
      System.arraycopy(
          blocks[c], token % blockTokens * columns, frame, at + c * blockColumns, columns);
    }
  }

  /** {@link #blend} of the tokens at one position. */
  void blendToken(int into, float a, int other, float b, int token) {
    float[][] blocks = rows[into][token / blockTokens];
    for (int c = 0; c < blocks.length; c++) {
      float[] x = blocks[c];
      float[] y = rows[other][token / blockTokens][c];
      int start = token % blockTokens * columns(c);
      for (int i = start; i < start + columns(c); i++) {
        x[i] = a * x[i] + b * y[i];
      }
    }
  }

  /** Cosine of the tokens at one position; 0 if one is zero. */
  double tokenCosine(int a, int b, int token) {
    double scale = Math.sqrt(tokenDot(a, a, token)) * Math.sqrt(tokenDot(b, b, token));
    return scale > 0 ? tokenDot(a, b, token) / scale : 0;
  }

  @Override
  public long heapBytes() {
    return rows.length * shape.bytes() + 2L * Float.BYTES * products.length + reader.bytes();
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
    rows = new float[0][][][];
  }
}
