package io.moviechat.llm.remote;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.primitives.ImmutableIntArray;
import io.moviechat.AnswerTimings;
import io.moviechat.FinishReason;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.GenerationOptions;
import io.moviechat.InferenceException;
import io.moviechat.TokenShape;
import io.moviechat.Turn;
import io.moviechat.llm.internal.Pictures;
import io.moviechat.llm.internal.StopFilter;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.TokenListener;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

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
 * <p>Refused requests (429) and failures of the server (5xx, broken connections) are tried again
 * after a growing pause, as long as nothing was streamed yet. Redirects are not followed. The key
 * appears in no message and no log. Thread-safe.
 */
public final class OpenAiChat implements AnswerGenerator {
  static final ObjectMapper JSON = new ObjectMapper();

  private final URI endpoint;
  private final String model;
  private final String apiKey;
  private final int maxImages;
  private final FrameFormat imageFormat;
  private final int retries;
  private final Duration firstPause;
  private final Duration timeout;
  private final HttpClient http;
  private volatile boolean closed;

  private OpenAiChat(Builder builder) {
    String base = builder.baseUrl.toString();
    endpoint = URI.create((base.endsWith("/") ? base : base + "/") + "chat/completions");
    model = builder.model;
    apiKey = builder.apiKey;
    maxImages = builder.maxImages;
    imageFormat = builder.imageFormat;
    retries = builder.retries;
    firstPause = builder.firstPause;
    timeout = builder.timeout;
    http =
        HttpClient.newBuilder()
            .connectTimeout(Duration.ofSeconds(10))
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  /**
   * Configures a backend.
   *
   * @param baseUrl up to the version, {@code http://localhost:8000/v1} for instance
   * @param model the model's name on that server
   * @throws IllegalArgumentException if the address is neither http nor https
   */
  public static Builder builder(URI baseUrl, String model) {
    return new Builder(baseUrl, model);
  }

  @Override
  public String id() {
    return model + " at " + endpoint.getHost();
  }

  /** Empty: it sees pictures. */
  @Override
  public OptionalInt tokenWidth() {
    return OptionalInt.empty();
  }

  /** Empty: of many slots a part is shown, spread evenly. */
  @Override
  public OptionalInt maxSlots(TokenShape shape) {
    return OptionalInt.empty();
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
    private @org.jspecify.annotations.Nullable List<Pictures.Picture> pictures;

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
      if (pictures == null) {
        pictures = Pictures.of(view, maxImages, imageFormat);
      }
      String body = body(request, pictures);
      Duration allowed = options.timeout().filter(t -> t.compareTo(timeout) < 0).orElse(timeout);
      long deadline = begin + allowed.toNanos();
      StopFilter text = new StopFilter(options.stopStrings(), listener);
      ChatStream stream =
          new ChatStream(
              http,
              request(body),
              OpenAiChat.this::redact,
              text,
              deadline,
              () -> ended || closed || request.cancelled().getAsBoolean());
      Duration pause = firstPause;
      for (int attempt = 0; ; attempt++) {
        ChatStream.Outcome outcome = stream.run();
        if (outcome.finish().isPresent()) {
          text.end();
          return generated(text, stream, outcome.finish().get(), begin);
        }
        if (attempt >= retries) {
          throw new InferenceException(
              id() + " failed " + (attempt + 1) + " times: " + outcome.failure());
        }
        Optional<FinishReason> stopped = stream.waitFor(outcome.pause().orElse(pause));
        if (stopped.isPresent()) {
          return generated(text, stream, stopped.get(), begin);
        }
        pause = pause.multipliedBy(2);
      }
    }

    private GeneratedAnswer nothing() {
      return new GeneratedAnswer(
          "",
          ImmutableIntArray.of(),
          FinishReason.CANCELLED,
          0,
          new AnswerTimings(Duration.ZERO, Duration.ZERO, Duration.ZERO, 0));
    }

    private GeneratedAnswer generated(
        StopFilter text, ChatStream stream, FinishReason reason, long begin) {
      long end = System.nanoTime();
      long first = stream.firstText().orElse(end);
      double seconds = (end - first) / 1e9;
      int tokens = stream.completionTokens();
      Duration untilFirst = Duration.ofNanos(first - begin);
      return new GeneratedAnswer(
          text.text(),
          ImmutableIntArray.of(),
          reason,
          stream.promptTokens(),
          new AnswerTimings(
              untilFirst,
              untilFirst,
              Duration.ofNanos(end - begin),
              tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : 0));
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
            .header("Accept", "text/event-stream")
            .POST(HttpRequest.BodyPublishers.ofString(body, StandardCharsets.UTF_8));
    if (!apiKey.isEmpty()) {
      request.header("Authorization", "Bearer " + apiKey);
    }
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
    boolean first = true;
    for (Turn turn : request.history()) {
      question(messages, turn.question(), first ? pictures : List.of());
      messages.addObject().put("role", "assistant").put("content", turn.answer());
      first = false;
    }
    question(messages, request.question(), first ? pictures : List.of());
    try {
      return JSON.writeValueAsString(body);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree cannot be written", e);
    }
  }

  private static void question(
      ArrayNode messages, String question, List<Pictures.Picture> pictures) {
    ObjectNode message = messages.addObject().put("role", "user");
    if (pictures.isEmpty()) {
      message.put("content", question);
      return;
    }
    ArrayNode content = message.putArray("content");
    for (Pictures.Picture picture : pictures) {
      content.addObject().put("type", "text").put("text", picture.caption());
      content
          .addObject()
          .put("type", "image_url")
          .putObject("image_url")
          .put("url", "data:image/jpeg;base64," + picture.jpegBase64());
    }
    content.addObject().put("type", "text").put("text", question);
  }

  private String redact(String text) {
    return apiKey.isEmpty() ? text : text.replace(apiKey, "***");
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
