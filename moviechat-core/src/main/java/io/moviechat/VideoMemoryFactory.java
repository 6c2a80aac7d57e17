package io.moviechat;

import io.moviechat.spi.PartedMemory;
import io.moviechat.spi.VideoMemory;

/** A memory strategy with its settings. Immutable and thread-safe. */
public interface VideoMemoryFactory {
  /** The strategy's name, {@code moviechat} for instance. */
  String strategy();

  /** The strategy's settings as text, for messages and saved memories; no meaning beyond that. */
  String settings();

  /**
   * The most entries that a snapshot of these settings can have, short-term frames included; {@link
   * Integer#MAX_VALUE} if only the budget limits it.
   */
  int maxSlots();

  /**
   * The same strategy within a budget: entries beyond it are merged, settings that the user chose
   * explicitly and that do not fit are refused.
   *
   * @throws IllegalArgumentException naming the setting, its value and what would fit
   */
  VideoMemoryFactory within(MemoryBudget budget, TokenShape shape);

  /**
   * Opens an empty memory.
   *
   * @return the memory; the caller closes it
   */
  VideoMemory open(TokenShape shape);

  /**
   * Opens a memory that goes on from an earlier one, so that watching can be resumed.
   *
   * @param earlier what was remembered
   * @return the memory; the caller closes it
   * @throws IllegalArgumentException if the strategy cannot go on from such a memory
   */
  VideoMemory resume(MemorySnapshot earlier);

  /**
   * How a pass of this strategy is cut into parts.
   *
   * @throws IllegalArgumentException if it cannot be, saying why
   */
  default PartedMemory inParts() {
    throw new IllegalArgumentException(
        "a pass of the memory strategy " + strategy() + " cannot be cut into parts");
  }

  /**
   * How parts of a film are remembered on their own, whatever this strategy carries from frame to
   * frame, and joined by merging.
   *
   * @throws IllegalArgumentException if they cannot be joined
   */
  default PartedMemory inBoundedParts() {
    throw new IllegalArgumentException(
        "parts of the memory strategy " + strategy() + " cannot be joined");
  }

  /**
   * Whether the times of frames decide which of them are in memory at the end: then {@link
   * PartedMemory#survivors} tells these before any is decoded.
   */
  default boolean goesByTimesAlone() {
    return false;
  }
}
