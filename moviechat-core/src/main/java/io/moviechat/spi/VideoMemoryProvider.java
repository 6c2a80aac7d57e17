package io.moviechat.spi;

import io.moviechat.MemorySnapshot;
import java.util.List;

/** Offers memory strategies by name. Found by {@link java.util.ServiceLoader}. Thread-safe. */
public interface VideoMemoryProvider {
  /** Names of the strategies, the default one first. */
  List<String> strategies();

  /**
   * A strategy with settings that suit a model.
   *
   * @param defaults the model's wishes; what it leaves open takes the strategy's own default
   * @throws IllegalArgumentException if there is no such strategy, naming those that exist
   */
  VideoMemory.Factory factory(ModelDefaults defaults);

  /**
   * Consolidates a memory at question time to what a prompt holds: merges of what the question
   * wants are dear. The slots given tile the same time, in order.
   *
   * @param memory any number of slots
   * @param relevance how much the question wants each slot, in [0, 1]
   * @param slots at most so many are left, at least 1
   * @return the memory itself if it has no more slots than that
   * @throws UnsupportedOperationException if this provider cannot
   */
  default MemorySnapshot recall(MemorySnapshot memory, float[] relevance, int slots) {
    throw new UnsupportedOperationException(
        this + " cannot consolidate at question time; moviechat-memory can");
  }
}
