package io.moviechat.batch;

import java.time.Duration;

/**
 * What is written down of a film that is done.
 *
 * @param asked hash of the questions that were asked
 * @param questions how many they were
 * @param memoryBytes length of the memory file
 */
record FilmRecord(
    String asked, int questions, long frames, int slots, Duration duration, long memoryBytes) {
  static final FilmRecord NONE = new FilmRecord("", 0, 0, 0, Duration.ZERO, 0);

  FilmRecord asked(String newAsked, int newQuestions) {
    return new FilmRecord(newAsked, newQuestions, frames, slots, duration, memoryBytes);
  }
}
