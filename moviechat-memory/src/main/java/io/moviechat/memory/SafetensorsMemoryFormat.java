package io.moviechat.memory;

import io.moviechat.MovieMemory;
import io.moviechat.spi.MemoryFileFormat;
import io.moviechat.spi.SavedMemory;
import java.nio.file.Path;

/**
 * Memories in files of the safetensors format, for {@link java.util.ServiceLoader}; docs/memory.md
 * lists the tensors. Thread-safe.
 */
public final class SafetensorsMemoryFormat implements MemoryFileFormat {
  /** For {@link java.util.ServiceLoader}. */
  public SafetensorsMemoryFormat() {}

  @Override
  public void save(SavedMemory memory, Path file, MovieMemory.Precision precision) {
    MemoryFile.save(memory, file, precision);
  }

  @Override
  public SavedMemory open(Path file) {
    return MemoryFile.open(file);
  }
}
