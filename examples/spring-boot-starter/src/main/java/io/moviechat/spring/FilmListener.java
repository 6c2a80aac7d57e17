package io.moviechat.spring;

import io.moviechat.library.Film;

/**
 * A bean that hears when a film begins to be watched and when that has ended, however it has.
 * Called on the thread that watches.
 */
public interface FilmListener {
  /** {@link Film#state()} says what has become of it. */
  void changed(Film film);
}
