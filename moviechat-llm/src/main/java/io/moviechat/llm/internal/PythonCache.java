package io.moviechat.llm.internal;

import io.moviechat.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The layout of huggingface_hub's cache: {@code models--owner--name/snapshots/COMMIT/} holds the
 * files, as links to {@code blobs/}, and {@code refs/main} names a commit.
 */
public final class PythonCache {
  private PythonCache() {}

  /** The model's folder that a snapshot lies in, if it is one. */
  public static Optional<Path> model(Path snapshot) {
    Path snapshots = snapshot.resolve("..").normalize();
    Path model = snapshot.resolve("../..").normalize();
    boolean inside =
        snapshot.getNameCount() > 2
            && String.valueOf(snapshots.getFileName()).equals("snapshots")
            && String.valueOf(model.getFileName()).startsWith("models--");
    return inside ? Optional.of(model) : Optional.empty();
  }

  /**
   * The folder of a model's files, if the folder is a model's in such a cache.
   *
   * @throws ModelException if it is one and no snapshot can be chosen
   */
  public static Optional<Path> snapshot(Path folder) {
    Path snapshots = folder.resolve("snapshots");
    if (Files.exists(folder.resolve("config.json")) || !Files.isDirectory(snapshots)) {
      return Optional.empty();
    }
    List<Path> there;
    try (Stream<Path> folders = Files.list(snapshots)) {
      there = folders.filter(Files::isDirectory).sorted().toList();
      Path main = folder.resolve("refs").resolve("main");
      if (Files.isRegularFile(main) && Files.size(main) <= 256) {
        String commit = Files.readString(main).strip();
        Optional<Path> named =
            there.stream().filter(one -> one.getFileName().toString().equals(commit)).findFirst();
        if (named.isPresent()) {
          return named;
        }
      }
    } catch (IOException e) {
      throw new ModelException(folder + " cannot be read: " + e.getMessage(), e);
    }
    if (there.size() == 1) {
      return Optional.of(there.get(0));
    }
    throw new ModelException(
        folder
            + " is a model of huggingface_hub's cache with "
            + there.size()
            + " snapshots, and refs/main names none of them; give one of "
            + there);
  }

  /** Where Python keeps its models on this machine: as its library looks for it. */
  public static Path folder() {
    String own = System.getenv("HF_HUB_CACHE");
    if (own != null && !own.isBlank()) {
      return Path.of(own);
    }
    String home = System.getenv("HF_HOME");
    return home != null && !home.isBlank()
        ? Path.of(home, "hub")
        : Path.of(System.getProperty("user.home"), ".cache", "huggingface", "hub");
  }
}
