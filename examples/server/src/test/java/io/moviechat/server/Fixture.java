package io.moviechat.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.base.Splitter;
import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Conversation;
import io.moviechat.FinishReason;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameTokens;
import io.moviechat.MovieChat;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.internal.ResourceStack;
import io.moviechat.library.Film;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.World;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/** A server on a free port with films of its own. */
final class Fixture implements AutoCloseable {
  static final Duration SOON = Duration.ofSeconds(40);

  /** How long a client waits for an answer: longer than any test, on a machine that others use. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private static final ObjectMapper MAPPER = new ObjectMapper();

  final Films films;
  final WebServer server;
  final HttpClient http = HttpClient.newHttpClient();

  private Fixture(Films films, WebServer server) {
    this.films = films;
    this.server = server;
  }

  /** The embedded model. */
  static Fixture open(Path folder) throws IOException {
    return open(folder, MovieChat::create, Long.MAX_VALUE, () -> Long.MAX_VALUE);
  }

  static Fixture open(
      Path folder, ResourceStack.Opening<MovieChat> chat, long maxUpload, LongSupplier free)
      throws IOException {
    return open(folder, chat, maxUpload, free, Optional.empty());
  }

  static Fixture open(
      Path folder,
      ResourceStack.Opening<MovieChat> chat,
      long maxUpload,
      LongSupplier free,
      Optional<String> token)
      throws IOException {
    Path allowed = Files.createDirectories(folder.resolve("allowed"));
    Path home = Files.createDirectories(folder.resolve("home")).toRealPath();
    ResourceStack opened = new ResourceStack();
    return open(
        new Films(
            opened.open(chat), home, Folders.of(List.of(allowed)), 1L << 30, Films.STREAMS, opened),
        maxUpload,
        free,
        token);
  }

  /** What the options of the commands open. */
  static Fixture open(Films films) throws IOException {
    return open(films, Long.MAX_VALUE, () -> Long.MAX_VALUE, Optional.empty());
  }

  private static Fixture open(
      Films films, long maxUpload, LongSupplier free, Optional<String> token) throws IOException {
    WebServer server =
        WebServer.start(
            films, InetAddress.getLoopbackAddress(), 0, token, new Uploads(films, maxUpload, free));
    return new Fixture(films, server);
  }

  /** A film of some seconds of the small model's world. */
  static Path clip(Path folder, String name, long seed) throws IOException {
    Files.createDirectories(folder);
    Path file = folder.resolve(name);
    MovieWriter.write(Movies.ofScenes(2, World.Split.SEEN, seed), file, 96);
    return file;
  }

  /** Puts subtitles beside a clip. */
  static void subtitles(Path clip) throws IOException {
    String name = String.valueOf(clip.getFileName());
    Files.writeString(
        clip.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".srt"),
        """
        1
        00:00:02,000 --> 00:00:03,500
        The train leaves at noon.

        2
        00:00:08,000 --> 00:00:09,500
        Who painted the fence?
        """);
  }

  static void until(BooleanSupplier reached) throws InterruptedException {
    for (long end = System.nanoTime() + SOON.toNanos(); !reached.getAsBoolean(); ) {
      if (System.nanoTime() > end) {
        throw new AssertionError("waited " + SOON);
      }
      Thread.sleep(5);
    }
  }

  Path clip(String name, long seed) throws IOException {
    return clip(films.folders().allowed().get(0), name, seed);
  }

  Film watched(Path clip) throws InterruptedException {
    Film film = films.watch(clip);
    if (!film.await(SOON) || film.state() != Film.State.READY) {
      throw new AssertionError(film + " " + film.failure());
    }
    return film;
  }

  Socket connect() throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), server.address().getPort());
  }

  /** A client that has sent a request and reads nothing yet. */
  Socket post(String path, String json) throws IOException {
    Socket client = connect();
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    String head =
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %d\r\n\r\n"
            .formatted(path, server.address().getPort(), body.length);
    client.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
    client.getOutputStream().write(body);
    client.getOutputStream().flush();
    return client;
  }

  URI uri(String path) {
    return server.address().resolve(path);
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(uri(path)).timeout(PATIENCE);
  }

  HttpResponse<String> get(String path) throws Exception {
    return http.send(request(path).build(), HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> send(String method, String path, Object json) throws Exception {
    return http.send(
        request(path)
            .header("Content-Type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(MAPPER.writeValueAsString(json)))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> upload(Path file, String name) throws Exception {
    return http.send(
        request("/api/films?name=" + name).PUT(HttpRequest.BodyPublishers.ofFile(file)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  static JsonNode json(HttpResponse<String> response) throws IOException {
    return MAPPER.readTree(response.body());
  }

  static JsonNode json(String text) throws IOException {
    return MAPPER.readTree(text);
  }

  /** The events of a stream that has ended: name and data. */
  static List<Map.Entry<String, JsonNode>> events(String body) throws IOException {
    List<Map.Entry<String, JsonNode>> events = new ArrayList<>();
    for (String block : Splitter.on("\n\n").split(body)) {
      String name = "message";
      String data = "";
      for (String line : Splitter.on('\n').split(block)) {
        if (line.startsWith("event: ")) {
          name = line.substring(7);
        } else if (line.startsWith("data: ")) {
          data = line.substring(6);
        }
      }
      if (data.startsWith("{")) {
        events.add(Map.entry(name, json(data)));
      }
    }
    return events;
  }

  @Override
  public void close() {
    server.close();
    films.close();
  }

  /** A model whose frames and words pass a gate, so that tests see the middle of things. */
  static final class GatedModel implements FrameEncoder, AnswerGenerator {
    static final TokenShape SHAPE = new TokenShape(1, 3);

    final Semaphore frames = new Semaphore(1_000_000);
    final AtomicInteger answering = new AtomicInteger();
    final AtomicInteger encoded = new AtomicInteger();

    /** A permit for each answer that was cancelled. */
    final Semaphore cancelled = new Semaphore(0);

    volatile List<Conversation.Turn> history = List.of();
    volatile int words = 5;
    volatile long wordMillis;

    @MustBeClosed
    MovieChat chat() {
      return MovieChat.builder()
          .encoder(this)
          .generator(this)
          .sampling(io.moviechat.FrameSampling.every(Duration.ofMillis(250)))
          .build();
    }

    @Override
    public String id() {
      return "gated";
    }

    @Override
    public TokenShape shape() {
      return SHAPE;
    }

    @Override
    public FrameFormat preferredFormat() {
      return FrameFormat.stretch(16, 16, FrameFormat.Resampling.BILINEAR);
    }

    @Override
    public int preferredBatch() {
      return 1;
    }

    @Override
    public List<FrameTokens> encode(List<Frame> batch) {
      List<FrameTokens> tokens = new ArrayList<>();
      for (Frame frame : batch) {
        try {
          frames.acquire();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new CancellationException();
        }
        encoded.incrementAndGet();
        ByteBuffer rgb = frame.rgb();
        float[] mean = new float[3];
        for (int i = 0; i < rgb.limit(); i++) {
          mean[i % 3] += (rgb.get(i) & 0xff) / (float) rgb.limit();
        }
        tokens.add(FrameTokens.of(frame.timestamp(), SHAPE, FloatBuffer.wrap(mean)));
      }
      return tokens;
    }

    @Override
    public OptionalInt tokenWidth() {
      return OptionalInt.of(3);
    }

    @Override
    public OptionalInt maxSlots(TokenShape shape) {
      return OptionalInt.of(64);
    }

    @Override
    public AnswerSession open(MovieView view) {
      return new AnswerSession() {
        @Override
        public GeneratedAnswer answer(AnswerRequest request, TokenListener listener) {
          answering.incrementAndGet();
          history = request.history();
          StringBuilder text = new StringBuilder();
          try {
            for (int word = 0; word < words; word++) {
              if (request.cancelled().getAsBoolean()) {
                cancelled.release();
                return GeneratedAnswer.builder(text.toString(), FinishReason.CANCELLED).build();
              }
              long next = System.nanoTime() + wordMillis * 1_000_000;
              while (System.nanoTime() < next && !request.cancelled().getAsBoolean()) {
                Thread.sleep(2);
              }
              String piece = "word" + word + ". ";
              text.append(piece);
              listener.onText(piece);
            }
            return GeneratedAnswer.builder(text.toString(), FinishReason.STOP).build();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return GeneratedAnswer.builder(text.toString(), FinishReason.CANCELLED).build();
          } finally {
            answering.decrementAndGet();
          }
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public void close() {}
  }
}
