package io.moviechat.llm.hub;

import io.moviechat.ModelException;
import io.moviechat.internal.Nanos;
import io.moviechat.llm.internal.HttpBody;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;

/**
 * Gets files over HTTP from servers that may break, lie, stall or refuse. Redirects are followed by
 * hand: never from https to http, and the token goes to no other host.
 */
final class Fetcher {
  private static final int MOST_REDIRECTS = 5;
  private static final long LARGEST_TEXT = 32L << 20;
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(2);

  /** A failure that another try may mend. */
  private static final class Retryable extends IOException {
    private static final long serialVersionUID = 1L;
    private final transient Optional<Duration> pause;

    Retryable(String message, Optional<Duration> pause) {
      super(message);
      this.pause = pause;
    }
  }

  private final HttpClient http;
  private final URI home;
  private final String token;
  private final int retries;
  private final Duration firstPause;
  private final Duration stall;

  Fetcher(
      HttpClient http, URI home, String token, int retries, Duration firstPause, Duration stall) {
    this.http = http;
    this.home = home;
    this.token = token;
    this.retries = retries;
    this.firstPause = firstPause;
    this.stall = stall;
  }

  /** A small text. */
  String text(URI uri) throws IOException {
    Duration pause = firstPause;
    for (int attempt = 0; ; attempt++) {
      try {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Response response = get(uri, 0);
        if (response.status != 200) {
          throw refused(uri, response);
        }
        response.copy(
            new java.nio.channels.WritableByteChannel() {
              @Override
              public int write(ByteBuffer from) {
                int count = from.remaining();
                byte[] part = new byte[count];
                from.get(part);
                bytes.writeBytes(part);
                return count;
              }

              @Override
              public boolean isOpen() {
                return true;
              }

              @Override
              public void close() {}
            },
            LARGEST_TEXT,
            done -> {});
        return bytes.toString(StandardCharsets.UTF_8);
      } catch (Retryable e) {
        pause = again(uri, e, attempt, pause);
      }
    }
  }

  /**
   * A large file, which goes on where an earlier try ended.
   *
   * @param part where it is collected; afterwards it has the announced size and hash
   */
  void file(URI uri, RemoteFile file, Path part, LongConsumer progress) throws IOException {
    Duration pause = firstPause;
    int fruitless = 0;
    boolean restarted = false;
    while (true) {
      long before = Files.exists(part) ? Files.size(part) : 0;
      if (before > file.size()) {
        Files.delete(part);
        before = 0;
      }
      if (before < file.size() || file.size() == 0) {
        try {
          append(uri, file, part, before, progress);
        } catch (Retryable e) {
          long after = Files.exists(part) ? Files.size(part) : 0;
          if (after > before) {
            fruitless = 0;
            pause = firstPause;
          }
          pause = again(uri, e, fruitless, pause);
          fruitless++;
          continue;
        }
      }
      if (file.matches(part)) {
        return;
      }
      // A part of another server or of a broken disk: once more from the beginning.
      Files.delete(part);
      if (restarted) {
        throw new ModelException(
            uri + " gives " + file.size() + " bytes whose hash is not the announced one");
      }
      restarted = true;
    }
  }

  private void append(URI uri, RemoteFile file, Path part, long from, LongConsumer progress)
      throws IOException {
    Response response = get(uri, from);
    boolean goesOn = response.status == 206 && response.rangeStart() == from;
    if (!goesOn && response.status != 200) {
      response.body.cancel();
      if (response.status == 206 || response.status == 416) {
        Files.deleteIfExists(part);
        throw new Retryable(uri + " gave another range than asked for", Optional.empty());
      }
      throw refused(uri, response);
    }
    long start = goesOn ? from : 0;
    Files.createDirectories(part.toAbsolutePath().getParent());
    try (FileChannel channel =
        FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.truncate(start);
      channel.position(start);
      response.copy(channel, file.size() - start, done -> progress.accept(start + done));
      channel.force(true);
      if (channel.size() < file.size()) {
        throw new Retryable(
            uri + " ended after " + channel.size() + " of " + file.size() + " bytes",
            Optional.empty());
      }
    }
  }

  private Duration again(URI uri, Retryable failure, int attempt, Duration pause)
      throws IOException {
    if (attempt >= retries) {
      throw ModelException.retriable(
          uri + " failed " + (attempt + 1) + " times: " + failure.getMessage(), failure);
    }
    Duration wait = failure.pause.orElse(pause);
    if (wait.compareTo(LONGEST_PAUSE) > 0) {
      throw ModelException.retriable(
          uri + " asks to wait " + wait.toSeconds() + " s: " + failure.getMessage(), failure);
    }
    try {
      Thread.sleep(wait.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for " + uri);
    }
    return pause.multipliedBy(2);
  }

  private static IOException refused(URI uri, Response response) {
    response.body.cancel();
    String message = uri + " answered HTTP " + response.status;
    if (response.status == 429 || response.status >= 500) {
      Optional<Duration> pause =
          response
              .headers
              .firstValue("Retry-After")
              .filter(value -> value.matches("\\d{1,6}"))
              .map(value -> Duration.ofSeconds(Long.parseLong(value)));
      return new Retryable(message, pause);
    }
    throw new ModelException(
        message
            + switch (response.status) {
              case 401, 403 -> "; the model may need a token, or its licence accepted on the hub";
              case 404 -> "; is the name right?";
              default -> "";
            });
  }

  private Response get(URI uri, long from) throws IOException {
    URI at = uri;
    for (int hop = 0; hop <= MOST_REDIRECTS; hop++) {
      Response response = once(at, from);
      if (response.status / 100 != 3) {
        return response;
      }
      response.body.cancel();
      String location = response.headers.firstValue("Location").orElse("");
      URI next;
      try {
        next = at.resolve(location);
      } catch (IllegalArgumentException e) {
        throw new ModelException(at + " redirects to nowhere: '" + location + "'", e);
      }
      String scheme = String.valueOf(next.getScheme());
      boolean allowed =
          scheme.equals("https") || (scheme.equals("http") && at.getScheme().equals("http"));
      if (location.isEmpty() || next.getHost() == null || !allowed) {
        throw new ModelException(at + " redirects to " + next + ", which is not followed");
      }
      at = next;
    }
    throw new ModelException(uri + " redirects more than " + MOST_REDIRECTS + " times");
  }

  private Response once(URI uri, long from) throws IOException {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri).GET();
    request.header("User-Agent", "moviechat");
    if (from > 0) {
      request.header("Range", "bytes=" + from + "-");
    }
    boolean ours =
        uri.getHost().equals(home.getHost())
            && uri.getPort() == home.getPort()
            && uri.getScheme().equals(home.getScheme());
    if (ours && !token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    CompletableFuture<HttpResponse<Flow.Publisher<List<ByteBuffer>>>> sent =
        http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofPublisher());
    try {
      HttpResponse<Flow.Publisher<List<ByteBuffer>>> response =
          sent.get(Nanos.saturated(stall), TimeUnit.NANOSECONDS);
      HttpBody body = new HttpBody();
      response.body().subscribe(body);
      return new Response(uri, response, body);
    } catch (ExecutionException e) {
      throw new Retryable(uri + ": " + e.getCause(), Optional.empty());
    } catch (TimeoutException e) {
      sent.cancel(true);
      throw new Retryable(
          uri + " did not answer within " + stall.toSeconds() + " s", Optional.empty());
    } catch (InterruptedException e) {
      sent.cancel(true);
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while asking " + uri);
    }
  }

  private final class Response {
    private final URI uri;
    private final int status;
    private final java.net.http.HttpHeaders headers;
    private final HttpBody body;

    Response(URI uri, HttpResponse<?> response, HttpBody body) {
      this.uri = uri;
      this.status = response.statusCode();
      this.headers = response.headers();
      this.body = body;
    }

    /** Where a partial response begins, -1 if it does not say so. */
    long rangeStart() {
      String range = headers.firstValue("Content-Range").orElse("");
      return range.matches("bytes \\d{1,15}-\\d{1,15}/(\\d{1,15}|\\*)")
          ? Long.parseLong(range.substring(6, range.indexOf('-')))
          : -1;
    }

    /** Copies the body; more than {@code most} bytes are a lie of the server. */
    void copy(WritableByteChannel to, long most, LongConsumer progress) throws IOException {
      long done = 0;
      try {
        while (!body.ended()) {
          List<ByteBuffer> buffers = body.next(stall);
          if (buffers.isEmpty() && !body.ended()) {
            throw new Retryable(
                uri + " sent nothing for " + stall.toSeconds() + " s", Optional.empty());
          }
          for (ByteBuffer buffer : buffers) {
            done += buffer.remaining();
            if (done > most) {
              throw new ModelException(
                  uri + " sends more than the " + most + " bytes that were announced");
            }
            while (buffer.hasRemaining()) {
              to.write(buffer);
            }
          }
          progress.accept(done);
        }
        if (body.error().isPresent()) {
          throw new Retryable(uri + " broke off: " + body.error().get(), Optional.empty());
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while reading " + uri);
      } finally {
        body.cancel();
      }
    }
  }
}
