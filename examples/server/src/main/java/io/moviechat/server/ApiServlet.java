package io.moviechat.server;

import io.moviechat.library.Film;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Semaphore;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.io.EofException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code /api}: what the page does, as docs/server.md lists it. */
final class ApiServlet extends HttpServlet {
  private static final long serialVersionUID = 1L;
  private static final Logger log = LoggerFactory.getLogger(ApiServlet.class);
  private static final Pattern FILM = Pattern.compile("/films/([0-9a-f]{16})(?:/(.+))?");
  private static final Pattern PICTURE = Pattern.compile("pictures/(\\d{1,12})\\.jpg");
  private static final int MAX_JSON = 64 << 10;
  private static final int MAX_QUERY = 300;
  private static final int MAX_READERS = 150;
  private static final int STORYBOARD_WIDTH = 2048;
  private static final long TICK_MILLIS = 250;
  private static final long PING_MILLIS = 15_000;

  private final transient Films films;
  private final transient Uploads uploads;
  private final transient Semaphore readers = new Semaphore(MAX_READERS);

  ApiServlet(Films films, Uploads uploads) {
    this.films = films;
    this.uploads = uploads;
  }

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    try {
      String path = String.valueOf(request.getPathInfo());
      Matcher film = FILM.matcher(path);
      if (film.matches()) {
        String rest = film.group(2) == null ? "" : film.group(2);
        film(request, response, films.film(film.group(1)), request.getMethod() + " " + rest);
      } else {
        all(request, response, request.getMethod() + " " + path);
      }
    } catch (EofException e) {
      log.debug("a client has gone", e);
    } catch (IOException e) {
      log.debug("a client has gone, or the disk fails", e);
      Http.error(response, new Refusal(500, "reading or writing failed: " + e.getMessage(), e));
    } catch (RuntimeException e) {
      Refusal refusal = Refusal.of(e);
      if (refusal != e && refusal.status() >= 500) {
        log.warn("{} {} failed", request.getMethod(), request.getRequestURI(), e);
      }
      if (request.getContentLengthLong() != 0) {
        response.setHeader("Connection", "close"); // what was sent is not read to its end
      }
      Http.error(response, refusal);
    }
  }

  private void all(HttpServletRequest request, HttpServletResponse response, String what)
      throws IOException {
    switch (what) {
      case "GET /health" -> Http.json(response, 200, health());
      case "GET /films" ->
          Http.json(
              response,
              200,
              Map.of("films", films.library().films().stream().map(films::json).toList()));
      case "PUT /films" -> {
        String name = Optional.ofNullable(request.getParameter("name")).orElse("");
        Film film = uploads.take(name, request.getContentLengthLong(), request.getInputStream());
        Http.json(response, 201, films.json(film));
      }
      case "POST /films" -> {
        Map<String, Object> json = Json.object(request.getInputStream(), MAX_JSON);
        Optional<Duration> every = Optional.ofNullable(json.get("every")).map(Times::parse);
        Http.json(response, 201, films.json(films.open(text(json, "path"), every, slots(json))));
      }
      default -> throw new Refusal(Refusal.NOT_FOUND, "there is no " + request.getRequestURI());
    }
  }

  private void film(
      HttpServletRequest request, HttpServletResponse response, Film film, String what)
      throws IOException {
    Matcher picture = PICTURE.matcher(what.substring(what.indexOf(' ') + 1));
    if (what.startsWith("GET ") && picture.matches()) {
      Http.keep(response);
      Duration moment = Duration.ofMillis(Long.parseLong(picture.group(1)));
      Http.bytes(response, 200, "image/jpeg", films.picture(film, moment));
      return;
    }
    switch (what) {
      case "GET " -> Http.json(response, 200, films.json(film));
      case "PATCH " -> {
        film.rename(text(Json.object(request.getInputStream(), MAX_JSON), "title"));
        Http.json(response, 200, films.json(film));
      }
      case "DELETE " -> Http.json(response, 200, Map.of("freed", films.forget(film)));
      case "GET slots" -> Http.json(response, 200, Map.of("slots", films.slots(film)));
      case "GET events" -> events(response, film);
      case "POST stop" -> {
        film.stop();
        Http.json(response, 202, films.json(film));
      }
      case "POST cancel" -> {
        film.cancel();
        Http.json(response, 202, films.json(film));
      }
      case "POST resume" -> {
        films.library().resume(film);
        Http.json(response, 202, films.json(film));
      }
      case "POST asks" -> ask(request, response, film);
      case "GET search" -> search(request, response, film);
      case "GET storyboard.png" ->
          Http.bytes(response, 200, "image/png", films.storyboard(film, STORYBOARD_WIDTH));
      case "GET memory" -> memory(request, response, film);
      case "GET video", "HEAD video" -> Http.file(request, response, Path.of(film.video()));
      default -> throw new Refusal(Refusal.NOT_FOUND, "there is no " + request.getRequestURI());
    }
  }

  private Map<String, Object> health() throws IOException {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("status", "up");
    json.put("version", Version.text());
    json.put("model", films.chat().model());
    films.warning().ifPresent(warning -> json.put("warning", warning));
    json.put("memory", films.chat().memoryFactory().settings());
    json.put("films", films.library().films().size());
    json.put("memoryBytes", films.library().bytes());
    json.put("freeBytes", Files.getFileStore(films.home()).getUsableSpace());
    json.put("allowed", films.folders().allowed().stream().map(Path::toString).toList());
    return json;
  }

  /** How a film is watched, until it is not being watched any more. */
  private void events(HttpServletResponse response, Film film) throws IOException {
    if (!readers.tryAcquire()) {
      throw new Refusal(Refusal.TOO_MANY, MAX_READERS + " pages are listening already; close some");
    }
    try {
      EventStream stream = new EventStream(response);
      Map<String, Object> sent = Map.of();
      List<Map<String, Object>> slots = List.of();
      long pinged = System.nanoTime();
      while (true) {
        boolean settled = film.await(Duration.ofMillis(sent.isEmpty() ? 0 : TICK_MILLIS));
        Map<String, Object> now = films.json(film);
        if (!now.equals(sent)) {
          stream.event("film", now);
          sent = now;
          List<Map<String, Object>> present = films.slots(film);
          if (!present.equals(slots)) {
            stream.event("memory", Map.of("slots", present));
            slots = present;
          }
        }
        if (settled) {
          stream.event("end", Map.of("state", now.get("state")));
          return;
        }
        if (System.nanoTime() - pinged > Duration.ofMillis(PING_MILLIS).toNanos()) {
          stream.ping();
          pinged = System.nanoTime();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      readers.release();
    }
  }

  private void ask(HttpServletRequest request, HttpServletResponse response, Film film)
      throws IOException {
    Map<String, Object> json = Json.object(request.getInputStream(), MAX_JSON);
    Optional<Duration> moment = Optional.ofNullable(json.get("at")).map(Times::parse);
    Answering answering = new Answering(films, Films.Ask.of(film, text(json, "question"), moment));
    EventStream stream = new EventStream(response);
    long start = System.nanoTime();
    try {
      Films.Reply reply =
          answering.to(
              new Answering.Client() {
                @Override
                public void text(String piece) throws IOException {
                  stream.event("token", Map.of("text", piece));
                }

                @Override
                public void ping() throws IOException {
                  stream.ping();
                }
              });
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("text", reply.answer().text());
      answer.put("finish", reply.answer().finishReason().name());
      answer.put("evidence", Films.evidence(reply.answer()));
      answer.put("cues", Films.cues(reply.answer().cues()));
      answer.put("watchedTo", Times.seconds(reply.watchedTo()));
      answer.put("watchedWhole", reply.watchedWhole());
      answer.put("millis", (System.nanoTime() - start) / 1_000_000);
      stream.event("answer", answer);
    } catch (Refusal e) {
      stream.event("failed", Map.of("message", String.valueOf(e.getMessage())));
    }
  }

  private void search(HttpServletRequest request, HttpServletResponse response, Film film)
      throws IOException {
    String query = Optional.ofNullable(request.getParameter("q")).orElse("");
    if (query.isBlank() || query.length() > MAX_QUERY) {
      throw new Refusal(
          Refusal.BAD_REQUEST, "'q' must have 1 to " + MAX_QUERY + " characters: what to look for");
    }
    String wish = Optional.ofNullable(request.getParameter("most")).orElse("12");
    if (!wish.matches("[1-9]\\d?")) {
      throw new Refusal(Refusal.BAD_REQUEST, "'most' must be from 1 to 99, was " + wish);
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("hits", films.search(film, query, Integer.parseInt(wish)));
    json.put("watchedTo", Times.seconds(film.watchedTo()));
    Http.json(response, 200, json);
  }

  private void memory(HttpServletRequest request, HttpServletResponse response, Film film)
      throws IOException {
    Path copy = Files.createTempFile(films.home(), "download", ".memory");
    try {
      film.with(
          movie -> {
            movie.memory().save(copy);
            return copy;
          });
      response.setHeader(
          "Content-Disposition", "attachment; filename=\"" + film.id() + ".memory\"");
      Http.file(request, response, copy);
    } finally {
      Files.deleteIfExists(copy);
    }
  }

  private static OptionalInt slots(Map<String, Object> json) {
    if (json.get("slots") == null) {
      return OptionalInt.empty();
    }
    if (json.get("slots") instanceof Integer most && most >= 1) {
      return OptionalInt.of(most);
    }
    throw new Refusal(Refusal.BAD_REQUEST, "'slots' must be a whole number from 1 on");
  }

  private static String text(Map<String, Object> json, String name) {
    if (json.get(name) instanceof String text && !text.isBlank()) {
      return text;
    }
    throw new Refusal(Refusal.BAD_REQUEST, "'" + name + "' is missing or empty");
  }
}
