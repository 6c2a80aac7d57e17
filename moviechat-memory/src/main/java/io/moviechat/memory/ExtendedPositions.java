package io.moviechat.memory;

import static io.moviechat.memory.Checks.require;

import java.nio.FloatBuffer;

/**
 * Position vectors for more slots than a model has learned, by hierarchical decomposition: with the
 * first n learned vectors {@code p_0 .. p_(n-1)} and 0 &lt; alpha &lt; 1, counting from 0,
 *
 * <pre>
 * u_i         = (p_i - alpha * p_0) / (1 - alpha)
 * q_(i * n + j) = alpha * u_i + (1 - alpha) * u_j
 * </pre>
 *
 * <p>gives n * n vectors of which the first n are the learned ones. MovieChat uses n = 16 and alpha
 * = 0.01, MovieChat+ the smallest n whose square is enough. Here any number of slots has positions:
 * past the square of the learned vectors the same construction is applied to its own result, with
 * half the alpha, since the same alpha would give two slots one position. (Method: Su Jianlin,
 * "Hierarchical decomposition of position encoding", 2020, with alpha 0.4.)
 *
 * <p>Immutable and thread-safe.
 */
public final class ExtendedPositions {
  /** The alpha of MovieChat. */
  public static final double MOVIECHAT_ALPHA = 0.01;

  private final float[] learned;
  private final int width;
  private final double alpha;

  private ExtendedPositions(float[] learned, int width, double alpha) {
    this.learned = learned;
    this.width = width;
    this.alpha = alpha;
  }

  /**
   * Positions from learned vectors, which are copied.
   *
   * @param learned {@code [rows, width]}, row-major, from the buffer's position on
   * @param width D, at least 1
   * @param alpha above 0, below 1, and not 0.5, which would give rows i * n + j and j * n + i the
   *     same position
   * @throws IllegalArgumentException if the buffer does not hold whole rows, or alpha is out of
   *     range
   */
  public static ExtendedPositions of(FloatBuffer learned, int width, double alpha) {
    require(width >= 1, "width must be at least 1, was %d", width);
    require(
        learned.hasRemaining() && learned.remaining() % width == 0,
        "the learned positions must be whole rows of %d floats, there are %d floats",
        width,
        learned.remaining());
    require(
        alpha > 0 && alpha < 1 && alpha != 0.5,
        "alpha must be above 0, below 1 and not 0.5, was %s",
        alpha);
    float[] copy = new float[learned.remaining()];
    learned.duplicate().get(copy);
    return new ExtendedPositions(copy, width, alpha);
  }

  /** Learned vectors. */
  public int learnedRows() {
    return learned.length / width;
  }

  /**
   * The table made from the first n learned vectors.
   *
   * @param n at least 1, at most {@link #learnedRows()}
   * @return {@code [n * n, width]}, the caller's own
   */
  public FloatBuffer table(int n) {
    require(
        n >= 1 && n <= learnedRows(),
        "n must be 1 to %d, the number of learned positions, was %d",
        learnedRows(),
        n);
    float[] table = new float[Math.multiplyExact(n * n, width)];
    fill(learned, n, alpha, table);
    return FloatBuffer.wrap(table);
  }

  /**
   * Positions for a number of slots: the smallest table that is large enough, cut to that number.
   *
   * @param slots at least 0
   * @return {@code [slots, width]}, the caller's own
   * @throws IllegalArgumentException if there are several slots but only one learned vector, or the
   *     table exceeds 2^31 floats
   */
  public FloatBuffer forSlots(int slots) {
    require(slots >= 0, "slots must not be negative, was %d", slots);
    require(
        (long) slots * width <= Integer.MAX_VALUE - 8,
        "%d positions of width %d are too many floats for one table",
        slots,
        width);
    float[] cut = new float[slots * width];
    int rows = learnedRows();
    require(
        rows > 1 || slots <= 1, "one learned position cannot be told apart for %d slots", slots);
    int n = Math.max(1, (int) Math.ceil(Math.sqrt(slots)));
    if (n <= rows) {
      fill(learned, n, alpha, cut);
      return FloatBuffer.wrap(cut);
    }
    float[] base = learned;
    double share = alpha;
    while ((long) rows * rows < slots) {
      float[] larger = new float[Math.multiplyExact(rows * rows, width)];
      fill(base, rows, share, larger);
      base = larger;
      rows *= rows;
      share /= 2;
    }
    fill(base, rows, share, cut);
    return FloatBuffer.wrap(cut);
  }

  private void fill(float[] base, int n, double share, float[] table) {
    for (int row = 0; row * width < table.length; row++) {
      int i = row / n;
      int j = row % n;
      for (int d = 0; d < width; d++) {
        double origin = share * base[d];
        double group = (base[i * width + d] - origin) / (1 - share);
        double member = (base[j * width + d] - origin) / (1 - share);
        table[row * width + d] = (float) (share * group + (1 - share) * member);
      }
    }
  }
}
