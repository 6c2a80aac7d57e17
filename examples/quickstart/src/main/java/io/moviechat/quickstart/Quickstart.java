package io.moviechat.quickstart;

import io.moviechat.Answer;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import java.nio.file.Path;
import java.time.Duration;

/** The README's example; watches {@code movie.mp4} in the working folder. */
public final class Quickstart {
  private Quickstart() {}

  /** Watches, asks, and keeps the memory. */
  public static void main(String[] args) {
    // README: a test holds the two together.
    try (MovieChat chat = MovieChat.create();
        Movie movie = chat.watch(Path.of("movie.mp4"))) {
      System.out.println(movie.ask("How many scenes are in the video?").text());
      System.out.println(movie.at(Duration.ofSeconds(5)).ask("What is on screen now?").text());
      Answer answer = movie.ask("What comes first?", System.out::print); // streamed
      answer.evidence().forEach(slot -> System.out.println(slot.start() + " to " + slot.end()));
      movie.memory().save(Path.of("movie.memory")); // chat.open(...) asks it again tomorrow
    }
    // end of README
  }
}
