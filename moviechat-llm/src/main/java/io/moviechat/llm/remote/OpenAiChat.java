package io.moviechat.llm.remote;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moviechat.Answer;
import io.moviechat.Conversation;
import io.moviechat.FinishReason;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.GenerationOptions;
import io.moviechat.InferenceException;
import io.moviechat.TokenListener;
import io.moviechat.llm.internal.Pictures;
import io.moviechat.llm.internal.StopFilter;
import io.moviechat.speech.Cue;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers with a model behind an OpenAI-compatible chat endpoint: vLLM, Ollama, llama.cpp's server
 * and many services speak it. The memory's slots are shown as pictures: the real frame nearest to
 * each slot's mean, announced by the slot's time span. Answers are streamed.
 *
 * <pre>{@code
 * AnswerGenerator generator =
 *     OpenAiChat.builder(URI.create("http://localhost:11434/v1"), "qwen2.5vl:7b").build();
 * }</pre>
 *
 * <p>What may pass by itself is tried again after a growing pause, as long as nothing was streamed
 * yet: 408, 429, 5xx, connections that break. A server that cannot be reached, or refuses the
 * request, is not. Redirects are not followed. Keys appear in no message and no log.
 *
 * <p>An answer that was filtered, refused, broken off or is empty is an {@link InferenceException},
 * never a normal end; one that reached its length says so ({@link FinishReason#LENGTH}). Thoughts
 * are left out. Thread-safe.
 */
public final class OpenAiChat implements AnswerGenerator {
  private static final Logger log = LoggerFactory.getLogger(OpenAiChat.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String BEARER = "Bearer ";

  /** Shorter values of headers are no keys, and common in other words. */
  private static final int SHORTEST_SECRET = 6;

  private final URI endpoint;
  private final String model;
  private final String server;
  private final Map<String, String> headers;
  private final Parameters parameters;
  private final int maxImages;
  private final FrameFormat imageFormat;
  private final int retries;
  private final Duration firstPause;
  private final Duration timeout;
  private final HttpClient http;
  private volatile boolean closed;

  private OpenAiChat(Builder builder) {
    endpoint = endpoint(builder.baseUrl);
    server = server(endpoint);
    model = builder.model;
    headers = builder.allHeaders();
    parameters = new Parameters(builder.leftOut, builder.renamed);
    maxImages = builder.maxImages;
    imageFormat = builder.imageFormat;
    retries = builder.retries;
    firstPause = builder.firstPause;
    timeout = builder.timeout;
    http =
        builder.http != null
            ? builder.http
            : HttpClient.newBuilder()
                .connectTimeout(Duration.ofSeconds(10))
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
  }

  private static URI endpoint(URI base) {
    String path = String.valueOf(base.getRawPath()).replaceFirst("/+$", "");
    if (!path.endsWith("/chat/completions")) {
      path += "/chat/completions";
    }
    String query = base.getRawQuery() == null ? "" : "?" + base.getRawQuery();
    return URI.create(base.getScheme() + "://" + base.getRawAuthority() + path + query);
  }

  private static String server(URI endpoint) {
    int usual = endpoint.getScheme().equals("https") ? 443 : 80;
    return endpoint.getHost() + ":" + (endpoint.getPort() < 0 ? usual : endpoint.getPort());
  }

  /**
   * Configures a backend.
   *
   * @param baseUrl up to the version, {@code http://localhost:8000/v1} for instance; a query, as in
   *     {@code ?api-version=...}, is sent along
   * @param model the model's name on that server
   * @throws IllegalArgumentException if the address is neither http nor https, or carries a user
   */
  public static Builder builder(URI baseUrl, String model) {
    return new Builder(baseUrl, model);
  }

  @Override
  public String id() {
    return model + " at " + server;
  }

  @Override
  public AnswerSession open(MovieView view) {
    requireOpen();
    return new Session(view);
  }

  /** Sessions end: later questions are refused. */
  @Override
  public void close() {
    closed = true;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("chat backend " + id() + " is closed");
    }
  }

  private final class Session implements AnswerSession {
    private final MovieView view;
    private volatile boolean ended;
    private @Nullable List<Pictures.Picture> pictures;

    Session(MovieView view) {
      this.view = view;
    }

    @Override
    public synchronized GeneratedAnswer answer(AnswerRequest request, TokenListener listener) {
      requireOpen();
      if (ended) {
        throw new IllegalStateException("a session of " + id() + " is closed");
      }
      if (request.question().isBlank()) {
        throw new IllegalArgumentException("the question is empty");
      }
      GenerationOptions options = request.options();
      if (options.beams() > 1) {
        throw new IllegalArgumentException(
            "a chat endpoint has no beam search (beams was " + options.beams() + ")");
      }
      long begin = System.nanoTime();
      if (request.cancelled().getAsBoolean()) {
        return nothing();
      }
      List<Pictures.Picture> shown = pictures;
      if (shown == null) {
        shown = Pictures.of(view, maxImages, imageFormat);
        pictures = shown;
      }
      Duration allowed = options.timeout().filter(t -> t.compareTo(timeout) < 0).orElse(timeout);
      long deadline = begin + TimeUnit.NANOSECONDS.convert(allowed);
      StopFilter text = new StopFilter(options.stopStrings(), listener);
      Duration pause = firstPause;
      String lastFailure = "";
      int attempts = 0;
      while (true) {
        ChatStream stream =
            new ChatStream(
                http,
                request(body(request, shown)),
                id(),
                OpenAiChat.this::redact,
                text,
                deadline,
                () -> ended || closed || request.cancelled().getAsBoolean());
        Outcome outcome = stream.run();
        if (outcome instanceof Outcome.Refused refused) {
          Optional<String> learnt = parameters.learn(refused.body(), options);
          if (learnt.isEmpty()) {
            InferenceException refusal = refusal(refused, shown.size());
            if (!request.history().isEmpty() && Refusals.isTooLong(refused.body())) {
              throw new ContextExceededException(
                  String.valueOf(refusal.getMessage())); // fewer turns may fit
            }
            throw refusal;
          }
          log.info("{} takes no {} as sent; from now on it is sent otherwise", id(), learnt.get());
          continue;
        }
        Optional<FinishReason> end = Optional.empty();
        if (outcome instanceof Outcome.Finished finished) {
          end = Optional.of(finished.reason());
        } else if (outcome instanceof Outcome.Failed failed) {
          attempts++;
          lastFailure = failed.why();
          if (attempts > retries) {
            throw InferenceException.retriable(
                id() + " failed " + attempts + " times, at last: " + lastFailure, null);
          }
          end = stream.waitFor(failed.pause().orElse(pause));
          pause = pause.multipliedBy(2);
        }
        if (end.isPresent()) {
          text.end();
          requireText(text, end.get(), stream, options, allowed, lastFailure);
          return generated(
              text, stream, end.get(), shown.isEmpty() ? List.of() : Pictures.said(request), begin);
        }
      }
    }

    /** Nothing is no answer, unless the asker did not wait for one. */
    private void requireText(
        StopFilter text,
        FinishReason end,
        ChatStream stream,
        GenerationOptions options,
        Duration allowed,
        String lastFailure) {
      if (!text.text().isBlank() || text.stopped() || end == FinishReason.CANCELLED) {
        return;
      }
      String thoughts =
          stream.thought()
              ? ": the model was still thinking, or thought and said nothing; allow it more tokens"
                  + " (maxTokens, now "
                  + options.maxTokens()
                  + ") or time, or switch its thinking off"
              : "";
      String what =
          switch (end) {
            case TIMEOUT ->
                " gave no answer within "
                    + allowed
                    + (lastFailure.isEmpty() ? "" : "; it failed before: " + lastFailure);
            case LENGTH -> " gave no answer within " + options.maxTokens() + " tokens";
            default -> " gave an empty answer";
          };
      if (end == FinishReason.TIMEOUT && !stream.thought()) {
        throw InferenceException.retriable(id() + what, null);
      }
      throw new InferenceException(id() + what + thoughts);
    }

    private GeneratedAnswer nothing() {
      return GeneratedAnswer.builder("", FinishReason.CANCELLED)
          .timings(Answer.Timings.of(Duration.ZERO, Duration.ZERO, Duration.ZERO, 0))
          .build();
    }

    private GeneratedAnswer generated(
        StopFilter text, ChatStream stream, FinishReason reason, List<Cue> said, long begin) {
      long end = System.nanoTime();
      long first = stream.firstText().orElse(end);
      double seconds = (end - first) / 1e9;
      int tokens = stream.completionTokens();
      Duration untilFirst = Duration.ofNanos(first - begin);
      return GeneratedAnswer.builder(text.text(), reason)
          .promptTokens(stream.promptTokens())
          .cues(said)
          .timings(
              Answer.Timings.of(
                  untilFirst,
                  untilFirst,
                  Duration.ofNanos(end - begin),
                  tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : 0))
          .build();
    }

    @Override
    public void close() {
      ended = true;
    }
  }

  private HttpRequest request(String body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(endpoint)
            .header("Content-Type", "application/json")
            .header("Accept", "text/event-stream, application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body, StandardCharsets.UTF_8));
    if (endpoint.getScheme().equals("http")) {
      // Else the JDK offers to change to HTTP/2, and servers of Python and Node drop the body,
      // refuse
      // or never answer.
      request.version(HttpClient.Version.HTTP_1_1);
    }
    headers.forEach(request::setHeader);
    return request.build();
  }

  private String body(AnswerRequest request, List<Pictures.Picture> pictures) {
    GenerationOptions options = request.options();
    ObjectNode body = JSON.createObjectNode();
    body.put("model", model);
    body.put("stream", true);
    body.putObject("stream_options").put("include_usage", true);
    body.put("max_tokens", options.maxTokens());
    body.put("temperature", options.temperature());
    body.put("seed", options.seed());
    if (options.topP() < 1) {
      body.put("top_p", options.topP());
    }
    // Beyond OpenAI's own interface; servers of open models know these names.
    if (options.topK() > 0) {
      body.put("top_k", options.topK());
    }
    if (options.minP() > 0) {
      body.put("min_p", options.minP());
    }
    if (options.minTokens() > 0) {
      body.put("min_tokens", options.minTokens());
    }
    if (options.repetitionPenalty() != 1) {
      body.put("repetition_penalty", options.repetitionPenalty());
    }
    if (!options.stopStrings().isEmpty()) {
      ArrayNode stop = body.putArray("stop");
      options.stopStrings().stream().limit(4).forEach(stop::add);
    }
    ArrayNode messages = body.putArray("messages");
    request
        .systemPrompt()
        .ifPresent(text -> messages.addObject().put("role", "system").put("content", text));
    List<Cue> said = Pictures.said(request);
    boolean first = true;
    for (Conversation.Turn turn : request.history()) {
      question(messages, turn.question(), first ? pictures : List.of(), said);
      messages.addObject().put("role", "assistant").put("content", turn.answer());
      first = false;
    }
    question(messages, request.question(), first ? pictures : List.of(), said);
    parameters.apply(body);
    try {
      return JSON.writeValueAsString(body);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree cannot be written", e);
    }
  }

  private static void question(
      ArrayNode messages, String question, List<Pictures.Picture> pictures, List<Cue> said) {
    ObjectNode message = messages.addObject().put("role", "user");
    if (pictures.isEmpty()) {
      message.put("content", question);
      return;
    }
    ArrayNode content = message.putArray("content");
    List<String> captions = Pictures.captions(pictures, said);
    for (int i = 0; i < pictures.size(); i++) {
      Pictures.Picture picture = pictures.get(i);
      content.addObject().put("type", "text").put("text", captions.get(i));
      content
          .addObject()
          .put("type", "image_url")
          .putObject("image_url")
          .put("url", "data:image/jpeg;base64," + picture.jpegBase64());
    }
    content.addObject().put("type", "text").put("text", question);
  }

  private InferenceException refusal(Outcome.Refused refused, int pictures) {
    return new InferenceException(
        id()
            + " refused the question: HTTP "
            + refused.status()
            + ": "
            + ChatStream.shortened(refused.body())
            + Refusals.advice(refused.status(), refused.body(), pictures));
  }

  /** Takes the values of headers, keys among them, out of what a server says. */
  private String redact(String text) {
    String redacted = text;
    for (String value : headers.values()) {
      String secret = value.startsWith(BEARER) ? value.substring(BEARER.length()) : value;
      if (secret.length() >= SHORTEST_SECRET) {
        redacted = redacted.replace(secret, "***");
      }
    }
    return redacted;
  }

  static Optional<JsonNode> parse(String json) {
    try {
      return Optional.ofNullable(JSON.readTree(json));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  /** Collects settings. Not thread-safe. */
  public static final class Builder {
    private final URI baseUrl;
    private final String model;
    private String apiKey = "";
    private final Map<String, String> headers = new LinkedHashMap<>();
    private final Set<String> leftOut = new LinkedHashSet<>();
    private final Map<String, String> renamed = new LinkedHashMap<>();
    private @Nullable HttpClient http;
    private int maxImages = 32;
    private FrameFormat imageFormat = FrameFormat.inside(512, 512, Resampling.BICUBIC);
    private int retries = 4;
    private Duration firstPause = Duration.ofMillis(500);
    private Duration timeout = Duration.ofMinutes(5);

    private Builder(URI baseUrl, String model) {
      String scheme = String.valueOf(baseUrl.getScheme());
      if (!(scheme.equals("http") || scheme.equals("https")) || baseUrl.getHost() == null) {
        throw new IllegalArgumentException(
            "the chat endpoint must be an http or https address, was " + baseUrl);
      }
      if (baseUrl.getRawUserInfo() != null) {
        throw new IllegalArgumentException(
            "the address of a chat endpoint carries no user or password; use apiKey or header");
      }
      this.baseUrl = baseUrl;
      this.model = Objects.requireNonNull(model, "model");
    }

    /** Sent as bearer token. Default none. */
    public Builder apiKey(String value) {
      if (value.chars().anyMatch(c -> c <= ' ' || c > '~')) {
        throw new IllegalArgumentException("the key has characters that no HTTP header can carry");
      }
      apiKey = value;
      return this;
    }

    /**
     * One more header of each request, {@code api-key} for Azure for instance. Its value appears in
     * no message. One given again replaces the earlier one.
     *
     * @throws IllegalArgumentException if HTTP does not allow the name or the value, or the name is
     *     one that the client sets itself
     */
    public Builder header(String name, String value) {
      HttpRequest.Builder unused =
          HttpRequest.newBuilder(baseUrl).header(name, value); // may refuse
      headers.put(name, value);
      return this;
    }

    /**
     * The client that sends requests, for proxies, certificates or a thread pool of your own; it
     * stays the caller's. Default: one that connects within 10 seconds and follows no redirect.
     */
    public Builder httpClient(HttpClient value) {
      http = Objects.requireNonNull(value, "httpClient");
      return this;
    }

    /**
     * Parameters of the request that this server refuses, {@code "seed"} for instance. Those that
     * nobody asked for ({@code stream_options}, a seed or temperature of 0) are left out by
     * themselves once a server has refused them.
     */
    public Builder leaveOut(String... parameters) {
      leftOut.addAll(List.of(parameters));
      return this;
    }

    /**
     * Another name for a parameter, {@code rename("max_tokens", "max_completion_tokens")} for
     * instance; this one is found out from a refusal too.
     */
    public Builder rename(String parameter, String name) {
      renamed.put(parameter, name);
      return this;
    }

    private Map<String, String> allHeaders() {
      Map<String, String> all = new LinkedHashMap<>();
      if (!apiKey.isEmpty()) {
        all.put("Authorization", BEARER + apiKey);
      }
      all.putAll(headers);
      return Map.copyOf(all);
    }

    /**
     * Most pictures of a question, spread evenly over the memory. Default 32.
     *
     * @throws IllegalArgumentException if below 1
     */
    public Builder maxImages(int value) {
      if (value < 1) {
        throw new IllegalArgumentException("maxImages must be at least 1, was " + value);
      }
      maxImages = value;
      return this;
    }

    /** Size of the pictures. Default: inside 512 x 512. */
    public Builder imageFormat(FrameFormat value) {
      imageFormat = Objects.requireNonNull(value, "imageFormat");
      return this;
    }

    /**
     * How often a refused request is tried again, and how long the first pause is; each further one
     * is twice as long. A server's own Retry-After wins. Default 4 and half a second.
     *
     * @throws IllegalArgumentException if negative
     */
    public Builder retries(int count, Duration pause) {
      if (count < 0 || pause.isNegative()) {
        throw new IllegalArgumentException(
            "retries must not be negative, were " + count + " after " + pause);
      }
      retries = count;
      firstPause = pause;
      return this;
    }

    /** Longest time for a whole answer with its retries. Default 5 minutes. */
    public Builder timeout(Duration value) {
      if (value.isNegative() || value.isZero()) {
        throw new IllegalArgumentException("the timeout must be above zero, was " + value);
      }
      timeout = value;
      return this;
    }

    /** The backend; nothing is sent yet. */
    public OpenAiChat build() {
      return new OpenAiChat(this);
    }
  }
}
