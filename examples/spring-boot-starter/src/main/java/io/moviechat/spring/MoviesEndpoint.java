package io.moviechat.spring;

import io.moviechat.MemorySlot;
import io.moviechat.library.Film;
import io.moviechat.library.MovieLibrary;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;

/** The actuator endpoint {@code movies}: handles, times and bytes; no titles, paths or pictures. */
@Endpoint(id = "movies")
class MoviesEndpoint {
  private final MovieLibrary library;

  MoviesEndpoint(MovieLibrary library) {
    this.library = library;
  }

  /** All films. */
  @ReadOperation
  Map<String, Object> movies() {
    return Map.of("movies", library.films().stream().map(MoviesEndpoint::look).toList());
  }

  /** One film with the time spans that its memory keeps apart; null (404) if there is none. */
  @ReadOperation
  @Nullable Map<String, Object> movie(@Selector String id) {
    return library.film(id).map(MoviesEndpoint::lookInto).orElse(null);
  }

  private static Map<String, Object> look(Film film) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("id", film.id());
    json.put("state", film.state().name().toLowerCase(Locale.ROOT));
    json.put("watchedTo", seconds(film.watchedTo()));
    film.duration().ifPresent(length -> json.put("duration", seconds(length)));
    json.put("frames", film.frames());
    json.put("bytes", film.bytes());
    return json;
  }

  private static Map<String, Object> lookInto(Film film) {
    Map<String, Object> json = look(film);
    List<Map<String, Object>> spans = new ArrayList<>();
    if (film.state() == Film.State.READY) {
      for (MemorySlot slot : film.with(movie -> movie.memory().snapshot().slots())) {
        spans.add(
            Map.of(
                "start", seconds(slot.start()),
                "end", seconds(slot.end()),
                "frames", slot.frames()));
      }
    }
    json.put("spans", spans);
    return json;
  }

  private static double seconds(Duration time) {
    return time.toMillis() / 1e3;
  }
}
