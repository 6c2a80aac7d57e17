package io.moviechat.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** Films as a user names many of them: a folder, or a list. */
final class FilmList {
  private static final Set<String> ENDINGS =
      Set.of(
          "mp4", "m4v", "mov", "mkv", "webm", "avi", "ts", "mts", "m2ts", "mpg", "mpeg", "wmv",
          "flv", "ogv", "3gp");

  private FilmList() {}

  /**
   * The videos in a folder and those below it, by their endings and in order of their names; or
   * what the lines of a text file name, files from the list's own folder and addresses. Empty lines
   * and those that begin with # are left out.
   *
   * @throws IllegalArgumentException if there is no film, or no such folder or list
   */
  static List<URI> of(Path films) {
    List<URI> found;
    try {
      found = Files.isDirectory(films) ? inFolder(films) : listed(films);
    } catch (MalformedInputException e) {
      throw new IllegalArgumentException(
          films + " is no list of films: not text in UTF-8; give a folder or one name a line", e);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          films + " cannot be read: give a folder of films, or a text file with one a line", e);
    } catch (UncheckedIOException e) {
      throw new IllegalArgumentException(films + " cannot be read: " + e.getCause(), e);
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          films + " has no film" + (Files.isDirectory(films) ? " with a known ending" : ""));
    }
    return found;
  }

  private static List<URI> inFolder(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> Files.isRegularFile(file) && isFilm(file))
          .sorted()
          .map(file -> Videos.locate(file.toString()))
          .toList();
    }
  }

  private static boolean isFilm(Path file) {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    return !name.startsWith(".") && ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1));
  }

  private static List<URI> listed(Path list) throws IOException {
    Path folder = list.toAbsolutePath().resolveSibling("");
    List<URI> films = new ArrayList<>();
    for (String line : Files.readAllLines(list)) {
      String name = line.strip();
      if (!name.isEmpty() && !name.startsWith("#")) {
        films.add(Videos.isAddress(name) ? Videos.locate(name) : file(folder, name));
      }
    }
    return films;
  }

  private static URI file(Path folder, String name) {
    return Videos.locate(folder.resolve(name).toString());
  }
}
