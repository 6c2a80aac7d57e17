package io.moviechat.llm;

import com.google.common.primitives.ImmutableLongArray;
import io.moviechat.llm.internal.ElementType;

/**
 * One state that a decoder keeps between its runs: keys or values of attention, which grow by a row
 * for each position, or a state of fixed shape (of convolutions, of linear attention), which each
 * run replaces.
 *
 * @param layer the layer's own number; layers without a state leave gaps
 * @param past the input's name
 * @param present the output's name
 * @param type of the elements
 * @param dims for a batch of one; of a growing state [1, heads, -1, width]
 */
record CacheSpec(
    int layer, String past, String present, ElementType type, ImmutableLongArray dims) {
  /** Whether it grows by a row for each position. */
  boolean grows() {
    return dims.length() == 4 && dims.get(2) < 0;
  }

  int heads() {
    return (int) dims.get(1);
  }

  int headDim() {
    return (int) dims.get(dims.length() - 1);
  }

  /** Bytes of one position of a growing state, all bytes of a fixed one. */
  long bytes() {
    long bytes = type.bytes();
    for (long side : dims.asList()) {
      bytes = Math.multiplyExact(bytes, side < 0 ? 1 : side);
    }
    return bytes;
  }
}
