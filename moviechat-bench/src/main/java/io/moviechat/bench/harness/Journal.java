package io.moviechat.bench.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What an interrupted run had found already, one cell of a table a line, so that the same command
 * goes on where it ended. A journal of another run (size, commit or model differ) is not used.
 */
public final class Journal {
  private static final char SEPARATOR = '\t';

  private final @Nullable Path file;
  private final Map<String, String> cells = new HashMap<>();

  private Journal(@Nullable Path file) {
    this.file = file;
  }

  /** Remembers nothing beyond this run. */
  public static Journal none() {
    return new Journal(null);
  }

  /**
   * Goes on with a file, or starts it.
   *
   * @param run what must be the same for the cells to be of use; one line
   */
  public static Journal at(Path file, String run) throws IOException {
    Journal journal = new Journal(file);
    Files.createDirectories(file.toAbsolutePath().getParent());
    List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
    if (lines.isEmpty() || !lines.get(0).equals(run)) {
      Files.writeString(file, run + "\n");
      return journal;
    }
    for (String line : lines.subList(1, lines.size())) {
      int at = line.indexOf(SEPARATOR);
      if (at > 0 && line.endsWith(".")) { // the last line may have been cut
        journal.cells.put(line.substring(0, at), line.substring(at + 1, line.length() - 1));
      }
    }
    return journal;
  }

  /** The text of a cell if it is remembered. */
  Optional<String> known(String key) {
    return Optional.ofNullable(cells.get(key));
  }

  /** The text of a cell: remembered, or else worked out and remembered. */
  public String cell(String key, Supplier<String> work) {
    String known = cells.get(key);
    if (known != null) {
      return known;
    }
    String text = work.get();
    cells.put(key, text);
    if (file != null) {
      try {
        // A line of its own even after one that was cut.
        Files.writeString(file, "\n" + key + SEPARATOR + text + ".\n", StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return text;
  }

  /** Forgets the file: the run is complete. */
  public void delete() throws IOException {
    if (file != null) {
      Files.deleteIfExists(file);
    }
  }
}
