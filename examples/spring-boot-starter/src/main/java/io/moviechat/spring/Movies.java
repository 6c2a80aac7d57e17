package io.moviechat.spring;

import io.moviechat.Answer;
import io.moviechat.Question;
import io.moviechat.TokenListener;
import io.moviechat.library.Film;
import io.moviechat.library.MovieLibrary;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Asks the films of the library, observed by Micrometer where it is there. Thread-safe.
 *
 * <p>Each answer is an observation {@code gen_ai.client.operation}. Its name and keys follow
 * conventions that are themselves in development and may change with them. What is asked and
 * answered is never recorded.
 */
public final class Movies {
  /** What stands around a call. */
  interface Calls {
    Calls UNOBSERVED = (film, call) -> call.get();

    Answer around(Film film, Supplier<Answer> call);
  }

  private final MovieLibrary library;
  private final Calls calls;

  Movies(MovieLibrary library, Calls calls) {
    this.library = library;
    this.calls = calls;
  }

  /** The films. */
  public MovieLibrary library() {
    return library;
  }

  /**
   * Asks about a whole film; while it is being watched, about what has been seen of it.
   *
   * @throws IllegalStateException if there is nothing to ask; the message says the film's state
   */
  public Answer ask(Film film, String question) {
    return ask(film, Question.of(question), TokenListener.NONE);
  }

  /**
   * Like {@link #ask(Film, String)}, streamed.
   *
   * @param listener told each piece on the calling thread
   */
  public Answer ask(Film film, Question question, TokenListener listener) {
    return calls.around(film, () -> film.with(movie -> movie.ask(question, listener)));
  }

  /**
   * Asks about a moment of a film.
   *
   * @throws IllegalArgumentException if the moment is outside of the film
   * @throws IllegalStateException if there is nothing to ask; the message says the film's state
   */
  public Answer askAt(Film film, Duration moment, String question) {
    return calls.around(film, () -> film.with(movie -> movie.at(moment).ask(question)));
  }
}
