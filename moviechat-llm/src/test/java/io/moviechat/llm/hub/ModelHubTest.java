package io.moviechat.llm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.hash.Hashing;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.moviechat.ModelException;
import io.moviechat.llm.ModelBundle;
import io.moviechat.llm.Precision;
import io.moviechat.llm.PythonLayout;
import io.moviechat.llm.TestData;
import io.moviechat.speech.SpeechRecognizer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a server that breaks connections, lies, redirects, refuses and stalls. */
class ModelHubTest {
  private static final String REPO = "tiny/SmolVLM";
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String GRAPH = "onnx/decoder_model_merged.onnx";

  /** What a server does with a request for a file. */
  interface Trick {
    /** True if it answered. */
    boolean play(HttpExchange exchange, String file, byte[] content) throws IOException;
  }

  @TempDir Path temp;
  private HttpServer server;
  private HttpServer other;
  private ExecutorService threads;
  private final AtomicInteger requests = new AtomicInteger();
  private final ConcurrentLinkedQueue<String> paths = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<String> tokens = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<String> ranges = new ConcurrentLinkedQueue<>();
  private volatile Trick trick = (exchange, file, content) -> false;
  private volatile Path served = TestData.smolVlm();
  private volatile String listed;

  @BeforeEach
  void start() throws IOException {
    threads = Executors.newCachedThreadPool();
    server = server();
    other = server();
    listed = listing(content -> content);
  }

  private HttpServer server() throws IOException {
    HttpServer started =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    started.setExecutor(threads);
    started.createContext("/", this::serve);
    started.start();
    return started;
  }

  @AfterEach
  void stop() {
    server.stop(0);
    other.stop(0);
    threads.shutdownNow();
  }

  private void serve(HttpExchange exchange) {
    requests.incrementAndGet();
    paths.add(exchange.getRequestURI().getPath());
    tokens.add(
        exchange.getLocalAddress().getPort()
            + " "
            + exchange.getRequestHeaders().getFirst("Authorization"));
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      if (path.startsWith("/api/models/" + REPO + "/")) {
        byte[] bytes = listed.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
        return;
      }
      String prefix = "/" + REPO + "/resolve/" + COMMIT + "/";
      Path file =
          path.startsWith(prefix)
              ? served.resolve(path.substring(prefix.length()))
              : Path.of("nowhere");
      if (!Files.isRegularFile(file)) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      byte[] content = Files.readAllBytes(file);
      if (!trick.play(exchange, path.substring(prefix.length()), content)) {
        send(exchange, content);
      }
    } catch (IOException e) {
      // The client went away, or the trick broke the connection.
    }
  }

  private void send(HttpExchange exchange, byte[] content) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    int from = 0;
    if (range != null) {
      ranges.add(range);
      from = Integer.parseInt(range.substring(6, range.length() - 1));
      exchange
          .getResponseHeaders()
          .set(
              "Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
    }
    exchange.sendResponseHeaders(range == null ? 200 : 206, content.length - from);
    exchange.getResponseBody().write(content, from, content.length - from);
  }

  private interface Change {
    byte[] apply(byte[] content);
  }

  /** The hub's description of the files; large ones by SHA-256, others by git's hash. */
  private String listing(Change change) throws IOException {
    StringBuilder json = new StringBuilder("{\"sha\":\"" + COMMIT + "\",\"siblings\":[");
    try (Stream<Path> files = Files.walk(served)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        String name = served.relativize(file).toString();
        byte[] content = Files.readAllBytes(file);
        if (name.equals(GRAPH)) {
          content = change.apply(content);
        }
        json.append(json.charAt(json.length() - 1) == '[' ? "" : ",");
        json.append("{\"rfilename\":\"").append(name).append("\",\"size\":").append(content.length);
        if (name.startsWith("onnx/")) {
          json.append(",\"lfs\":{\"sha256\":\"")
              .append(Hashing.sha256().hashBytes(content))
              .append("\",\"size\":")
              .append(content.length)
              .append("}");
        } else {
          json.append(",\"blobId\":\"").append(gitHash(content)).append("\"");
        }
        json.append("}");
      }
    }
    return json.append("]}").toString();
  }

  @SuppressWarnings("deprecation") // Git's hash is SHA-1.
  private static String gitHash(byte[] content) {
    return Hashing.sha1()
        .newHasher()
        .putString("blob " + content.length + "\0", StandardCharsets.UTF_8)
        .putBytes(content)
        .hash()
        .toString();
  }

  private ModelHub.Builder builder() {
    return ModelHub.builder()
        .endpoint(URI.create("http://127.0.0.1:" + server.getAddress().getPort()))
        .cache(temp)
        .pythonCache(temp.resolve("python"))
        .retries(3, Duration.ofMillis(5))
        .stallTimeout(Duration.ofSeconds(5));
  }

  private Path folder() {
    return temp.resolve("models/tiny--SmolVLM");
  }

  @Test
  void fetchesSpeech() throws IOException {
    served = TestData.speech();
    listed = listing(content -> content);
    ModelHub hub = builder().build();

    try (SpeechRecognizer opened = hub.pullSpeech(REPO, Precision.AUTO).open()) {
      assertThat(opened.name()).isNotBlank();
    }
    assertThat(hub.list()).hasSize(1);
    assertThat(hub.check(REPO)).isEmpty();
    assertThatThrownBy(() -> hub.pull(REPO, Precision.FP32))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("no onnx/vision_encoder");
  }

  @Test
  void fetchesWhatAPrecisionNeedsAndNothingElse() {
    List<String> seen = new ArrayList<>();
    ModelHub hub =
        builder()
            .progress(
                (file, done, size) -> {
                  if (done == size) {
                    seen.add(file);
                  }
                })
            .build();
    ModelBundle bundle = hub.pull(REPO, Precision.FP32);
    bundle.openGenerator().close();
    assertThat(seen).contains("config.json", GRAPH, GRAPH + "_data");
    assertThat(folder().resolve("expected.json")).doesNotExist();
    assertThat(hub.list()).hasSize(1);
    assertThat(hub.list().get(0).repository()).isEqualTo(REPO);
    assertThat(hub.list().get(0).commit()).isEqualTo(COMMIT);
    assertThat(hub.check(REPO)).isEmpty();
    int before = requests.get();
    hub.pull(REPO, Precision.FP32);
    assertThat(requests).hasValue(before);
    builder().offline(true).build().pull(REPO, Precision.FP32).report();
    assertThat(hub.remove(REPO)).isTrue();
    assertThat(hub.remove(REPO)).isFalse();
    assertThat(folder()).doesNotExist();
  }

  @Test
  void goesOnAfterBrokenConnections() {
    AtomicInteger breaks = new AtomicInteger();
    trick =
        (exchange, file, content) -> {
          if (!file.equals(GRAPH + "_data") || breaks.incrementAndGet() > 3) {
            return false;
          }
          String range = exchange.getRequestHeaders().getFirst("Range");
          int from = range == null ? 0 : Integer.parseInt(range.substring(6, range.length() - 1));
          if (range != null) {
            exchange
                .getResponseHeaders()
                .set(
                    "Content-Range",
                    "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
          }
          exchange.sendResponseHeaders(range == null ? 200 : 206, content.length - from);
          exchange.getResponseBody().write(content, from, 100_000);
          exchange.getResponseBody().flush();
          throw new IOException("broken on purpose");
        };
    builder().build().pull(REPO, Precision.FP32).report();
    assertThat(ranges).isNotEmpty().allMatch(range -> !range.equals("bytes=0-"));
  }

  @Test
  void aPartOfAnEarlierProcessIsCompleted() throws IOException {
    byte[] content = Files.readAllBytes(TestData.smolVlm().resolve(GRAPH + "_data"));
    Path part =
        folder()
            .resolve(
                GRAPH
                    + "_data."
                    + Hashing.sha256().hashBytes(content).toString().substring(0, 12)
                    + ".part");
    Files.createDirectories(part.getParent());
    Files.write(part, Arrays.copyOf(content, 1000));
    builder().build().pull(REPO, Precision.FP32);
    assertThat(ranges).containsExactly("bytes=1000-");
  }

  @Test
  void aPartWithWrongBytesIsFetchedAnew() throws IOException {
    byte[] content = Files.readAllBytes(TestData.smolVlm().resolve(GRAPH + "_data"));
    Path part =
        folder()
            .resolve(
                GRAPH
                    + "_data."
                    + Hashing.sha256().hashBytes(content).toString().substring(0, 12)
                    + ".part");
    Files.createDirectories(part.getParent());
    Files.write(part, new byte[5000]);
    ModelHub hub = builder().build();
    hub.pull(REPO, Precision.FP32);
    assertThat(hub.check(REPO)).isEmpty();
  }

  @Test
  void wrongContentIsNeverAccepted() {
    trick =
        (exchange, file, content) -> {
          if (file.equals(GRAPH)) {
            content[content.length / 2] ^= 1;
          }
          return false;
        };
    assertThatThrownBy(() -> builder().build().pull(REPO, Precision.FP32))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("hash is not the announced one");
    assertThat(folder().resolve(GRAPH)).doesNotExist();
    assertThat(builder().build().list()).isEmpty();
  }

  @Test
  void moreBytesThanAnnouncedAreALie() {
    trick =
        (exchange, file, content) -> {
          if (file.equals(GRAPH)) {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(content);
            exchange.getResponseBody().write(new byte[1000]);
            return true;
          }
          return false;
        };
    assertThatThrownBy(() -> builder().build().pull(REPO, Precision.FP32))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("sends more than");
  }

  @Test
  void aServerThatIgnoresRangesIsReadFromTheBeginning() {
    AtomicInteger count = new AtomicInteger();
    trick =
        (exchange, file, content) -> {
          if (file.equals(GRAPH + "_data")) {
            exchange.sendResponseHeaders(200, content.length);
            if (count.incrementAndGet() == 1) {
              exchange.getResponseBody().write(content, 0, 70_000);
              throw new IOException("broken on purpose");
            }
            exchange.getResponseBody().write(content);
            return true;
          }
          return false;
        };
    builder().build().pull(REPO, Precision.FP32);
    assertThat(count).hasValue(2);
  }

  @Test
  void waitsWhenItIsAskedTo() {
    AtomicInteger count = new AtomicInteger();
    trick =
        (exchange, file, content) -> {
          if (file.equals("config.json") && count.incrementAndGet() < 3) {
            exchange.getResponseHeaders().set("Retry-After", "0");
            exchange.sendResponseHeaders(count.get() == 1 ? 429 : 503, -1);
            return true;
          }
          return false;
        };
    builder().build().pull(REPO, Precision.FP32);
    assertThat(count).hasValue(3);
  }

  @Test
  void aWaitOfAnHourIsNotWaited() {
    trick =
        (exchange, file, content) -> {
          exchange.getResponseHeaders().set("Retry-After", "3600");
          exchange.sendResponseHeaders(429, -1);
          return true;
        };
    assertThatThrownBy(() -> builder().build().pull(REPO, Precision.FP32))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("asks to wait 3600 s")
        .hasFieldOrPropertyWithValue("retriable", true);
  }

  @Test
  void aRedirectIsFollowedWithoutTheToken() {
    trick =
        (exchange, file, content) -> {
          if (exchange.getLocalAddress().getPort() == server.getAddress().getPort()) {
            exchange
                .getResponseHeaders()
                .set(
                    "Location",
                    "http://127.0.0.1:"
                        + other.getAddress().getPort()
                        + exchange.getRequestURI().getPath());
            exchange.sendResponseHeaders(302, -1);
            return true;
          }
          return false;
        };
    builder().token("hf_secret").build().pull(REPO, Precision.FP32).report();
    assertThat(tokens)
        .filteredOn(token -> token.startsWith(other.getAddress().getPort() + " "))
        .isNotEmpty()
        .allMatch(token -> token.endsWith(" null"));
    assertThat(tokens)
        .filteredOn(token -> token.startsWith(server.getAddress().getPort() + " "))
        .allMatch(token -> token.endsWith("Bearer hf_secret"));
  }

  @Test
  void endlessAndOddRedirectsEnd() {
    trick =
        (exchange, file, content) -> {
          exchange.getResponseHeaders().set("Location", exchange.getRequestURI().getPath());
          exchange.sendResponseHeaders(302, -1);
          return true;
        };
    assertThatThrownBy(() -> builder().build().pull(REPO, Precision.FP32))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("redirects more than 5 times");
    trick =
        (exchange, file, content) -> {
          exchange.getResponseHeaders().set("Location", "file:///etc/passwd");
          exchange.sendResponseHeaders(302, -1);
          return true;
        };
    assertThatThrownBy(() -> builder().build().pull(REPO, Precision.FP32))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("not followed");
  }

  @Test
  void aServerThatStallsIsLeft() {
    trick =
        (exchange, file, content) -> {
          if (file.equals(GRAPH)) {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, 10);
            exchange.getResponseBody().flush();
            try {
              Thread.sleep(20_000);
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }
          return false;
        };
    assertThatThrownBy(
            () ->
                builder()
                    .retries(0, Duration.ZERO)
                    .stallTimeout(Duration.ofMillis(300))
                    .build()
                    .pull(REPO, Precision.FP32))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("sent nothing")
        .hasFieldOrPropertyWithValue("retriable", true);
  }

  @Test
  void wrongNamesAreRefused() {
    for (String name : List.of("x", "../../etc", "a/b/c", "a/..", "a b/c", "/a", "a/")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> builder().build().pull(name, Precision.AUTO))
          .withMessageContaining("owner/name");
    }
    assertThatThrownBy(() -> builder().build().pull("no/such", Precision.AUTO))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("404")
        .hasFieldOrPropertyWithValue("retriable", false);
    assertThatThrownBy(() -> builder().build().pull(REPO, Precision.Q4))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("decoder_model_merged in Q4");
    assertThatThrownBy(() -> builder().offline(true).build().pull(REPO, Precision.AUTO))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("offline");
  }

  @Test
  void aListingWithoutHashesIsNotTrusted() {
    listed = listed.replaceAll("\"sha256\":\"[0-9a-f]+\"", "\"sha256\":\"\"");
    assertThatThrownBy(() -> builder().build().pull(REPO, Precision.FP32))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("cannot be trusted")
        .hasFieldOrPropertyWithValue("retriable", false);
  }

  @Test
  void findsWhatWasDamagedLater() throws IOException {
    ModelHub hub = builder().build();
    hub.pull(REPO, Precision.FP32);
    Path graph = folder().resolve(GRAPH);
    byte[] bytes = Files.readAllBytes(graph);
    bytes[100] ^= 1;
    Files.write(graph, bytes);
    Files.delete(folder().resolve("config.json"));
    assertThat(hub.check(REPO))
        .containsExactlyInAnyOrder(
            "config.json is missing", GRAPH + " has another content than on the hub");
    hub.pull(REPO, Precision.FP32);
    assertThat(hub.check(REPO)).isEmpty();
  }

  @Test
  void manyAtOnceFetchOnce() {
    // Threads of its own: from JDK 25 on, the common pool of a small machine has one thread, which
    // the JDK's HTTP client needs to hand over an answer.
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<CompletableFuture<ModelBundle>> pulls = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        pulls.add(
            CompletableFuture.supplyAsync(
                () -> builder().build().pull(REPO, Precision.FP32), threads));
      }
      pulls.forEach(CompletableFuture::join);
    } finally {
      threads.shutdown();
    }
    assertThat(tokens).hasSizeLessThan(2 * 12);
  }

  @Test
  void aFolderKeepsTheCommitOfItsFirstPull() {
    ModelHub hub = builder().build();
    hub.pull(REPO, Precision.FP32);
    paths.clear();
    // The branch has moved meanwhile: another precision is still taken of the first commit.
    hub.pull(REPO, Precision.AUTO);
    assertThat(paths).contains("/api/models/" + REPO + "/revision/" + COMMIT);
    assertThat(hub.list()).extracting(ModelHub.CachedModel::commit).containsOnly(COMMIT);
    assertThat(hub.list()).hasSize(2);
  }

  @Test
  void aRevisionHasAFolderOfItsOwn() {
    ModelHub hub = builder().build();
    hub.pull(REPO + "@refs/pr/7", Precision.FP32).report();
    assertThat(paths).contains("/api/models/" + REPO + "/revision/refs/pr/7");
    assertThat(folder()).doesNotExist();
    assertThat(hub.list())
        .extracting(ModelHub.CachedModel::repository)
        .containsExactly(REPO + "@refs/pr/7");
    assertThat(hub.check(REPO + "@refs/pr/7")).isEmpty();
    assertThat(hub.remove(REPO + "@refs/pr/7")).isTrue();
    assertThatThrownBy(() -> hub.pull(REPO + "@../../x", Precision.FP32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("owner/name@revision");
  }

  @Test
  void whatEarlierVersionsMixedIsPulledAgain() throws IOException {
    ModelHub hub = builder().build();
    hub.pull(REPO, Precision.FP32);
    Path manifest = folder().resolve(".pull-fp32.json");
    Files.writeString(
        folder().resolve(".pull-q4.json"),
        Files.readString(manifest).replace(COMMIT, "f".repeat(40)));
    hub.pull(REPO, Precision.FP32);
    assertThat(hub.list())
        .extracting(ModelHub.CachedModel::precision)
        .containsExactly(Precision.FP32);
  }

  @Test
  void showsWhatPythonHas() throws IOException {
    Path python = PythonLayout.of(TestData.smolVlm(), temp.resolve("hub/models--tiny--Smol--VLM"));
    Files.createDirectories(temp.resolve("hub/models--half--there/snapshots/abc"));
    ModelHub hub = builder().pythonCache(temp.resolve("hub")).build();
    assertThat(hub.list()).isNotEmpty();
    for (ModelHub.CachedModel model : hub.list()) {
      assertThat(model.repository()).isEqualTo("tiny/Smol--VLM");
      assertThat(model.bytes()).isGreaterThan(500_000);
      assertThat(model.folder()).isEqualTo(python.resolve("snapshots/abc"));
      ModelBundle bundle = ModelBundle.at(model.folder()).withPrecision(model.precision());
      assertThat(bundle.name()).isEqualTo("tiny--Smol--VLM");
      assertThat(bundle.report().family()).isEqualTo("SmolVLM");
    }
    PythonLayout.of(TestData.speech(), temp.resolve("hub/models--tiny--whisper"));
    assertThat(hub.list())
        .extracting(ModelHub.CachedModel::repository)
        .contains("tiny/whisper", "tiny/Smol--VLM");
  }
}
