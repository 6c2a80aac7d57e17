package io.moviechat.spark;

import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.World;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Small films of the synthetic world. */
final class Films {
  private Films() {}

  static List<String> write(Path folder, int count) throws IOException {
    Files.createDirectories(folder);
    List<String> films = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Path file = folder.resolve("film-" + i + ".mp4");
      MovieWriter.write(Movies.ofScenes(1 + i % 2, World.Split.SEEN, i), file, 96);
      films.add(file.toString());
    }
    return films;
  }
}
