package io.moviechat.llm.remote;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.FinishReason;
import io.moviechat.InferenceException;
import io.moviechat.llm.internal.HttpBody;
import io.moviechat.llm.internal.StopFilter;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
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
import org.jspecify.annotations.Nullable;

/**
 * One streamed answer of a chat endpoint: server-sent events, of which {@code data:} lines carry
 * JSON. Waits in short steps, so that cancelling and deadlines work against a server that stalls.
 */
final class ChatStream {
  /** A longer line is no event of ours. */
  private static final int LONGEST_LINE = 1 << 20;

  private static final long STEP_MILLIS = 20;
  private static final Duration STEP = Duration.ofMillis(STEP_MILLIS);

  /**
   * How one attempt ended.
   *
   * @param finish why the answer ended; empty if the attempt failed and another may help
   * @param failure what went wrong
   * @param pause how long the server wants us to wait
   */
  record Outcome(Optional<FinishReason> finish, String failure, Optional<Duration> pause) {
    static Outcome finished(FinishReason reason) {
      return new Outcome(Optional.of(reason), "", Optional.empty());
    }

    static Outcome failed(String failure, Optional<Duration> pause) {
      return new Outcome(Optional.empty(), failure, pause);
    }
  }

  private final HttpClient http;
  private final HttpRequest request;
  private final UnaryOperator<String> redact;
  private final StopFilter text;
  private final long deadline;
  private final BooleanSupplier cancelled;
  private OptionalLong firstText = OptionalLong.empty();
  private int promptTokens;
  private int completionTokens;

  ChatStream(
      HttpClient http,
      HttpRequest request,
      UnaryOperator<String> redact,
      StopFilter text,
      long deadline,
      BooleanSupplier cancelled) {
    this.http = http;
    this.request = request;
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

  /**
   * Sends the request and hands on the text.
   *
   * @throws InferenceException if the server refuses for good, or breaks off after text came
   */
  Outcome run() {
    CompletableFuture<HttpResponse<Flow.Publisher<List<ByteBuffer>>>> sent =
        http.sendAsync(request, HttpResponse.BodyHandlers.ofPublisher());
    Lines lines = new Lines();
    try {
      while (true) {
        Optional<FinishReason> stopped = stopped();
        if (stopped.isPresent()) {
          sent.cancel(true);
          return Outcome.finished(stopped.get());
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
      return Outcome.failed(redact.apply(String.valueOf(e.getCause())), Optional.empty());
    } catch (InterruptedException e) {
      sent.cancel(true);
      Thread.currentThread().interrupt();
      return Outcome.finished(FinishReason.CANCELLED);
    } finally {
      lines.body.cancel();
    }
  }

  /** Waits; a reason if the answer was cancelled or timed out meanwhile. */
  Optional<FinishReason> waitFor(Duration pause) {
    long until = System.nanoTime() + pause.toNanos();
    try {
      while (System.nanoTime() < until) {
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
    return System.nanoTime() >= deadline ? Optional.of(FinishReason.TIMEOUT) : Optional.empty();
  }

  private Outcome refused(HttpResponse<?> response, Lines lines) throws InterruptedException {
    StringBuilder reason = new StringBuilder();
    while (reason.length() < 2000) {
      Optional<FinishReason> stopped = stopped();
      if (stopped.isPresent()) {
        return Outcome.finished(stopped.get());
      }
      String line = lines.next();
      if (line != null) {
        reason.append(line).append(' ');
      } else if (lines.ended()) {
        break;
      }
    }
    int status = response.statusCode();
    String said = reason.toString().strip();
    String message =
        "HTTP " + status + ": " + redact.apply(said.substring(0, Math.min(500, said.length())));
    if (status == 429 || status >= 500) {
      Optional<Duration> pause =
          response
              .headers()
              .firstValue("Retry-After")
              .filter(value -> value.matches("\\d{1,5}"))
              .map(value -> Duration.ofSeconds(Long.parseLong(value)));
      return Outcome.failed(message, pause);
    }
    throw new InferenceException(request.uri().getHost() + " refused the question: " + message);
  }

  private Outcome read(Lines lines) throws InterruptedException {
    FinishReason reason = FinishReason.STOP;
    boolean finished = false;
    while (true) {
      Optional<FinishReason> stopped = stopped();
      if (stopped.isPresent()) {
        return Outcome.finished(stopped.get());
      }
      String line = lines.next();
      if (line == null) {
        if (!lines.ended()) {
          continue;
        }
        if (finished) {
          return Outcome.finished(reason);
        }
        String why = "the stream broke off" + lines.failure();
        if (firstText.isPresent()) {
          throw new InferenceException(
              request.uri().getHost() + ": " + redact.apply(why) + " after part of the answer");
        }
        return Outcome.failed(redact.apply(why), Optional.empty());
      }
      if (!line.startsWith("data:")) {
        continue;
      }
      String data = line.substring("data:".length()).strip();
      if (data.equals("[DONE]")) {
        return Outcome.finished(reason);
      }
      JsonNode event =
          OpenAiChat.parse(data)
              .orElseThrow(
                  () ->
                      new InferenceException(
                          request.uri().getHost() + " streamed something that is not JSON"));
      if (event.has("error")) {
        throw new InferenceException(
            request.uri().getHost() + " failed: " + redact.apply(event.path("error").toString()));
      }
      promptTokens = event.path("usage").path("prompt_tokens").asInt(promptTokens);
      completionTokens = event.path("usage").path("completion_tokens").asInt(completionTokens);
      JsonNode choice = event.path("choices").path(0);
      String piece = choice.path("delta").path("content").asText("");
      if (!piece.isEmpty()) {
        if (firstText.isEmpty()) {
          firstText = OptionalLong.of(System.nanoTime());
        }
        if (text.take(piece)) {
          return Outcome.finished(FinishReason.STOP);
        }
      }
      if (choice.path("finish_reason").isTextual()) {
        finished = true;
        reason =
            choice.path("finish_reason").textValue().equals("length")
                ? FinishReason.LENGTH
                : FinishReason.STOP;
      }
    }
  }

  /** The response's bytes as lines. */
  private static final class Lines {
    private final HttpBody body = new HttpBody();
    private final Deque<ByteBuffer> buffers = new ArrayDeque<>();
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private boolean ended;

    boolean ended() {
      return ended;
    }

    String failure() {
      return body.error().map(error -> " (" + error + ")").orElse("");
    }

    /** The next line, or null if there is none yet or the end was reached. */
    @Nullable String next() throws InterruptedException {
      while (!ended) {
        ByteBuffer bytes = buffers.peek();
        if (bytes == null) {
          buffers.addAll(body.next(STEP));
          if (buffers.isEmpty()) {
            ended = body.ended();
            return ended && line.size() > 0 ? taken() : null;
          }
          continue;
        }
        while (bytes.hasRemaining()) {
          byte b = bytes.get();
          if (b == '\n') {
            return taken();
          }
          line.write(b);
          if (line.size() > LONGEST_LINE) {
            throw new InferenceException(
                "the server streamed a line of more than " + LONGEST_LINE + " bytes");
          }
        }
        buffers.remove();
      }
      return null;
    }

    private String taken() {
      String text = line.toString(StandardCharsets.UTF_8);
      line.reset();
      return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }
  }
}
