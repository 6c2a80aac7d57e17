package io.moviechat.bench.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** A folder of annotation files, or a single one. What cannot be read is named in the dataset. */
final class Annotations {
  /** Larger files are videos or archives, not annotations. */
  private static final long MOST_BYTES = 512L << 20;

  private static final int DEEPEST = 6;

  private final Path root;
  private final Dataset dataset;

  Annotations(Path root, Dataset dataset) {
    this.root = root;
    this.dataset = dataset;
  }

  Dataset dataset() {
    return dataset;
  }

  /** Files whose name fits, at any depth, sorted by path; a single file given as root always. */
  List<Path> files(Predicate<String> name) throws IOException {
    if (Files.isRegularFile(root)) {
      return List.of(root);
    }
    if (!Files.isDirectory(root)) {
      throw new NoSuchFileException(root.toString());
    }
    try (Stream<Path> walk = Files.walk(root, DEEPEST)) {
      return walk.filter(file -> name.test(String.valueOf(file.getFileName())))
          .filter(Files::isRegularFile)
          .sorted()
          .toList();
    }
  }

  /** The one file of a name; empty if there is none or, which is a problem, several. */
  Optional<Path> file(String name) throws IOException {
    List<Path> found = files(name::equals);
    if (found.size() > 1) {
      dataset.problem("several files are called " + name + ": " + found + "; none is read");
    }
    return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
  }

  /**
   * The one file of a name.
   *
   * @throws NoSuchFileException if there is none, saying what was looked for and what is there
   */
  Path needed(String name) throws IOException {
    Optional<Path> found = file(name);
    if (found.isEmpty()) {
      List<String> there =
          files(any -> true).stream()
              .limit(8)
              .map(file -> String.valueOf(file.getFileName()))
              .toList();
      throw new NoSuchFileException(
          root.toString(), null, "no file " + name + " is there; there are " + there);
    }
    return found.get();
  }

  String name(Path file) {
    return Files.isRegularFile(root)
        ? String.valueOf(root.getFileName())
        : root.relativize(file).toString().replace('\\', '/');
  }

  /** A whole JSON document; empty, with a problem, if it is none. */
  Optional<JsonNode> json(Path file) throws IOException {
    Optional<String> text = text(file);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(Json.MAPPER.readTree(text.get()));
    } catch (JsonProcessingException e) {
      dataset.problem(name(file) + ": left out, it is not JSON: " + because(e));
      return Optional.empty();
    }
  }

  /** Elements of a JSON array, values of a file of JSON Lines, or the document itself. */
  void records(Path file, BiConsumer<String, JsonNode> taker) throws IOException {
    Optional<String> text = text(file);
    if (text.isEmpty()) {
      return;
    }
    String name = name(file);
    String first = text.get().stripLeading();
    List<String> lines = text.get().lines().filter(line -> !line.isBlank()).toList();
    boolean isLines =
        name.endsWith(".jsonl") || (first.startsWith("{") && lines.size() > 1 && isObject(lines));
    if (!isLines) {
      Optional<JsonNode> whole = json(file);
      if (whole.isPresent() && whole.get().isArray()) {
        int n = 0;
        for (JsonNode element : whole.get()) {
          taker.accept(name + "[" + n++ + "]", element);
        }
      } else {
        whole.ifPresent(node -> taker.accept(name, node));
      }
      return;
    }
    for (int n = 0; n < lines.size(); n++) {
      String where = name + ", line " + (n + 1);
      try {
        taker.accept(where, Json.MAPPER.readTree(lines.get(n)));
      } catch (JsonProcessingException e) {
        dataset.problem(where + ": left out, it is not JSON: " + because(e));
      }
    }
  }

  private static boolean isObject(List<String> lines) {
    try {
      return Json.MAPPER.readTree(lines.get(0)).isObject()
          && Json.MAPPER.readTree(lines.get(1)).isObject();
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  /** Rows of a CSV file with a heading. */
  void rows(Path file, BiConsumer<String, Map<String, String>> taker) throws IOException {
    Optional<String> text = text(file);
    if (text.isEmpty()) {
      return;
    }
    CsvSchema schema =
        CsvSchema.emptySchema()
            .withHeader()
            .withColumnSeparator(name(file).endsWith(".tsv") ? '\t' : ',');
    List<Map<String, String>> rows = new ArrayList<>();
    try (MappingIterator<Map<String, String>> all =
        new CsvMapper().readerForMapOf(String.class).with(schema).readValues(text.get())) {
      all.forEachRemaining(rows::add);
    } catch (RuntimeException | JsonProcessingException e) {
      dataset.problem(
          name(file)
              + ": only "
              + rows.size()
              + " rows can be read: "
              + firstLine(String.valueOf(e.getMessage())));
    }
    for (int n = 0; n < rows.size(); n++) {
      taker.accept(name(file) + ", row " + (n + 1), rows.get(n));
    }
  }

  /**
   * The text of a file, whose hash is kept; empty, with a problem, if it is too large or no text.
   */
  Optional<String> text(Path file) throws IOException {
    if (Files.size(file) > MOST_BYTES) {
      dataset.problem(name(file) + ": left out, it has " + Files.size(file) + " bytes");
      return Optional.empty();
    }
    byte[] bytes = Files.readAllBytes(file);
    dataset.hash(name(file), Hashing.sha256().hashBytes(bytes).toString());
    String text = new String(bytes, StandardCharsets.UTF_8);
    return Optional.of(text.startsWith("\uFEFF") ? text.substring(1) : text);
  }

  private static String because(JsonProcessingException e) {
    return firstLine(e.getOriginalMessage())
        + (e.getLocation() == null
            ? ""
            : " (line "
                + e.getLocation().getLineNr()
                + ", column "
                + e.getLocation().getColumnNr()
                + ")");
  }

  private static String firstLine(String text) {
    return String.valueOf(text).lines().findFirst().orElse("");
  }
}
