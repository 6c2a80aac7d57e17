package io.moviechat.llm.checkpoint;

import java.nio.file.Path;
import java.util.List;

/**
 * What an import made.
 *
 * @param bundle the folder, a model bundle
 * @param bytes size of its files
 * @param parameters weights of all networks together
 * @param unused tensors of the given files that no network uses, as {@code FILE: NAME}, sorted
 */
public record ImportReport(Path bundle, long bytes, long parameters, List<String> unused) {
  /** Copies the list. */
  public ImportReport {
    unused = List.copyOf(unused);
  }
}
