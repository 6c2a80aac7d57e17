package io.moviechat.spring;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.moviechat.library.Film;
import io.moviechat.library.MovieLibrary;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.springframework.beans.factory.ObjectProvider;

/**
 * Meters of watching, which may change their names as those of answers may. They tell how many and
 * how long, never which film.
 */
final class WatchMeters implements MeterBinder, FilmListener {
  static final String WATCH = "moviechat.watch";
  static final String FRAMES = "moviechat.frames";
  static final String FILMS = "moviechat.films";
  static final String BYTES = "moviechat.memory.bytes";

  /** When a pass began, and what had been watched before it. */
  private record Begun(long nanos, long frames) {}

  private final ObjectProvider<MovieLibrary> library;
  private final Map<Film, Begun> under = new ConcurrentHashMap<>();
  private final List<MeterRegistry> registries = new CopyOnWriteArrayList<>();

  /**
   * @param library asked when a gauge is read, for it hears of this itself
   */
  WatchMeters(ObjectProvider<MovieLibrary> library) {
    this.library = library;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    registries.add(registry);
    for (Film.State state : Film.State.values()) {
      if (state != Film.State.FORGOTTEN) {
        Gauge.builder(FILMS, () -> films(state))
            .tag("state", name(state))
            .description("Films of the library")
            .register(registry);
      }
    }
    Gauge.builder(BYTES, () -> library.getObject().bytes())
        .baseUnit("bytes")
        .description("Memories of films on disk")
        .register(registry);
  }

  private long films(Film.State state) {
    return library.getObject().films().stream().filter(film -> film.state() == state).count();
  }

  @Override
  public void changed(Film film) {
    if (film.state() == Film.State.WATCHING) {
      under.put(film, new Begun(System.nanoTime(), film.frames()));
      return;
    }
    Begun begun = under.remove(film);
    if (begun == null) { // it failed before it began
      return;
    }
    for (MeterRegistry registry : registries) {
      Timer.builder(WATCH)
          .tag("state", name(film.state()))
          .description("Passes over films, by what became of them")
          .register(registry)
          .record(System.nanoTime() - begun.nanos, TimeUnit.NANOSECONDS);
      Counter.builder(FRAMES)
          .description("Frames that were watched")
          .register(registry)
          .increment((double) Math.max(0, film.frames() - begun.frames));
    }
  }

  private static String name(Film.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }
}
