package io.moviechat.spi;

import io.moviechat.FrameTokens;
import io.moviechat.MemorySnapshot;
import io.moviechat.MemoryStats;
import io.moviechat.TokenShape;
import java.time.Duration;

/**
 * A bounded memory of a video, however long the video is.
 *
 * <p><b>Bounded.</b> Never more than its {@link io.moviechat.MemoryBudget}. <b>Deterministic.</b>
 * The same frames give the same memory on any number of threads. <b>Safe.</b> A refused frame
 * leaves the memory as it was. <b>Threads.</b> One call at a time, not always from the same thread.
 */
public interface VideoMemory extends AutoCloseable {
  /** N and D of the frames that it takes. */
  TokenShape shape();

  /**
   * Remembers one more frame.
   *
   * @param frame borrowed until the call returns; its timestamp is after that of the frame before
   * @throws IllegalArgumentException if the shape is another one, a value is not finite, or time
   *     does not advance; the memory is unchanged
   * @throws IllegalStateException if closed
   */
  void add(FrameTokens frame);

  /**
   * What is remembered now. Costs O(slots).
   *
   * @throws IllegalStateException if closed
   */
  MemorySnapshot snapshot();

  /**
   * What is remembered of the time until a moment, nothing later merged in: {@link
   * MemorySnapshot#until(Duration)} of the present snapshot unless a strategy knows better.
   *
   * @param moment not negative
   */
  default MemorySnapshot snapshotAt(Duration moment) {
    return snapshot().until(moment);
  }

  /** Counts and bytes. */
  MemoryStats stats();

  /** Forgets everything and starts anew. */
  void reset();

  /** Frees everything. Closing twice is fine. */
  @Override
  void close();
}
