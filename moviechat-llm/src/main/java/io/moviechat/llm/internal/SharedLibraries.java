package io.moviechat.llm.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Looks for shared libraries of Linux where its loader does: {@code LD_LIBRARY_PATH}, the usual
 * folders, and those of CUDA. Reads folders only; loads nothing.
 */
public final class SharedLibraries {
  private SharedLibraries() {}

  private static List<Path> folders() {
    Set<Path> folders = new LinkedHashSet<>();
    String path = System.getenv("LD_LIBRARY_PATH");
    if (path != null) {
      for (String part : path.split(":", -1)) {
        if (!part.isEmpty()) {
          folders.add(Path.of(part));
        }
      }
    }
    for (String folder :
        List.of(
            "/usr/local/cuda/lib64",
            "/usr/lib/x86_64-linux-gnu",
            "/usr/lib/aarch64-linux-gnu",
            "/usr/lib64",
            "/usr/lib",
            "/lib64",
            "/lib")) {
      folders.add(Path.of(folder));
    }
    return List.copyOf(folders);
  }

  /** Where a library lies, if it is there. */
  static Optional<String> find(String name) {
    return find(folders(), name);
  }

  static Optional<String> find(List<Path> folders, String name) {
    return folders.stream()
        .map(folder -> folder.resolve(name))
        .filter(Files::exists)
        .map(Path::toString)
        .findFirst();
  }

  /** Other versions of a library that are there, as a remark in brackets. */
  static String otherVersions(String name) {
    return otherVersions(folders(), name);
  }

  static String otherVersions(List<Path> folders, String name) {
    String stem = name.substring(0, name.indexOf(".so") + 3);
    List<String> found = new ArrayList<>();
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        continue;
      }
      try (Stream<Path> files = Files.list(folder)) {
        files
            .filter(file -> file.getFileName().toString().startsWith(stem + "."))
            .map(Path::toString)
            .sorted()
            .forEach(found::add);
      } catch (IOException e) {
        // A folder that cannot be read has nothing for the loader either.
      }
    }
    return found.isEmpty() ? "" : " (there is " + String.join(", ", found) + ")";
  }
}
