package io.moviechat.llm.internal;

import com.google.common.primitives.ImmutableLongArray;

/**
 * An input or output as a graph declares it.
 *
 * @param name its name
 * @param type its element type
 * @param dims its sides; -1 where the graph leaves a side open
 */
public record TensorInfo(String name, ElementType type, ImmutableLongArray dims) {
  public int rank() {
    return dims.length();
  }

  /** A side, -1 if it is open or does not exist. */
  public long dim(int axis) {
    return axis < dims.length() ? dims.get(axis) : -1;
  }

  @Override
  public String toString() {
    return "'" + name + "' " + type + " " + dims;
  }
}
