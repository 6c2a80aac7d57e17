package io.moviechat.memory;

import java.nio.FloatBuffer;

/**
 * A fixed number of rows, each the tokens of one frame ({@code [N, D]} float32), and the arithmetic
 * on them that memories need. All room is taken when the store is made; no operation allocates.
 */
interface TokenStore extends AutoCloseable {
  /**
   * Copies a frame into a row.
   *
   * @param values {@code N * D} remaining floats; the position does not move
   * @param mean gets the mean of the tokens, which is not finite if one of the values is not
   */
  void put(int row, FloatBuffer values, float[] mean);

  /** Calculates what {@link #put} would, and copies nothing. */
  void mean(FloatBuffer values, float[] mean);

  /** Copies a row out, {@code N * D} floats. */
  void get(int row, float[] values);

  /** Copies one row to another. */
  void copy(int from, int to);

  /** {@code into = a * into + b * other}. */
  void blend(int into, float a, int other, float b);

  /**
   * Writes weighted sums of rows. Group g has the indices from {@code starts[g]} to {@code starts[g
   * + 1]}, exclusive: the row at the first of them becomes the sum over the group of {@code
   * coefficients[i] * rows[i]}; the other rows of the group hold nothing of use afterwards.
   *
   * @param rows distinct rows
   */
  void combine(int[] rows, float[] coefficients, int[] starts, int groups);

  /**
   * Inner products of token j of one row with token j of another, for every j and every two of many
   * rows, where that is cheaper than {@link #dots} of those that turn out to be needed.
   *
   * @param products gets {@code [count][count][N]}, those with {@code a <= b}
   * @return false, with nothing done, where it is not
   */
  boolean products(int[] rows, int count, double[][][] products);

  /** Whether {@link #products} does anything, so that frames need not be compared as they come. */
  boolean comparesWindows();

  /** Inner products of token j of one row with token j of another, for every j. */
  void dots(int a, int b, double[] perToken);

  /** Bytes on the Java heap. */
  long heapBytes();

  /** Native bytes in host memory. */
  long offHeapBytes();

  /** Bytes on an accelerator. */
  long deviceBytes();

  /** Frees everything. Closing twice is fine. */
  @Override
  void close();
}
