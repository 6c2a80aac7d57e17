package io.moviechat.sample;

import io.moviechat.Answer;
import io.moviechat.Question;
import io.moviechat.library.Film;
import io.moviechat.spring.Movies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

@RestController
class FilmController {
  record FilmView(String handle, String title, String state, double watchedTo, long frames) {
    static FilmView of(Film film) {
      return new FilmView(
          film.id(),
          film.title(),
          film.state().name(),
          film.watchedTo().toMillis() / 1e3,
          film.frames());
    }
  }

  private final Movies movies;
  private final Path uploads;

  FilmController(Movies movies, @Value("${sample.uploads:uploads}") Path uploads)
      throws IOException {
    this.movies = movies;
    this.uploads = Files.createDirectories(uploads).toRealPath();
  }

  @GetMapping("/films")
  List<FilmView> films() {
    return movies.library().films().stream().map(FilmView::of).toList();
  }

  @PostMapping("/films")
  FilmView upload(@RequestParam MultipartFile file) throws IOException {
    Path video = Files.createTempFile(uploads, "film", ".video");
    file.transferTo(video);
    Film film = movies.library().watch(video.toUri());
    String name = file.getOriginalFilename();
    if (name != null && !name.isBlank()) {
      film.rename(name);
    }
    return FilmView.of(film);
  }

  /** How a film is watched, as server-sent events until it is not being watched any more. */
  @GetMapping(path = "/films/{handle}/events", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
  SseEmitter events(@PathVariable String handle) {
    Film film = film(handle);
    SseEmitter events = new SseEmitter(0L);
    CompletableFuture.runAsync(
        () -> {
          try {
            boolean settled;
            do {
              settled = film.await(Duration.ofMillis(250));
              events.send(SseEmitter.event().name("film").data(FilmView.of(film)));
            } while (!settled);
            events.complete();
          } catch (IOException | InterruptedException | IllegalStateException e) {
            events.completeWithError(e); // the client has gone
          }
        });
    return events;
  }

  @PostMapping("/films/{handle}/ask")
  Map<String, Object> ask(@PathVariable String handle, @RequestParam String question) {
    Answer answer = movies.ask(film(handle), question);
    return Map.of(
        "text",
        answer.text(),
        "evidence",
        answer.evidence().stream().map(slot -> slot.start() + " to " + slot.end()).toList());
  }

  /** The answer's pieces as they come. */
  @PostMapping(path = "/films/{handle}/stream", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
  SseEmitter stream(@PathVariable String handle, @RequestParam String question) {
    Film film = film(handle);
    SseEmitter pieces = new SseEmitter(0L);
    CompletableFuture.runAsync(
        () -> {
          try {
            movies.ask(film, Question.of(question), piece -> send(pieces, piece));
            pieces.complete();
          } catch (RuntimeException e) {
            pieces.completeWithError(e);
          }
        });
    return pieces;
  }

  /** A failure ends the answer: the client has gone. */
  private static void send(SseEmitter pieces, String piece) {
    try {
      pieces.send(Map.of("text", piece));
    } catch (IOException e) {
      throw new IllegalStateException("the client has gone", e);
    }
  }

  private Film film(String handle) {
    return movies
        .library()
        .film(handle)
        .orElseThrow(() -> new ResponseStatusException(HttpStatus.NOT_FOUND, "no such film"));
  }

  @ExceptionHandler(IllegalStateException.class)
  @ResponseStatus(HttpStatus.CONFLICT)
  Map<String, String> notYet(IllegalStateException e) {
    return Map.of("error", String.valueOf(e.getMessage()));
  }
}
