package io.moviechat.memory;

import io.moviechat.MemoryFileException;
import io.moviechat.MovieMemory;
import io.moviechat.spi.SavedMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Memories in files, in the safetensors format: eight bytes with the length of a JSON header
 * (little-endian), the header, then raw little-endian tensors. Any reader of that format can read
 * them; docs/memory.md lists the tensors and the metadata.
 *
 * <p>A file is replaced as a whole or not at all, whatever happens meanwhile. The last 32 bytes are
 * a SHA-256 of everything before them, checked before anything else is believed. Files of format
 * version 1 stay readable.
 *
 * <p>Thread-safe: there is no state.
 */
final class MemoryFile {
  private MemoryFile() {}

  /**
   * Saves a memory, replacing a file that is there. Written to a new file beside it, forced to the
   * disk and renamed.
   *
   * @param precision how exactly the tokens are kept
   * @throws MemoryFileException if the file cannot be written (the old one is still there then), or
   *     a token does not fit the precision
   */
  static void save(SavedMemory memory, Path file, MovieMemory.Precision precision) {
    TokenType type = TokenType.of(Objects.requireNonNull(precision, "precision"));
    try {
      new MemoryFileWriter(memory, file, type).write();
    } catch (IOException e) {
      throw new MemoryFileException(
          "the memory could not be saved to "
              + file
              + " ("
              + e
              + "); what was there before is unchanged. Is there room, and may this user write"
              + " there?",
          e);
    }
  }

  /**
   * Reads a memory.
   *
   * @throws MemoryFileException if the file is missing, damaged, not a memory, or of a later format
   */
  static SavedMemory open(Path file) {
    try {
      return new MemoryFileReader(file).read();
    } catch (IOException e) {
      throw new MemoryFileException("the memory file " + file + " could not be read: " + e, e);
    }
  }
}
