package io.moviechat.spi;

import io.moviechat.FrameTokens;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;

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
   *     does not advance; the memory is unchanged. The message has the other shape's numbers, the
   *     value, or the frame's time
   * @throws IllegalStateException if closed
   */
  void add(FrameTokens frame);

  /**
   * What is remembered now. Costs O(slots).
   *
   * @throws IllegalStateException if closed
   */
  MemorySnapshot snapshot();

  /** Counts and bytes. */
  Stats stats();

  /** Forgets everything and starts anew. */
  void reset();

  /** Frees everything. Closing twice is fine. */
  @Override
  void close();

  /** What a memory has done and what it holds. Immutable. */
  final class Stats {
    private final long frames;
    private final long merges;
    private final int slots;
    private final long heapBytes;
    private final long offHeapBytes;
    private final long deviceBytes;

    private Stats(
        long frames, long merges, int slots, long heapBytes, long offHeapBytes, long deviceBytes) {
      this.frames = frames;
      this.merges = merges;
      this.slots = slots;
      this.heapBytes = heapBytes;
      this.offHeapBytes = offHeapBytes;
      this.deviceBytes = deviceBytes;
    }

    /**
     * Counts of a memory that holds no bytes.
     *
     * @param frames frames seen since the start or the last reset
     * @param merges pairs merged
     * @param slots entries held now, short-term frames included
     */
    public static Stats of(long frames, long merges, int slots) {
      return new Stats(frames, merges, slots, 0, 0, 0);
    }

    /** The same with bytes on the Java heap. */
    public Stats withHeapBytes(long bytes) {
      return new Stats(frames, merges, slots, bytes, offHeapBytes, deviceBytes);
    }

    /** The same with native bytes in host memory. */
    public Stats withOffHeapBytes(long bytes) {
      return new Stats(frames, merges, slots, heapBytes, bytes, deviceBytes);
    }

    /** The same with bytes on an accelerator. */
    public Stats withDeviceBytes(long bytes) {
      return new Stats(frames, merges, slots, heapBytes, offHeapBytes, bytes);
    }

    /** Frames seen since the start or the last reset. */
    public long frames() {
      return frames;
    }

    /** Pairs merged. */
    public long merges() {
      return merges;
    }

    /** Entries held now, short-term frames included. */
    public int slots() {
      return slots;
    }

    /** Bytes on the Java heap. */
    public long heapBytes() {
      return heapBytes;
    }

    /** Native bytes in host memory. */
    public long offHeapBytes() {
      return offHeapBytes;
    }

    /** Bytes on an accelerator. */
    public long deviceBytes() {
      return deviceBytes;
    }

    /** All bytes together. */
    public long bytes() {
      return heapBytes + offHeapBytes + deviceBytes;
    }

    @Override
    public String toString() {
      return "Stats[%d frames, %d merges, %d slots, %d bytes]"
          .formatted(frames, merges, slots, bytes());
    }
  }
}
