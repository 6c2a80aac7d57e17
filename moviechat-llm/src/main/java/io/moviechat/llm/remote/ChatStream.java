package io.moviechat.llm.remote;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.FinishReason;
import io.moviechat.InferenceException;
import io.moviechat.internal.Nanos;
import io.moviechat.llm.internal.StopFilter;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * One attempt at an answer of a chat endpoint: server-sent events, of which {@code data:} lines
 * carry JSON, or one JSON object from servers that do not stream. Waits in short steps, so that
 * cancelling and deadlines work against a server that stalls.
 */
final class ChatStream {
  private static final long STEP_MILLIS = 20;
  private static final Duration STEP = Duration.ofMillis(STEP_MILLIS);

  /** How long the figures that follow an answer's end are waited for. */
  private static final long GRACE_NANOS = Duration.ofSeconds(2).toNanos();

  private static final int LONGEST_REASON = 2000;
  private static final int LONGEST_JSON = 16 << 20;
  private static final int DEEPEST_CAUSE = 10;

  private final HttpClient http;
  private final HttpRequest request;
  private final String server;
  private final UnaryOperator<String> redact;
  private final StopFilter text;
  private final long deadline;
  private final BooleanSupplier cancelled;
  private final ThinkingFilter thinking = new ThinkingFilter();
  private final StringBuilder refusal = new StringBuilder();
  private OptionalLong firstText = OptionalLong.empty();
  private boolean thought;
  private int promptTokens;
  private int completionTokens;
  private @Nullable String finish;

  /**
   * @param server its name in messages
   * @param redact takes secrets out of what the server says
   * @param text is given the answer's pieces
   * @param deadline by {@link System#nanoTime()}
   */
  ChatStream(
      HttpClient http,
      HttpRequest request,
      String server,
      UnaryOperator<String> redact,
      StopFilter text,
      long deadline,
      BooleanSupplier cancelled) {
    this.http = http;
    this.request = request;
    this.server = server;
    this.redact = redact;
    this.text = text;
    this.deadline = deadline;
    this.cancelled = cancelled;
  }

  /** When the first text came, by {@link System#nanoTime()}. */
  OptionalLong firstText() {
    return firstText;
  }

  int promptTokens() {
    return promptTokens;
  }

  int completionTokens() {
    return completionTokens;
  }

  /** Whether the model thought before it answered. */
  boolean thought() {
    return thought || thinking.thought();
  }

  /**
   * Sends the request and hands on the text.
   *
   * @throws InferenceException if the server fails for good: no further attempt can help, or part
   *     of an answer was given already
   */
  Outcome run() {
    CompletableFuture<HttpResponse<Flow.Publisher<List<ByteBuffer>>>> sent =
        http.sendAsync(request, HttpResponse.BodyHandlers.ofPublisher());
    EventLines lines = new EventLines();
    try {
      while (true) {
        Optional<FinishReason> stopped = stopped();
        if (stopped.isPresent()) {
          sent.cancel(true);
          return new Outcome.Finished(stopped.get());
        }
        try {
          HttpResponse<Flow.Publisher<List<ByteBuffer>>> response =
              sent.get(STEP_MILLIS, TimeUnit.MILLISECONDS);
          response.body().subscribe(lines.body);
          return response.statusCode() == 200 ? read(lines) : refused(response, lines);
        } catch (TimeoutException e) {
          // Looks again whether it was cancelled.
        }
      }
    } catch (ExecutionException e) {
      return unreachable(e.getCause() == null ? e : e.getCause());
    } catch (InterruptedException e) {
      sent.cancel(true);
      Thread.currentThread().interrupt();
      return new Outcome.Finished(FinishReason.CANCELLED);
    } finally {
      lines.body.cancel();
    }
  }

  /** Waits; a reason if the answer was cancelled or timed out meanwhile. */
  Optional<FinishReason> waitFor(Duration pause) {
    long begin = System.nanoTime();
    long nanos = Nanos.saturated(pause);
    try {
      while (System.nanoTime() - begin < nanos) {
        Optional<FinishReason> stopped = stopped();
        if (stopped.isPresent()) {
          return stopped;
        }
        Thread.sleep(STEP_MILLIS);
      }
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of(FinishReason.CANCELLED);
    }
  }

  private Optional<FinishReason> stopped() {
    if (cancelled.getAsBoolean()) {
      return Optional.of(FinishReason.CANCELLED);
    }
    return System.nanoTime() - deadline >= 0 ? Optional.of(FinishReason.TIMEOUT) : Optional.empty();
  }

  private InferenceException failure(String what) {
    String after = firstText.isPresent() ? " after part of the answer" : "";
    return new InferenceException(server + " " + redact.apply(what) + after);
  }

  /** Only what may pass by itself is worth another attempt. */
  private Outcome unreachable(Throwable failure) {
    int depth = 0;
    for (Throwable t = failure; t != null && depth < DEEPEST_CAUSE; t = t.getCause(), depth++) {
      if (t instanceof UnresolvedAddressException || t instanceof UnknownHostException) {
        throw new InferenceException(server + " cannot be reached: no such host", failure);
      }
      if (t instanceof SSLException) {
        throw new InferenceException(
            server + " cannot be reached: TLS failed, " + redact.apply(t.getMessage()), failure);
      }
    }
    if (failure instanceof ConnectException) {
      throw InferenceException.retriable(
          server + " cannot be reached: the connection was refused; does the server run?", failure);
    }
    return new Outcome.Failed(redact.apply(failure.toString()), Optional.empty());
  }

  private Outcome refused(HttpResponse<?> response, EventLines lines) throws InterruptedException {
    StringBuilder reason = new StringBuilder();
    while (reason.length() < LONGEST_REASON) {
      Optional<FinishReason> stopped = stopped();
      if (stopped.isPresent()) {
        return new Outcome.Finished(stopped.get());
      }
      String line = lines.next(STEP);
      if (line != null) {
        reason.append(line).append(' ');
      } else if (lines.ended()) {
        break;
      }
    }
    int status = response.statusCode();
    String said =
        redact.apply(reason.substring(0, Math.min(LONGEST_REASON, reason.length())).strip());
    boolean mayPass = status == 408 || status == 429 || (status >= 500 && status != 501);
    if (!mayPass || said.contains("insufficient_quota")) {
      return new Outcome.Refused(status, said);
    }
    Optional<Duration> pause =
        response
            .headers()
            .firstValue("Retry-After")
            .filter(value -> value.matches("\\d{1,5}"))
            .map(value -> Duration.ofSeconds(Long.parseLong(value)));
    return new Outcome.Failed("HTTP " + status + ": " + shortened(said), pause);
  }

  static String shortened(String text) {
    return text.length() <= 500 ? text : text.substring(0, 500) + " ...";
  }

  private Outcome read(EventLines lines) throws InterruptedException {
    boolean first = true;
    String event = "";
    long graceEnd = 0;
    while (true) {
      Optional<FinishReason> stopped = stopped();
      if (stopped.isPresent() && finish == null) {
        return new Outcome.Finished(stopped.get());
      }
      String line = lines.next(STEP);
      if (line == null) {
        if (finish != null) {
          graceEnd = graceEnd == 0 ? System.nanoTime() + GRACE_NANOS : graceEnd;
          if (lines.ended() || System.nanoTime() - graceEnd >= 0) {
            return finished();
          }
        } else if (lines.ended()) {
          return brokeOff(lines);
        }
        continue;
      }
      if (first && !line.isBlank()) {
        first = false;
        if (line.strip().startsWith("{")) {
          return whole(line, lines);
        }
        if (line.strip().startsWith("<")) {
          throw failure(
              "sent a page, not an answer: " + shortened(line) + Refusals.advice(404, "", 0));
        }
      }
      if (line.isEmpty()) {
        event = "";
      } else if (line.startsWith("event:")) {
        event = line.substring("event:".length()).strip();
      } else if (line.startsWith("error:")) { // llama.cpp's server until 2025
        throw failure("failed: " + shortened(line.substring("error:".length()).strip()));
      } else if (line.startsWith("data:")) {
        String data = line.substring("data:".length()).strip();
        if (event.equals("error")) {
          throw failure("failed: " + shortened(data));
        }
        if (data.equals("[DONE]")) {
          return finished();
        }
        if (take(json(data))) {
          return new Outcome.Finished(FinishReason.STOP);
        }
      }
    }
  }

  private Outcome brokeOff(EventLines lines) {
    String why = "broke the stream off" + lines.failure();
    if (firstText.isPresent() || thought()) {
      InferenceException failure = failure(why);
      throw InferenceException.retriable(String.valueOf(failure.getMessage()), null);
    }
    return new Outcome.Failed(redact.apply(why), Optional.empty());
  }

  /** An answer in one piece, from a server or proxy that does not stream. */
  private Outcome whole(String begin, EventLines lines) throws InterruptedException {
    StringBuilder body = new StringBuilder(begin);
    while (!lines.ended()) {
      Optional<FinishReason> stopped = stopped();
      if (stopped.isPresent()) {
        return new Outcome.Finished(stopped.get());
      }
      String line = lines.next(STEP);
      if (line != null) {
        body.append('\n').append(line);
      }
      if (body.length() > LONGEST_JSON) {
        throw failure("sent an answer of more than " + LONGEST_JSON + " characters");
      }
    }
    return take(json(body.toString())) ? new Outcome.Finished(FinishReason.STOP) : finished();
  }

  private JsonNode json(String data) {
    return OpenAiChat.parse(data)
        .orElseThrow(() -> failure("sent something that is not JSON: " + shortened(data)));
  }

  /** Takes one event, or one whole answer; true if a stop string came. */
  private boolean take(JsonNode event) {
    if (event.hasNonNull("error")) {
      JsonNode error = event.get("error");
      String said = error.path("message").isTextual() ? error.get("message").asText() : "";
      throw failure("failed: " + shortened(said.isEmpty() ? error.toString() : said));
    }
    if (event.path("object").asText().equals("error")) {
      throw failure("failed: " + shortened(event.path("message").asText(event.toString())));
    }
    promptTokens = event.path("usage").path("prompt_tokens").asInt(promptTokens);
    completionTokens = event.path("usage").path("completion_tokens").asInt(completionTokens);
    JsonNode choice = event.path("choices").path(0);
    JsonNode message = choice.has("delta") ? choice.path("delta") : choice.path("message");
    if (choice.path("finish_reason").isTextual()) {
      finish = choice.path("finish_reason").textValue();
    }
    thought |=
        !message.path("reasoning_content").asText("").isEmpty()
            || !message.path("reasoning").asText("").isEmpty();
    if (message.path("refusal").isTextual()) {
      refusal.append(message.path("refusal").textValue());
    }
    return say(thinking.take(content(message.path("content"))));
  }

  /** A text, or parts of which some are text. */
  private String content(JsonNode content) {
    if (!content.isArray()) {
      return content.asText("");
    }
    StringBuilder said = new StringBuilder();
    for (JsonNode part : content) {
      switch (part.path("type").asText()) {
        case "text", "output_text" -> said.append(part.path("text").asText(""));
        case "thinking", "reasoning" -> thought = true;
        case "refusal" -> refusal.append(part.path("refusal").asText(""));
        default -> {
          // References, sounds and what else may come: no part of the text.
        }
      }
    }
    return said.toString();
  }

  private boolean say(String piece) {
    if (piece.isEmpty()) {
      return false;
    }
    if (firstText.isEmpty()) {
      firstText = OptionalLong.of(System.nanoTime());
    }
    return text.take(piece);
  }

  /** The answer is through: whole, cut at its length, or not an answer at all. */
  private Outcome finished() {
    if (say(thinking.finish())) {
      return new Outcome.Finished(FinishReason.STOP);
    }
    if (!refusal.isEmpty()) {
      throw failure("refused to answer: " + shortened(refusal.toString()));
    }
    String reason = finish == null ? "stop" : finish;
    switch (reason) {
      case "stop", "eos", "eos_token", "stop_sequence", "end_turn" -> {
        return new Outcome.Finished(FinishReason.STOP);
      }
      case "length", "max_tokens", "model_length" -> {
        return new Outcome.Finished(FinishReason.LENGTH);
      }
      case "content_filter" -> throw failure("withheld the answer: its content filter took it");
      case "tool_calls", "function_call" ->
          throw failure("did not answer: the model wanted to call a tool, and was given none");
      default -> throw failure("ended the answer for another reason than its end: " + reason);
    }
  }
}
