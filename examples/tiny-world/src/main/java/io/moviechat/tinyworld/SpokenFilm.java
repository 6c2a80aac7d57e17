package io.moviechat.tinyworld;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A film of 48 seconds that speaks: six scenes, two lines in each. What the first lines say is seen
 * too; the second ones say what no picture shows. The film lies among the resources, made by
 * espeak-ng and {@code speech/make_film.py} beside the training scripts; voices that the small
 * speech model was not trained on.
 */
public final class SpokenFilm {
  private static final String FILM = "spoken.mp4";
  private static final String LINES = "spoken.tsv";
  private static final int SCENES = 6;
  private static final long SCENE_MILLIS = 8000;
  private static final long SEED = 1_000_040;

  private SpokenFilm() {}

  /**
   * What is said.
   *
   * @param startMillis first moment
   * @param endMillis first moment after it
   * @param text words and marks
   */
  public record Line(long startMillis, long endMillis, String text) {}

  /** What is seen. */
  public static Script script() {
    SplittableRandom random = new SplittableRandom(SEED);
    List<Scene> scenes = new ArrayList<>();
    for (int i = 0; i < SCENES; i++) {
      scenes.add(World.scene(random, World.Split.SEEN, 1 + i % 2, SCENE_MILLIS, false));
    }
    return Script.of(scenes);
  }

  /** What is said, in order of time. */
  public static List<Line> lines() {
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(resource(LINES), StandardCharsets.UTF_8))) {
      return reader
          .lines()
          .map(line -> line.split("\t", 3))
          .map(part -> new Line(Long.parseLong(part[0]), Long.parseLong(part[1]), part[2]))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Writes the film; a file that is there is replaced.
   *
   * @throws IOException if it cannot be written
   */
  public static void write(Path file) throws IOException {
    try (InputStream in = resource(FILM)) {
      Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static InputStream resource(String name) {
    InputStream in = SpokenFilm.class.getResourceAsStream(name);
    if (in == null) {
      throw new IllegalStateException("the artifact lacks " + name);
    }
    return in;
  }
}
