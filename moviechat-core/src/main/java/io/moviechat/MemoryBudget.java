package io.moviechat;

import static io.moviechat.internal.Checks.require;

/**
 * Hard limits of a memory, whatever the length of the video.
 *
 * @param maxSlots most entries that a snapshot ever has, short-term frames included, at least 1
 * @param maxBytes most bytes of tokens and embeddings that the memory ever holds, at least 1
 */
public record MemoryBudget(int maxSlots, long maxBytes) {
  /** No limit beyond the strategy's own. */
  public static final MemoryBudget UNLIMITED = new MemoryBudget(Integer.MAX_VALUE, Long.MAX_VALUE);

  /**
   * @throws IllegalArgumentException if a component is below 1
   */
  public MemoryBudget {
    require(maxSlots >= 1, "maxSlots must be at least 1, was %d", maxSlots);
    require(maxBytes >= 1, "maxBytes must be at least 1, was %d", maxBytes);
  }

  /** A limit on entries only. */
  public static MemoryBudget ofSlots(int maxSlots) {
    return new MemoryBudget(maxSlots, Long.MAX_VALUE);
  }

  /** A limit on bytes only. */
  public static MemoryBudget ofBytes(long maxBytes) {
    return new MemoryBudget(Integer.MAX_VALUE, maxBytes);
  }

  /** Entries of the given shape that fit both limits; 0 if not even one does. */
  public int slotsOf(TokenShape shape) {
    return (int) Math.min(maxSlots, maxBytes / shape.bytes());
  }

  /**
   * What is left for tokens if each slot has an embedding too.
   *
   * @param floats of one embedding; 0 if there are none
   */
  MemoryBudget besideEmbeddings(TokenShape shape, int floats) {
    if (floats == 0 || maxBytes == Long.MAX_VALUE) {
      return this;
    }
    long embedding = (long) Float.BYTES * floats;
    long slots = Math.min(maxSlots, maxBytes / (shape.bytes() + embedding));
    return new MemoryBudget(
        (int) Math.max(1, slots),
        Math.max(1, Math.min(maxBytes - embedding, slots * shape.bytes())));
  }

  /** The stricter of both limits, component by component. */
  public MemoryBudget and(MemoryBudget other) {
    return new MemoryBudget(Math.min(maxSlots, other.maxSlots), Math.min(maxBytes, other.maxBytes));
  }
}
