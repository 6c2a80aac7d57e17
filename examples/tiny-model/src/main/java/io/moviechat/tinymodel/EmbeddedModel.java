package io.moviechat.tinymodel;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.moviechat.ModelException;
import io.moviechat.llm.ModelBundle;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.spi.VisionLanguageModelProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The model bundle inside this artifact. ONNX Runtime reads models from files, so the bundle is
 * unpacked once into a folder named by its contents' hash, below the user's cache folder.
 *
 * <p>Thread-safe, also between processes: whoever unpacks, unpacks elsewhere first and renames.
 */
public final class EmbeddedModel implements VisionLanguageModelProvider {
  private static final String ROOT = "/io/moviechat/tinymodel/bundle/";
  private static final String NAME = "moviechat-tiny";
  private static final List<String> FILES =
      List.of(
          "chat_template.json",
          "config.json",
          "generation_config.json",
          "moviechat.json",
          "preprocessor_config.json",
          "processor_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "onnx/decoder_model_merged.onnx",
          "onnx/embed_tokens.onnx",
          "onnx/recall_rows.onnx",
          "onnx/recall_words.onnx",
          "onnx/vision_encoder.onnx");

  private final Path cache;

  /** For {@link java.util.ServiceLoader}: unpacks below the user's cache folder. */
  public EmbeddedModel() {
    this(userCache());
  }

  EmbeddedModel(Path cache) {
    this.cache = cache;
  }

  /** {@code MOVIECHAT_HOME}, else {@code ~/.cache/moviechat}: where downloaded models lie too. */
  private static Path userCache() {
    String home = System.getenv("MOVIECHAT_HOME");
    return home == null || home.isBlank()
        ? Path.of(System.getProperty("user.home"), ".cache", "moviechat")
        : Path.of(home);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public VisionLanguageModel model() {
    // Its graphs are too small to be shared out: a second thread spends more time waiting than
    // working,
    // on a core that decoding could use.
    return ModelBundle.at(folder()).withThreads(1);
  }

  /**
   * The bundle's folder, unpacked by the first call.
   *
   * @throws ModelException if it cannot be unpacked
   */
  public Path folder() {
    try {
      Path folder = cache.resolve("embedded").resolve(NAME + "-" + hash());
      if (!Files.isDirectory(folder)) {
        unpack(folder);
      }
      return folder;
    } catch (IOException e) {
      throw new ModelException(
          "cannot unpack the embedded model below "
              + cache
              + " (set MOVIECHAT_HOME to a folder that can be written)",
          e);
    }
  }

  private static String hash() throws IOException {
    Hasher hasher = Hashing.sha256().newHasher();
    for (String file : FILES) {
      byte[] bytes = read(file);
      hasher.putString(file, StandardCharsets.UTF_8).putInt(bytes.length).putBytes(bytes);
    }
    return hasher.hash().toString().substring(0, 16);
  }

  private static void unpack(Path folder) throws IOException {
    Path parent = folder.getParent();
    Files.createDirectories(parent);
    Path partial = Files.createTempDirectory(parent, ".unpacking-");
    try {
      for (String file : FILES) {
        Path target = partial.resolve(file);
        Files.createDirectories(target.getParent());
        Files.write(target, read(file));
      }
      move(partial, folder);
    } finally {
      delete(partial);
    }
  }

  private static void move(Path partial, Path folder) throws IOException {
    try {
      Files.move(partial, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(partial, folder);
    } catch (FileSystemException e) {
      if (!Files.isDirectory(folder)) {
        throw e;
      } // else another process was faster, with the same contents
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  private static byte[] read(String file) throws IOException {
    try (InputStream in = EmbeddedModel.class.getResourceAsStream(ROOT + file)) {
      if (in == null) {
        throw new IOException("the artifact lacks " + ROOT + file);
      }
      return in.readAllBytes();
    }
  }
}
