package io.moviechat.spi;

import io.moviechat.MemoryFileException;
import io.moviechat.TokenShape;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How a strategy's pass over a film is cut into parts that do not need each other, and joined so
 * that the result equals that of one pass, to the bit. Immutable and thread-safe.
 */
public interface PartedMemory {
  /** Every part but the last has a multiple of so many frames. */
  int window();

  /** Fewest frames of the last of several parts. */
  int leastLast();

  /**
   * Which frames are in memory when a pass ends, where their times alone decide it. Only these need
   * to be decoded and encoded, in parts or not.
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
