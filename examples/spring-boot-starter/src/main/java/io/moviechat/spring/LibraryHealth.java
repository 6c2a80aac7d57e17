package io.moviechat.spring;

import io.moviechat.MovieChat;
import io.moviechat.library.Film;
import io.moviechat.library.MovieLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What health tells, in both lines of Boot. Looks at the library; never asks the model. */
final class LibraryHealth {
  private final MovieChat chat;
  private final MovieLibrary library;
  private final MovieChatProperties properties;

  LibraryHealth(MovieChat chat, MovieLibrary library, MovieChatProperties properties) {
    this.chat = chat;
    this.library = library;
    this.properties = properties;
  }

  /**
   * The details of a library that is up.
   *
   * @throws IllegalStateException if it is closed
   * @throws IOException if its disk cannot be looked at
   */
  Map<String, Object> details() throws IOException {
    List<Film> films = library.films();
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("model", chat.model());
    details.put("memory", chat.memoryFactory().settings());
    details.put("films", films.size());
    details.put("watching", count(films, Film.State.WATCHING));
    details.put("waiting", count(films, Film.State.WAITING));
    details.put("memoryBytes", library.bytes());
    details.put("freeBytes", Files.getFileStore(properties.library()).getUsableSpace());
    return details;
  }

  private static long count(List<Film> films, Film.State state) {
    return films.stream().filter(film -> film.state() == state).count();
  }
}
