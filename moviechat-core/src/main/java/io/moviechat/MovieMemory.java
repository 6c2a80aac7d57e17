package io.moviechat;

import io.moviechat.speech.Cues;
import io.moviechat.spi.MemoryFileFormat;
import io.moviechat.spi.SavedMemory;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * What is remembered of one movie, its cues included. Immutable and thread-safe; stays usable after
 * the movie closes.
 */
public final class MovieMemory {
  private final SavedMemory memory;
  private final Optional<MemoryFileFormat> format;

  MovieMemory(SavedMemory memory, Optional<MemoryFileFormat> format) {
    this.memory = memory;
    this.format = format;
  }

  /** The slots. */
  public MemorySnapshot snapshot() {
    return memory.snapshot();
  }

  /** Bytes of all tokens and embeddings. */
  public long bytes() {
    return memory.snapshot().bytes();
  }

  /** Name of the strategy that made it. */
  public String strategy() {
    return memory.strategy();
  }

  Cues cues() {
    return memory.cues();
  }

  String video() {
    return memory.video();
  }

  /** Like {@link #save(Path, Precision)} with {@link Precision#FLOAT32}. */
  public void save(Path file) {
    save(file, Precision.FLOAT32);
  }

  /**
   * Writes the memory to a file, from which {@link MovieChat#open(Path)} makes a movie again
   * without decoding. Either an older file or the whole new one is there afterwards, whatever
   * happens.
   *
   * @param precision how exactly the tokens are kept
   * @throws MemoryFileException if it cannot be written, or a token does not fit the precision
   * @throws IllegalStateException if no memory file format is on the class path (moviechat-memory)
   */
  public void save(Path file, Precision precision) {
    Objects.requireNonNull(precision, "precision");
    format
        .orElseThrow(() -> Services.missing(MemoryFileFormat.class, "moviechat-memory"))
        .save(memory, file, precision);
  }

  /** How exactly a memory file keeps tokens. */
  public enum Precision {
    /** As they are. 4 bytes a value. */
    FLOAT32,

    /**
     * IEEE half precision. 2 bytes a value; the error is at most {@code 2^-11} of the value, or
     * {@code 2^-25} for values below {@code 2^-14}. Values from 65520 on do not fit and are
     * refused.
     */
    FLOAT16,

    /**
     * Whole numbers from -127 to 127 with one scale per slot. 1 byte a value; the error is at most
     * 1/254 of the slot's largest magnitude.
     */
    INT8
  }
}
