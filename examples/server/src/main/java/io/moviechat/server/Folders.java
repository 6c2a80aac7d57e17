package io.moviechat.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The folders whose videos may be opened by path. Immutable. */
final class Folders {
  private final List<Path> allowed;

  private Folders(List<Path> allowed) {
    this.allowed = allowed;
  }

  /**
   * Allows folders and what is below them.
   *
   * @throws IllegalArgumentException if one is no folder that can be read
   */
  static Folders of(List<Path> folders) {
    List<Path> real = new ArrayList<>();
    for (Path folder : folders) {
      try {
        Path resolved = folder.toRealPath();
        if (!Files.isDirectory(resolved)) {
          throw new IllegalArgumentException("--allow " + folder + " is no folder");
        }
        real.add(resolved);
      } catch (IOException e) {
        throw new IllegalArgumentException("--allow " + folder + " is no folder that is there", e);
      }
    }
    return new Folders(List.copyOf(real));
  }

  List<Path> allowed() {
    return allowed;
  }

  /**
   * The regular file that a path names, symbolic links followed.
   *
   * @param text absolute, or below the first allowed folder
   * @throws Refusal if there is none, or it lies outside of the allowed folders; the message does
   *     not tell the two apart for files outside
   */
  Path file(String text) {
    Path path;
    try {
      path = Path.of(text);
    } catch (InvalidPathException e) {
      throw new Refusal(Refusal.BAD_REQUEST, "'" + text + "' is not a file name", e);
    }
    List<Path> candidates = new ArrayList<>();
    if (path.isAbsolute()) {
      candidates.add(path);
    } else {
      allowed.forEach(folder -> candidates.add(folder.resolve(path)));
    }
    for (Path candidate : candidates) {
      try {
        Path real = candidate.toRealPath();
        if (allowed.stream().anyMatch(real::startsWith) && Files.isRegularFile(real)) {
          return real;
        }
      } catch (IOException e) {
        // not there: the same answer as for one that is outside
      }
    }
    throw new Refusal(
        Refusal.FORBIDDEN,
        "there is no file "
            + text
            + " below the allowed folders "
            + allowed
            + "; allow its folder with --allow DIR, or give another path");
  }
}
