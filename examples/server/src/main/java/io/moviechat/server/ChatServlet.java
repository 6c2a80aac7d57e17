package io.moviechat.server;

import io.moviechat.Conversation;
import io.moviechat.FinishReason;
import io.moviechat.GenerationOptions;
import io.moviechat.library.Film;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
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
 * <p>The last message of the user is the question; questions before it and their answers are the
 * turns before it, of the film that was named last. What else there is, system prompts, questions
 * that got no answer, words of the assistant that nobody asked for, is left out.
 */
final class ChatServlet extends HttpServlet {
  private static final long serialVersionUID = 1L;
  private static final Logger log = LoggerFactory.getLogger(ChatServlet.class);
  private static final Pattern HANDLE = Pattern.compile("(?:.*[@:/])?([0-9a-f]{16})");
  private static final Pattern DATA = Pattern.compile("data:video/([A-Za-z0-9.+-]+);base64,(.*)");
  private static final String ONE_MODEL = "GET /models/";
  private static final int MAX_JSON = 64 << 20;
  private static final Duration HEARTBEAT = Duration.ofMillis(200);
  private static final Duration PATIENCE = Duration.ofMillis(400);
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
      String call = request.getMethod() + " " + request.getPathInfo();
      if (call.equals("GET /models")) {
        Http.json(response, 200, Map.of("object", "list", "data", models()));
      } else if (call.startsWith(ONE_MODEL)) {
        Http.json(response, 200, model(call.substring(ONE_MODEL.length())));
      } else if (call.equals("POST /chat/completions")) {
        complete(Json.object(request.getInputStream(), MAX_JSON), response);
      } else {
        throw new Refusal(Refusal.NOT_FOUND, "there is no " + request.getRequestURI());
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

  private List<Map<String, Object>> models() {
    List<Map<String, Object>> models = new ArrayList<>();
    for (Film film : films.library().films()) {
      if (film.state() == Film.State.READY || film.state() == Film.State.WATCHING) {
        models.add(model(film.title() + "@" + film.id(), film.added()));
      }
    }
    models.add(model(films.chat().model(), Instant.EPOCH));
    return models;
  }

  private Map<String, Object> model(String id) {
    return models().stream()
        .filter(model -> id.equals(model.get("id")))
        .findFirst()
        .orElseThrow(
            () ->
                new Refusal(
                    Refusal.NOT_FOUND, "there is no model " + id + "; GET /v1/models has them"));
  }

  private static Map<String, Object> model(String id, Instant created) {
    return Map.of(
        "id", id, "object", "model", "created", created.getEpochSecond(), "owned_by", "moviechat");
  }

  private void complete(Map<String, Object> json, HttpServletResponse response) throws IOException {
    if (json.get("n") instanceof Number n && n.intValue() != 1) {
      throw new Refusal(Refusal.BAD_REQUEST, "'n' is " + n + "; a question has one answer");
    }
    Asked asked = asked(json);
    Film film = film(asked, String.valueOf(json.get("model")));
    Optional<Duration> moment = Optional.ofNullable(json.get("moviechat_at")).map(Times::parse);
    Films.Ask ask = new Films.Ask(film, asked.question, asked.earlier, moment, options(json));
    if (Boolean.TRUE.equals(json.get("stream"))) {
      boolean usage =
          json.get("stream_options") instanceof Map<?, ?> wish
              && Boolean.TRUE.equals(wish.get("include_usage"));
      stream(response, ask, usage);
    } else {
      whole(response, ask);
    }
  }

  private void stream(HttpServletResponse response, Films.Ask ask, boolean usage)
      throws IOException {
    EventStream stream = new EventStream(response);
    String id = newId();
    Film film = ask.film();
    Answering.Client client =
        new Answering.Client() {
          @Override
          public void text(String piece) throws IOException {
            stream.data(Json.text(chunk(id, film, Map.of("content", piece), null)));
          }

          @Override
          public void ping() throws IOException {
            stream.ping();
          }
        };
    try {
      watched(film, client);
      stream.data(Json.text(chunk(id, film, Map.of("role", "assistant", "content", ""), null)));
      Films.Reply reply = new Answering(films, ask).to(client);
      Map<String, Object> last = chunk(id, film, Map.of(), finish(reply));
      last.put("moviechat", rests(reply));
      stream.data(Json.text(last));
      if (usage) {
        Map<String, Object> counts = chunk(id, film, Map.of(), null);
        counts.put("choices", List.of());
        counts.put("usage", usage(reply));
        stream.data(Json.text(counts));
      }
    } catch (RuntimeException e) {
      stream.data(Json.text(error(Refusal.of(e))));
    }
    stream.data("[DONE]");
  }

  private void whole(HttpServletResponse response, Films.Ask ask) throws IOException {
    WholeReply client = new WholeReply(response);
    try {
      watched(ask.film(), client);
      Films.Reply reply = new Answering(films, ask).to(client);
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("id", newId());
      json.put("object", "chat.completion");
      json.put("created", Instant.now().getEpochSecond());
      json.put("model", ask.film().title() + "@" + ask.film().id());
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
      json.put("usage", usage(reply));
      json.put("moviechat", rests(reply));
      client.send(200, json);
    } catch (RuntimeException e) {
      Refusal refusal = Refusal.of(e);
      client.send(refusal.status(), error(refusal));
    }
  }

  /**
   * A reply in one piece. While it is made, empty lines find out whether the client is still there,
   * which nothing else would; JSON may begin with them. They fix the status at 200, so there are
   * none before what fails at once has failed.
   */
  private static final class WholeReply implements Answering.Client {
    private final HttpServletResponse response;
    private final long begun = System.nanoTime();

    WholeReply(HttpServletResponse response) {
      this.response = response;
    }

    @Override
    public void text(String piece) throws IOException {
      ping();
    }

    @Override
    public void ping() throws IOException {
      if (System.nanoTime() - begun > PATIENCE.toNanos()) {
        response.setContentType("application/json; charset=utf-8");
        response.getOutputStream().write('\n');
        response.flushBuffer();
      }
    }

    void send(int status, Map<String, Object> json) throws IOException {
      if (response.isCommitted()) {
        response.getOutputStream().write(Json.text(json).getBytes(StandardCharsets.UTF_8));
      } else {
        Http.json(response, status, json);
      }
    }
  }

  private static String newId() {
    return "chatcmpl-" + UUID.randomUUID();
  }

  private static Map<String, Object> usage(Films.Reply reply) {
    int prompt = reply.answer().promptTokens();
    int made = reply.answer().tokens().length;
    return Map.of(
        "prompt_tokens", prompt, "completion_tokens", made, "total_tokens", prompt + made);
  }

  private static Map<String, Object> rests(Films.Reply reply) {
    return Map.of(
        "evidence",
        Films.evidence(reply.answer()),
        "watched_to",
        Times.seconds(reply.watchedTo()),
        "watched_whole",
        reply.watchedWhole(),
        "forgotten_turns",
        reply.answer().forgottenTurns());
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

  /** Waits for a film that was sent along; a client that leaves does not end watching it. */
  private static void watched(Film film, Answering.Client client) throws IOException {
    long end = System.nanoTime() + LONGEST_WATCH.toNanos();
    try {
      while (!film.await(HEARTBEAT) && System.nanoTime() < end) {
        client.ping();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal(503, "the server is closing", e);
    }
  }

  // ---- What is asked ----

  private record Asked(String question, List<Conversation.Turn> earlier, Optional<String> video) {}

  private static Asked asked(Map<String, Object> json) {
    if (!(json.get("messages") instanceof List<?> messages)) {
      throw new Refusal(Refusal.BAD_REQUEST, "'messages' is missing");
    }
    String question = "";
    boolean answered = false;
    Optional<String> video = Optional.empty();
    List<Conversation.Turn> turns = new ArrayList<>();
    for (Object each : messages) {
      if (!(each instanceof Map<?, ?> message)) {
        continue;
      }
      Optional<String> named = video(message.get("content"));
      String text = text(message.get("content"));
      if ("user".equals(message.get("role"))) {
        requireKnown(parts(message.get("content")));
        if (named.isPresent() && !named.equals(video)) { // what was said of another film
          video = named;
          turns.clear();
        }
        question = text;
        answered = false;
      } else if ("assistant".equals(message.get("role"))
          && !question.isBlank()
          && !text.isBlank()
          && !answered) {
        turns.add(new Conversation.Turn(question, text));
        answered = true;
      }
    }
    if (question.isBlank() || answered) {
      throw new Refusal(
          Refusal.BAD_REQUEST, "the last message must be the user's, with text: the question");
    }
    return new Asked(question, turns, video);
  }

  /** An answer that has not seen what came along would look as if it had. */
  private static void requireKnown(List<Map<?, ?>> parts) {
    for (Map<?, ?> part : parts) {
      if (!(part.get("text") instanceof String) && part.get("video_url") == null) {
        throw new Refusal(
            Refusal.BAD_REQUEST,
            "a content part of type "
                + part.get("type")
                + " cannot be read here; text and video_url can");
      }
    }
  }

  /** The words of a message, which is a text or a list of parts. */
  private static String text(@Nullable Object content) {
    if (content instanceof String text) {
      return text;
    }
    StringBuilder text = new StringBuilder();
    for (Map<?, ?> part : parts(content)) {
      if (part.get("text") instanceof String words) {
        text.append(words);
      }
    }
    return text.toString();
  }

  private static Optional<String> video(@Nullable Object content) {
    Optional<String> video = Optional.empty();
    for (Map<?, ?> part : parts(content)) {
      if (part.get("video_url") instanceof Map<?, ?> address) {
        video = Optional.of(String.valueOf(address.get("url")));
      } else if (part.get("video_url") instanceof String address) {
        video = Optional.of(address);
      }
    }
    return video;
  }

  private static List<Map<?, ?>> parts(@Nullable Object content) {
    List<Map<?, ?>> parts = new ArrayList<>();
    if (content instanceof List<?> all) {
      for (Object each : all) {
        if (each instanceof Map<?, ?> part) {
          parts.add(part);
        }
      }
    }
    return parts;
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
      return films.open(
          Path.of(URI.create(address)).toString(), Optional.empty(), OptionalInt.empty());
    }
    if (address.contains("://")) {
      throw new Refusal(
          Refusal.FORBIDDEN,
          "this server fetches nothing from the network; send the video as a data: URL, or give"
              + " file: with a path below an allowed folder, or a film's handle");
    }
    return films.open(address, Optional.empty(), OptionalInt.empty());
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
