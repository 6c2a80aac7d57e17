package io.moviechat.llm.checkpoint;

import java.util.List;

/**
 * A tensor of a checkpoint. Nothing is read before it is asked for; values come as float32 in
 * row-major order whatever the file's type and layout.
 */
interface Tensor {
  /** The type in the file. */
  ElementType type();

  /** Sizes of the dimensions; empty for a scalar. */
  List<Long> shape();

  /**
   * Reads values.
   *
   * @param first index of the first one in row-major order
   * @param into where they go
   * @param at index of the first place in {@code into}
   * @param count how many
   */
  void read(long first, float[] into, int at, int count);

  /** How many values there are. */
  default long size() {
    return shape().stream().reduce(1L, Math::multiplyExact);
  }

  /**
   * All values.
   *
   * @throws IllegalStateException if they are too many for an array
   */
  default float[] values() {
    long size = size();
    if (size > Integer.MAX_VALUE - 8) {
      throw new IllegalStateException(
          "a tensor of shape " + shape() + " is too large for an array");
    }
    float[] values = new float[(int) size];
    read(0, values, 0, values.length);
    return values;
  }
}
