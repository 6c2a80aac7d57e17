package io.moviechat.server;

import io.moviechat.FinishReason;
import io.moviechat.GenerationOptions;
import io.moviechat.library.Film;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code /v1}: films for programs that speak OpenAI's chat protocol. Each film is a model, so that
 * a chat program's list of models is its list of films; a {@code video_url} part names a film too.
 *
 * <p>The last message of the user is the question. What was said before it is not given to the
 * model: its answers come from the film.
 */
final class ChatServlet extends HttpServlet {
  private static final long serialVersionUID = 1L;
  private static final Logger log = LoggerFactory.getLogger(ChatServlet.class);
  private static final Pattern HANDLE = Pattern.compile("(?:.*[@:/])?([0-9a-f]{16})");
  private static final Pattern DATA = Pattern.compile("data:video/([A-Za-z0-9.+-]+);base64,(.*)");
  private static final int MAX_JSON = 64 << 20;
  private static final Duration LONGEST_WATCH = Duration.ofHours(12);

  private final transient Films films;
  private final transient Uploads uploads;

  ChatServlet(Films films, Uploads uploads) {
    this.films = films;
    this.uploads = uploads;
  }

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    try {
      switch (request.getMethod() + " " + request.getPathInfo()) {
        case "GET /models" -> Http.json(response, 200, models());
        case "POST /chat/completions" -> complete(request, response);
        default -> throw new Refusal(Refusal.NOT_FOUND, "there is no " + request.getRequestURI());
      }
    } catch (IOException e) {
      log.debug("a client has gone", e);
    } catch (RuntimeException e) {
      Refusal refusal = Refusal.of(e);
      if (!response.isCommitted()) {
        Http.json(response, refusal.status(), error(refusal));
      }
    }
  }

  private static Map<String, Object> error(Refusal refusal) {
    return Map.of(
        "error",
        Map.of(
            "message",
            String.valueOf(refusal.getMessage()),
            "type",
            refusal.status() < 500 ? "invalid_request_error" : "server_error"));
  }

  private Map<String, Object> models() {
    List<Map<String, Object>> models = new ArrayList<>();
    for (Film film : films.library().films()) {
      if (film.state() == Film.State.READY || film.state() == Film.State.WATCHING) {
        models.add(model(film.title() + "@" + film.id(), film.added()));
      }
    }
    models.add(model(films.chat().model(), Instant.EPOCH));
    return Map.of("object", "list", "data", models);
  }

  private static Map<String, Object> model(String id, Instant created) {
    return Map.of(
        "id", id, "object", "model", "created", created.getEpochSecond(), "owned_by", "moviechat");
  }

  private void complete(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Map<String, Object> json = Json.object(request.getInputStream(), MAX_JSON);
    Asked asked = asked(json);
    Film film = film(asked, String.valueOf(json.get("model")));
    Optional<Duration> moment = Optional.ofNullable(json.get("moviechat_at")).map(Times::parse);
    Optional<GenerationOptions> options = options(json);
    String id = "chatcmpl-" + UUID.randomUUID();
    if (Boolean.TRUE.equals(json.get("stream"))) {
      stream(response, id, film, asked.question, moment, options);
    } else {
      whole(response, id, film, asked.question, moment, options);
    }
  }

  private void stream(
      HttpServletResponse response,
      String id,
      Film film,
      String question,
      Optional<Duration> moment,
      Optional<GenerationOptions> options)
      throws IOException {
    EventStream stream = new EventStream(response);
    try {
      watched(film, stream);
      stream.data(Json.text(chunk(id, film, Map.of("role", "assistant", "content", ""), null)));
      Films.Reply reply =
          new Answering(films, film, question, moment, options)
              .to(
                  new Answering.Client() {
                    @Override
                    public void text(String piece) throws IOException {
                      stream.data(Json.text(chunk(id, film, Map.of("content", piece), null)));
                    }

                    @Override
                    public void ping() throws IOException {
                      stream.ping();
                    }
                  });
      Map<String, Object> last = chunk(id, film, Map.of(), finish(reply));
      last.put("moviechat", rests(reply));
      stream.data(Json.text(last));
    } catch (RuntimeException e) {
      stream.data(Json.text(error(Refusal.of(e))));
    }
    stream.data("[DONE]");
  }

  private void whole(
      HttpServletResponse response,
      String id,
      Film film,
      String question,
      Optional<Duration> moment,
      Optional<GenerationOptions> options)
      throws IOException {
    watched(film, null);
    StringBuilder text = new StringBuilder();
    Films.Reply reply =
        new Answering(films, film, question, moment, options)
            .to(
                new Answering.Client() {
                  @Override
                  public void text(String piece) {
                    text.append(piece);
                  }

                  @Override
                  public void ping() {}
                });
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("id", id);
    json.put("object", "chat.completion");
    json.put("created", Instant.now().getEpochSecond());
    json.put("model", film.title() + "@" + film.id());
    json.put(
        "choices",
        List.of(
            Map.of(
                "index",
                0,
                "message",
                Map.of("role", "assistant", "content", reply.answer().text()),
                "finish_reason",
                finish(reply))));
    int prompt = reply.answer().promptTokens();
    int made = reply.answer().tokens().length;
    json.put(
        "usage",
        Map.of("prompt_tokens", prompt, "completion_tokens", made, "total_tokens", prompt + made));
    json.put("moviechat", rests(reply));
    Http.json(response, 200, json);
  }

  private static Map<String, Object> rests(Films.Reply reply) {
    return Map.of(
        "evidence",
        Films.evidence(reply.answer()),
        "watched_to",
        Times.seconds(reply.watchedTo()),
        "watched_whole",
        reply.watchedWhole());
  }

  private static String finish(Films.Reply reply) {
    return reply.answer().finishReason() == FinishReason.LENGTH ? "length" : "stop";
  }

  private static Map<String, Object> chunk(
      String id, Film film, Map<String, Object> delta, @Nullable String finish) {
    Map<String, Object> choice = new LinkedHashMap<>();
    choice.put("index", 0);
    choice.put("delta", delta);
    choice.put("finish_reason", finish);
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("id", id);
    json.put("object", "chat.completion.chunk");
    json.put("created", Instant.now().getEpochSecond());
    json.put("model", film.title() + "@" + film.id());
    json.put("choices", List.of(choice));
    return json;
  }

  /** Waits for a film that was sent along; a client of a stream hears that we are alive. */
  private static void watched(Film film, @Nullable EventStream stream) throws IOException {
    long end = System.nanoTime() + LONGEST_WATCH.toNanos();
    try {
      while (!film.await(Duration.ofMillis(500)) && System.nanoTime() < end) {
        if (stream != null) {
          stream.ping();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal(503, "the server is closing", e);
    }
  }

  // ---- What is asked ----

  private record Asked(String question, Optional<String> video) {}

  private static Asked asked(Map<String, Object> json) {
    if (!(json.get("messages") instanceof List<?> messages)) {
      throw new Refusal(Refusal.BAD_REQUEST, "'messages' is missing");
    }
    String question = "";
    Optional<String> video = Optional.empty();
    for (Object each : messages) {
      if (!(each instanceof Map<?, ?> message) || !"user".equals(message.get("role"))) {
        continue;
      }
      if (message.get("content") instanceof String text) {
        question = text;
      } else if (message.get("content") instanceof List<?> parts) {
        StringBuilder text = new StringBuilder();
        for (Object some : parts) {
          if (!(some instanceof Map<?, ?> part)) {
            continue;
          }
          if (part.get("text") instanceof String words) {
            text.append(words);
          }
          if (part.get("video_url") instanceof Map<?, ?> address) {
            video = Optional.of(String.valueOf(address.get("url")));
          } else if (part.get("video_url") instanceof String address) {
            video = Optional.of(address);
          }
        }
        question = text.toString();
      }
    }
    if (question.isBlank()) {
      throw new Refusal(Refusal.BAD_REQUEST, "no message of the user has text");
    }
    return new Asked(question, video);
  }

  private Film film(Asked asked, String model) throws IOException {
    if (asked.video.isEmpty()) {
      Matcher handle = HANDLE.matcher(model);
      if (handle.matches()) {
        return films.film(handle.group(1));
      }
      throw new Refusal(
          Refusal.BAD_REQUEST,
          "which film? Take one of GET /v1/models as the model, or add a content part of type"
              + " video_url");
    }
    String address = asked.video.get();
    Matcher data = DATA.matcher(address);
    if (data.matches()) {
      byte[] bytes = Base64.getMimeDecoder().decode(data.group(2));
      return uploads.take("video." + data.group(1), bytes.length, new ByteArrayInputStream(bytes));
    }
    Matcher handle = HANDLE.matcher(address);
    if (handle.matches()) {
      return films.film(handle.group(1));
    }
    if (address.startsWith("file:")) {
      return films.open(Path.of(URI.create(address)).toString(), Optional.empty());
    }
    if (address.contains("://")) {
      throw new Refusal(
          Refusal.FORBIDDEN,
          "this server fetches nothing from the network; send the video as a data: URL, or give"
              + " file: with a path below an allowed folder, or a film's handle");
    }
    return films.open(address, Optional.empty());
  }

  private static Optional<GenerationOptions> options(Map<String, Object> json) {
    Object most =
        json.get("max_completion_tokens") != null
            ? json.get("max_completion_tokens")
            : json.get("max_tokens");
    if (!(most instanceof Number number)) {
      return Optional.empty();
    }
    return Optional.of(GenerationOptions.builder().maxTokens(number.intValue()).build());
  }
}
