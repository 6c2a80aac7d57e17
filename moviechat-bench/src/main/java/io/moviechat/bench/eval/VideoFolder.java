package io.moviechat.bench.eval;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finds films below a folder, by what annotations call them. Never leaves the folder. */
final class VideoFolder {
  private static final List<String> ENDINGS =
      List.of("", ".mp4", ".MP4", ".mkv", ".webm", ".avi", ".mov");

  private final Path root;

  VideoFolder(Path root) {
    this.root = root.toAbsolutePath().normalize();
  }

  /**
   * The file of a film: under the name given, with a usual ending, with "v_" before it
   * (ActivityNet), or by its last name alone.
   */
  Optional<Path> find(String video) {
    for (String name : names(video)) {
      for (String ending : ENDINGS) {
        Optional<Path> file = inside(name + ending);
        if (file.isPresent()) {
          return file;
        }
      }
    }
    return Optional.empty();
  }

  private static Set<String> names(String video) {
    String path = video.replace('\\', '/');
    String last = path.substring(path.lastIndexOf('/') + 1);
    Set<String> names = new LinkedHashSet<>(List.of(path, last, "v_" + last, "data/" + last));
    for (String name : new ArrayList<>(names)) {
      int dot = name.lastIndexOf('.');
      if (dot > name.lastIndexOf('/') + 1) {
        names.add(name.substring(0, dot));
      }
    }
    return names;
  }

  private Optional<Path> inside(String name) {
    try {
      Path file = root.resolve(name).normalize();
      return file.startsWith(root) && Files.isRegularFile(file)
          ? Optional.of(file)
          : Optional.empty();
    } catch (InvalidPathException e) { // such a name cannot be a file's
      return Optional.empty();
    }
  }
}
