package io.moviechat.tinymodel;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.WatchOptions;
import io.moviechat.tinyworld.Examiner;
import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.ScriptVideos;
import io.moviechat.tinyworld.World;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A small accuracy test with the trained weights, through everything that the product has. The
 * bounds lie well under what was measured (training/README.md), so that only a broken model, memory
 * or prompt fails here.
 */
class AccuracyTest {
  @Test
  void answersQuestionsAboutMoviesOfItsWorld() {
    ScriptVideos videos = new ScriptVideos();
    Examiner examiner = new Examiner();
    try (MovieChat chat = MovieChat.builder().video(videos).build()) {
      for (int i = 0; i < 12; i++) {
        Script script = Movies.ofScenes(1 + i % 3, World.Split.SEEN, i);
        try (Movie movie = chat.watch(videos.add("movie" + i, script), WatchOptions.DEFAULT)) {
          examiner.examine(
              movie,
              Examiner.questions(script, Examiner.GLOBAL, false, 10, i),
              (question, answer) -> {});
          examiner.examine(
              movie,
              Examiner.questions(script, Examiner.BREAKPOINT, true, 3, i),
              (question, answer) -> {});
        }
      }
    }
    Examiner.Score all = examiner.all();
    assertThat(all.asked()).isGreaterThan(100);
    assertThat(all.chance()).isLessThan(0.25);
    assertThat(all.accuracy())
        .as("global %s, breakpoints %s", examiner.global(), examiner.breakpoint())
        .isGreaterThan(BOUND);
  }

  @Test
  void answersFromARealVideoFile(@TempDir Path folder) {
    Path file = folder.resolve("movie.mp4");
    Examiner examiner = new Examiner();
    try (MovieChat chat = MovieChat.create()) {
      for (int i = 0; i < 3; i++) {
        Script script = Movies.ofScenes(2, World.Split.SEEN, 100 + i);
        MovieWriter.write(script, file);
        try (Movie movie = chat.watch(file)) {
          examiner.examine(
              movie,
              Examiner.questions(script, Examiner.GLOBAL, false, 10, i),
              (question, answer) -> {});
        }
      }
    }
    assertThat(Files.exists(file)).isTrue();
    assertThat(examiner.all().accuracy())
        .as("global %s", examiner.global())
        .isGreaterThan(FILE_BOUND);
  }

  private static final double BOUND = 0.85;
  private static final double FILE_BOUND = 0.75;
}
