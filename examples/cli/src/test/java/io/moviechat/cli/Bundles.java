package io.moviechat.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The tiny bundles with random weights: they answer nonsense, always the same. */
final class Bundles {
  static final String ONE_VISION = "vlm-tiny-llava-onevision";
  static final String SMOL_VLM = "vlm-tiny-smolvlm";

  static final String CLIP = "dual-tiny-clip";

  private Bundles() {}

  static Path of(String name) {
    URL config = Bundles.class.getResource("/bundles/" + name + "/config.json");
    try {
      return Path.of(Objects.requireNonNull(config, name).toURI()).getParent();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A copy that a test may spoil. */
  static Path copy(String name, Path folder) {
    Path from = of(name);
    Path to = folder.resolve(name);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
      return to;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void truncate(Path file, double share) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, (int) (share * bytes.length)));
  }

  static void replace(Path file, String from, String to) throws IOException {
    String text = Files.readString(file, StandardCharsets.UTF_8);
    if (!text.contains(from)) {
      throw new IllegalStateException(file + " does not contain " + from);
    }
    Files.writeString(file, text.replace(from, to), StandardCharsets.UTF_8);
  }

  static List<String> all() {
    return List.of(ONE_VISION, SMOL_VLM);
  }
}
