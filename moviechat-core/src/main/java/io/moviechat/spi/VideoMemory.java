package io.moviechat.spi;

import io.moviechat.FrameTokens;
import io.moviechat.MemoryBudget;
import io.moviechat.MemoryFileException;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

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
   * @param frame borrowed until the call returns; its timestamp is after that of the frame before.
   *     A strategy that knows of {@link FrameTokens#embedding() embeddings} gives them to slots,
   *     averaged as the tokens are; all frames have one of the same size, or none has
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

  /** A memory strategy with its settings. Immutable and thread-safe. */
  interface Factory {
    /** The strategy's name, {@code moviechat} for instance. */
    String strategy();

    /** The strategy's settings as text, for messages and saved memories; no meaning beyond that. */
    String settings();

    /**
     * The most entries that a snapshot of these settings can have, short-term frames included;
     * {@link Integer#MAX_VALUE} if only the budget limits it.
     */
    int maxSlots();

    /**
     * The same strategy within a budget: entries beyond it are merged, settings that the user chose
     * explicitly and that do not fit are refused.
     *
     * @throws IllegalArgumentException naming the setting, its value and what would fit
     */
    Factory within(MemoryBudget budget, TokenShape shape);

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
    default Parts inParts() {
      throw new IllegalArgumentException(
          "a pass of the memory strategy " + strategy() + " cannot be cut into parts");
    }

    /**
     * How parts of a film are remembered on their own, whatever this strategy carries from frame to
     * frame, and joined by merging.
     *
     * @throws IllegalArgumentException if they cannot be joined
     */
    default Parts inBoundedParts() {
      throw new IllegalArgumentException(
          "parts of the memory strategy " + strategy() + " cannot be joined");
    }

    /**
     * Whether the times of frames decide which of them are in memory at the end: then {@link
     * Parts#survivors} tells these before any is decoded.
     */
    default boolean goesByTimesAlone() {
      return false;
    }
  }

  /**
   * How a strategy's pass over a film is cut into parts that do not need each other, and joined so
   * that the result equals that of one pass, to the bit. Immutable and thread-safe. Unsettled: so
   * far only this project has written one.
   */
  interface Parts {
    /** Every part but the last has a multiple of so many frames. */
    int window();

    /** Fewest frames of the last of several parts. */
    int leastLast();

    /**
     * Which frames are in memory when a pass ends, where their times alone decide it. Only these
     * need to be decoded and encoded, in parts or not.
     *
     * @param times of all frames of the pass in nanoseconds, ascending
     * @return indices in {@code times}, ascending; empty if what frames show matters
     */
    default Optional<int[]> survivors(long[] times) {
      return Optional.empty();
    }

    /**
     * Opens the memory of one part, empty.
     *
     * @param frames most frames that it will be given
     * @return the memory; the caller closes it
     */
    VideoMemory openPart(TokenShape shape, int frames);

    /**
     * Writes what {@link #join} needs of a part, as a whole or not at all.
     *
     * @param part from {@link #openPart}, given all its frames
     * @param last whether it is the film's last part
     * @param label kept beside it
     * @throws MemoryFileException if it cannot be written
     */
    void savePart(VideoMemory part, boolean last, String label, Path file);

    /**
     * The label of a part's file.
     *
     * @throws MemoryFileException if it cannot be read, or is damaged or of another kind
     */
    String labelOf(Path file);

    /**
     * Goes through the parts in order of time and does what one pass would have done.
     *
     * @param parts files of {@link #savePart}, all of them, in order
     * @param frames of the whole pass, those that did not survive included
     * @param end time of the last of them
     * @return the memory after the whole film; the caller closes it
     * @throws MemoryFileException if a file cannot be read
     * @throws IllegalArgumentException if the parts do not add up to the film
     */
    VideoMemory join(TokenShape shape, List<Path> parts, long frames, Duration end);
  }
}
