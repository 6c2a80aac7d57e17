package io.moviechat.memory;

import io.moviechat.spi.MemoryFileFormat;
import io.moviechat.spi.SavedMemory;
import java.nio.file.Path;

/** {@link MemoryFile} for {@link java.util.ServiceLoader}. Thread-safe. */
public final class SafetensorsMemoryFormat implements MemoryFileFormat {
  /** For {@link java.util.ServiceLoader}. */
  public SafetensorsMemoryFormat() {}

  @Override
  public void save(SavedMemory memory, Path file) {
    MemoryFile.save(memory, file);
  }

  @Override
  public SavedMemory open(Path file) {
    return MemoryFile.open(file);
  }
}
