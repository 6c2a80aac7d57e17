package io.moviechat.llm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Finds the files that tests read. */
public final class TestData {
  private TestData() {}

  /** The folder with one folder for each model. */
  static Path fixtures() {
    return root("moviechat.fixtures.vlm", "fixtures");
  }

  static Path goldens() {
    return root("moviechat.goldens.memory", "goldens");
  }

  public static Path oneVision() {
    return resource("fixtures").resolve("vlm-tiny-llava-onevision");
  }

  public static Path smolVlm() {
    return resource("fixtures").resolve("vlm-tiny-smolvlm");
  }

  public static Path speech() {
    return resource("speech").resolve("speech-tiny");
  }

  private static Path root(String property, String name) {
    String given = System.getProperty(property, "");
    return given.isEmpty() ? resource(name) : Path.of(given);
  }

  static Path resource(String name) {
    URL url = Objects.requireNonNull(TestData.class.getResource(name), name);
    try {
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Sub-folders with an expected.json and a language model: others are other kinds of models. */
  static List<Path> models() {
    try (Stream<Path> folders = Files.list(fixtures())) {
      return folders
          .filter(folder -> Files.isRegularFile(folder.resolve("expected.json")))
          .filter(TestData::hasDecoder)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean hasDecoder(Path folder) {
    try (Stream<Path> graphs = Files.list(folder.resolve("onnx"))) {
      return graphs.anyMatch(
          graph -> graph.getFileName().toString().startsWith("decoder_model_merged"));
    } catch (IOException e) {
      return false;
    }
  }

  static float[] floats(Path file) {
    ByteBuffer bytes = ByteBuffer.wrap(bytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[bytes.remaining() / 4];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Copies a bundle so that a test can damage it. */
  static Path copy(Path from, Path to) {
    try {
      Files.walkFileTree(
          from,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes)
                throws IOException {
              Files.createDirectories(to.resolve(from.relativize(dir).toString()));
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Path target = to.resolve(from.relativize(file).toString());
              Files.write(target, Files.readAllBytes(file));
              return FileVisitResult.CONTINUE;
            }
          });
      return to;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
