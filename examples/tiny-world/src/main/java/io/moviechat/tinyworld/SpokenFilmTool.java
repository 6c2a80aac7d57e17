package io.moviechat.tinyworld;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes what {@code speech/make_film.py} needs: {@code SpokenFilmTool PICTURES.mp4 CAST.tsv}. The
 * cast has a line a thing: milliseconds of its scene's start, noun, action.
 */
public final class SpokenFilmTool {
  private SpokenFilmTool() {}

  /** See the class comment. */
  public static void main(String[] arguments) throws IOException {
    Script script = SpokenFilm.script();
    MovieWriter.write(script, Path.of(arguments[0]));
    try (PrintWriter out =
        new PrintWriter(Files.newBufferedWriter(Path.of(arguments[1]), StandardCharsets.UTF_8))) {
      for (Script.Segment segment : script.segments()) {
        for (Actor actor : segment.scene().actors()) {
          out.printf("%d\t%s\t%s%n", segment.startMillis(), actor.noun(), actor.action().phrase());
        }
      }
    }
  }
}
