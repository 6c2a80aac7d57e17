package io.moviechat.spi;

import io.moviechat.MemoryFileException;
import io.moviechat.MovieMemory;
import java.nio.file.Path;

/**
 * Writes memories to files and reads them. Found by {@link java.util.ServiceLoader}. Thread-safe.
 */
public interface MemoryFileFormat {
  /**
   * Writes a memory. Either the old file or the whole new one is there afterwards, whatever
   * happens.
   *
   * @param precision how exactly the tokens are kept
   * @throws MemoryFileException if it cannot be written, or a token does not fit the precision
   */
  void save(SavedMemory memory, Path file, MovieMemory.Precision precision);

  /**
   * Reads a memory. Everything is checked before it is believed.
   *
   * @throws MemoryFileException if the file is missing, damaged or of a later format
   */
  SavedMemory open(Path file);
}
