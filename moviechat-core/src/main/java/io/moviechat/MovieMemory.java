package io.moviechat;

import io.moviechat.spi.MemoryFileFormat;
import io.moviechat.spi.SavedMemory;
import java.nio.file.Path;

/**
 * What is remembered of one movie. Immutable and thread-safe; stays usable after the movie closes.
 */
public final class MovieMemory {
  private final SavedMemory memory;

  MovieMemory(SavedMemory memory) {
    this.memory = memory;
  }

  /** The slots. */
  public MemorySnapshot snapshot() {
    return memory.snapshot();
  }

  /** Bytes of all tokens. */
  public long bytes() {
    return memory.snapshot().bytes();
  }

  /** Name of the strategy that made it. */
  public String strategy() {
    return memory.strategy();
  }

  /**
   * Writes the memory to a file, from which {@link MovieChat#open(Path)} makes a movie again
   * without decoding. Either an older file or the whole new one is there afterwards, whatever
   * happens.
   *
   * @throws MemoryFileException if it cannot be written
   * @throws IllegalStateException if no memory file format is on the class path (moviechat-memory)
   */
  public void save(Path file) {
    save(file, TokenPrecision.FLOAT32);
  }

  /**
   * {@link #save(Path)} with fewer bytes a value: half or a quarter of the file.
   *
   * @throws MemoryFileException if it cannot be written, or a token does not fit the precision
   * @throws IllegalStateException if no memory file format is on the class path (moviechat-memory)
   */
  public void save(Path file, TokenPrecision precision) {
    Services.only(MemoryFileFormat.class, "moviechat-memory").save(memory, file, precision);
  }

  SavedMemory saved() {
    return memory;
  }
}
