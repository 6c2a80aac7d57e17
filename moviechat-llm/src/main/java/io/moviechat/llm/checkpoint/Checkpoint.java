package io.moviechat.llm.checkpoint;

import com.google.common.io.Closer;
import io.moviechat.ModelException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Tensors by name, from one file or a folder of them. */
final class Checkpoint implements Closeable {
  private static final int NAMES_IN_A_MESSAGE = 12;

  private final String name;
  private final Map<String, Tensor> tensors;
  private final Closeable files;

  /**
   * @param name of the file or folder, for messages
   * @param files closed with this
   */
  Checkpoint(String name, Map<String, Tensor> tensors, Closeable files) {
    this.name = name;
    this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    this.files = files;
  }

  /**
   * Opens a PyTorch file (zip or the older layout), a safetensors file, or a folder of them as
   * Hugging Face lays it out. The layout is told from the content, not from the name.
   *
   * @throws ModelException if it is none of these, or damaged
   */
  static Checkpoint open(Path path) {
    try {
      if (Files.isDirectory(path)) {
        return HuggingFaceFolder.open(path);
      }
      if (!Files.isRegularFile(path)) {
        throw new NoSuchFileException(path.toString());
      }
      byte[] head = head(path);
      if (head.length >= 4 && head[0] == 'P' && head[1] == 'K') {
        return TorchFile.openZip(path);
      }
      if (head.length >= 9 && head[8] == '{') {
        return SafetensorsFile.open(path);
      }
      if (head.length >= 2 && (head[0] & 0xff) == 0x80) {
        return TorchFile.openLegacy(path);
      }
      throw new ModelException(
          path
              + " is neither a PyTorch checkpoint nor a safetensors file ("
              + (head.length == 0 ? "it is empty" : "its first bytes are of neither")
              + "); download it again");
    } catch (NoSuchFileException e) {
      throw new ModelException("there is no checkpoint at " + path, e);
    } catch (IOException e) {
      throw new ModelException("cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  private static byte[] head(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path)) {
      ByteBuffer buffer = ByteBuffer.allocate(9);
      while (buffer.hasRemaining() && channel.read(buffer) >= 0) {}
      byte[] head = new byte[buffer.position()];
      buffer.flip();
      buffer.get(head);
      return head;
    }
  }

  String name() {
    return name;
  }

  Set<String> names() {
    return tensors.keySet();
  }

  boolean has(String key) {
    return tensors.containsKey(key);
  }

  /**
   * @throws ModelException if there is none of that name; the message has the nearest names
   */
  Tensor get(String key) {
    Tensor tensor = tensors.get(key);
    if (tensor == null) {
      throw new ModelException(
          "%s has no tensor %s%s".formatted(name, key, nearest(key, tensors.keySet())));
    }
    return tensor;
  }

  /** These tensors over those: of a name that both have, this one's is taken. */
  Checkpoint over(Checkpoint other) {
    Map<String, Tensor> both = new LinkedHashMap<>(other.tensors);
    both.putAll(tensors);
    return new Checkpoint(name + " over " + other.name, both, () -> {});
  }

  /** The tensors whose names are wanted, under the same names. */
  Checkpoint only(Predicate<String> wanted) {
    Map<String, Tensor> some = new LinkedHashMap<>(tensors);
    some.keySet().removeIf(wanted.negate());
    return new Checkpoint(name, some, () -> {});
  }

  /**
   * Checks that tensors are there and have the right shapes.
   *
   * @param expected shapes by name
   * @param ignorable names that may be there beside them; any other is an error, since weights that
   *     are not used would make a network that is not the published one
   * @throws ModelException listing all that is wrong
   */
  void require(Map<String, List<Long>> expected, Predicate<String> ignorable) {
    List<String> unknown =
        tensors.keySet().stream()
            .filter(key -> !expected.containsKey(key) && !ignorable.test(key))
            .toList();
    List<String> problems = new ArrayList<>();
    expected.forEach(
        (key, shape) -> {
          Tensor tensor = tensors.get(key);
          if (tensor == null) {
            problems.add(
                "missing: "
                    + key
                    + " "
                    + shape
                    + nearest(key, unknown.isEmpty() ? names() : unknown));
          } else if (!tensor.shape().equals(shape)) {
            problems.add("wrong shape: " + key + " is " + tensor.shape() + ", expected " + shape);
          } else if (!tensor.type().isFloating()) {
            problems.add("wrong type: " + key + " is " + tensor.type() + ", expected numbers");
          }
        });
    for (String key : unknown) {
      problems.add(
          "unknown: "
              + key
              + " "
              + Objects.requireNonNull(tensors.get(key)).shape()
              + nearest(key, expected.keySet()));
    }
    if (!problems.isEmpty()) {
      int shown = Math.min(problems.size(), NAMES_IN_A_MESSAGE);
      throw new ModelException(
          "%s does not hold what was expected of it (%d tensors):%n  %s%s"
              .formatted(
                  name,
                  problems.size(),
                  String.join("%n  ".formatted(), problems.subList(0, shown)),
                  shown < problems.size()
                      ? "%n  and %d more".formatted(problems.size() - shown)
                      : ""));
    }
  }

  /** The names that differ least from a name, as the end of a message. */
  private static String nearest(String key, Iterable<String> names) {
    TreeMap<Integer, String> byDistance = new TreeMap<>();
    int examined = 0;
    for (String candidate : names) {
      if (++examined > 5000) {
        break;
      }
      byDistance.putIfAbsent(distance(key, candidate), candidate);
    }
    if (byDistance.isEmpty() || byDistance.firstKey() > key.length() / 2) {
      return "";
    }
    return " (nearest: " + Unpickler.printable(byDistance.firstEntry().getValue()) + ")";
  }

  /** Levenshtein's distance. */
  private static int distance(String a, String b) {
    if (b.length() > 200) {
      return Integer.MAX_VALUE;
    }
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }

  /** Closes several things as one. */
  static Closeable closing(List<? extends Closeable> things) {
    return () -> {
      try (Closer closer = Closer.create()) {
        things.forEach(closer::register);
      }
    };
  }

  @Override
  public void close() {
    try {
      files.close();
    } catch (IOException e) {
      throw new ModelException("cannot close " + name, e);
    }
  }
}
