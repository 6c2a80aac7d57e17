package io.moviechat.bench.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Items of a benchmark as they were read, and what was wrong with the files. Not thread-safe. */
final class Dataset {
  private final Map<String, EvalItem> items = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();
  private final Map<String, String> hashes = new LinkedHashMap<>();

  /**
   * Adds an item, or says why it is left out.
   *
   * @param where the record, for the message
   * @param item makes the item; an {@link IllegalArgumentException} says what is wrong with it
   */
  void add(String where, Supplier<EvalItem> item) {
    try {
      EvalItem made = item.get();
      if (items.putIfAbsent(made.id(), made) != null) {
        problem(where + ": the id " + made.id() + " is there twice; the later one is left out");
      }
    } catch (IllegalArgumentException e) {
      problem(where + ": left out, " + e.getMessage());
    }
  }

  void problem(String text) {
    problems.add(text);
  }

  void hash(String file, String sha256) {
    hashes.put(file, sha256);
  }

  /** In the order of the files. */
  List<EvalItem> items() {
    return List.copyOf(items.values());
  }

  /** One line per record or file that was left out. */
  List<String> problems() {
    return List.copyOf(problems);
  }

  /** SHA-256 of each file that was read, by its path below the annotations' folder. */
  Map<String, String> hashes() {
    return Map.copyOf(hashes);
  }
}
