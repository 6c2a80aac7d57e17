/**
 * Many films, each watched once and asked for as long as its memory is kept.
 *
 * <pre>{@code
 * try (MovieChat chat = MovieChat.create();
 *     MovieLibrary library = MovieLibrary.builder(chat, Path.of("films")).build()) {
 *   Film film = library.watch(Path.of("movie.mp4").toUri());
 *   film.await(Duration.ofMinutes(5));
 *   String answer = film.with(movie -> movie.ask("What happens?").text());
 * }
 * }</pre>
 *
 * <p>Open {@link io.moviechat.library.MovieLibrary} first. All types are thread-safe.
 */
@NullMarked
package io.moviechat.library;

import org.jspecify.annotations.NullMarked;
