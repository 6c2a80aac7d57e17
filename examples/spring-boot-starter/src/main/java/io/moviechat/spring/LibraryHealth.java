package io.moviechat.spring;

import io.moviechat.MovieChat;
import io.moviechat.library.Film;
import io.moviechat.library.MovieLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

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
   * Health in the words of one line of Boot.
   *
   * @param up makes it of the details of a library that is up
   * @param down makes it of why it is not: it is closed, or its disk cannot be looked at
   */
  <H> H look(Function<Map<String, Object>, H> up, Function<Exception, H> down) {
    try {
      return up.apply(details());
    } catch (IOException | RuntimeException e) {
      return down.apply(e);
    }
  }

  private Map<String, Object> details() throws IOException {
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
