package io.moviechat.tinymodel;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.moviechat.ModelException;
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
 * A bundle among this artifact's resources. ONNX Runtime reads models from files, so it is unpacked
 * once into a folder named by its contents' hash.
 *
 * <p>Thread-safe, also between processes: whoever unpacks, unpacks elsewhere first and renames.
 *
 * @param name of the model
 * @param root of its resources, with a slash at the end
 * @param files below the root
 */
record Resources(String name, String root, List<String> files) {
  /** {@code MOVIECHAT_HOME}, else {@code ~/.cache/moviechat}: where downloaded models lie too. */
  static Path userCache() {
    String home = System.getenv("MOVIECHAT_HOME");
    return home == null || home.isBlank()
        ? Path.of(System.getProperty("user.home"), ".cache", "moviechat")
        : Path.of(home);
  }

  /**
   * The bundle's folder below a cache folder, unpacked by the first call.
   *
   * @throws ModelException if it cannot be unpacked
   */
  Path folder(Path cache) {
    try {
      Path folder = cache.resolve("embedded").resolve(name + "-" + hash());
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

  private String hash() throws IOException {
    Hasher hasher = Hashing.sha256().newHasher();
    for (String file : files) {
      byte[] bytes = read(file);
      hasher.putString(file, StandardCharsets.UTF_8).putInt(bytes.length).putBytes(bytes);
    }
    return hasher.hash().toString().substring(0, 16);
  }

  private void unpack(Path folder) throws IOException {
    Path parent = folder.getParent();
    Files.createDirectories(parent);
    Path partial = Files.createTempDirectory(parent, ".unpacking-");
    try {
      for (String file : files) {
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

  private byte[] read(String file) throws IOException {
    try (InputStream in = Resources.class.getResourceAsStream(root + file)) {
      if (in == null) {
        throw new IOException("the artifact lacks " + root + file);
      }
      return in.readAllBytes();
    }
  }
}
