package io.moviechat.video;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.Clips.Seen;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The same frames whatever the bytes come from. */
@Timeout(60)
class InputsTest {
  private static final FrameFormat SMALL = FrameFormat.stretch(64, 36, Resampling.BILINEAR);

  private final FfmpegVideoSourceProvider provider = new FfmpegVideoSourceProvider();

  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static List<Seen> all(VideoSource video) {
    try (FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL)) {
      return Clips.drain(stream);
    }
  }

  private List<Seen> expected(String clip) {
    try (VideoSource video = provider.open(Clips.file(clip))) {
      return all(video);
    }
  }

  @Test
  void channel() throws IOException {
    for (String clip : List.of("bunny.mp4", "cars-open-gop.mp4", "bunny.ts")) {
      List<Seen> expected = expected(clip);
      FileChannel channel = FileChannel.open(Clips.file(clip));
      try (VideoSource video = provider.open(channel, clip);
          FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL)) {
        for (int i = 0; i < 30; i++) {
          try (Frame frame = stream.next().orElseThrow();
              Frame other = video.frameAt(expected.get(2 * i).time(), SMALL)) {
            assertThat(Clips.seen(frame)).isEqualTo(expected.get(i));
            assertThat(Clips.seen(other)).isEqualTo(expected.get(2 * i));
          }
        }
      }
      assertThat(channel.isOpen()).isFalse();
    }
  }

  @Test
  void stream() throws IOException {
    for (String clip : List.of("bunny.mp4", "bunny.ts", "bunny-vp9.webm")) {
      try (InputStream input = Files.newInputStream(Clips.file(clip));
          VideoSource video = provider.open(input, clip)) {
        assertThat(all(video)).isEqualTo(expected(clip));
        assertThatThrownBy(() -> video.frames(FrameSampling.everyFrame(), SMALL))
            .isInstanceOf(VideoException.class)
            .hasMessageContaining("no seekable input");
      }
    }
  }

  @Test
  void streamWithItsIndexAtTheEnd() throws IOException {
    Path film = noise(folder.resolve("film.mp4"), 12);
    assertThat(Files.size(film)).isGreaterThan(200_000);
    try (InputStream input = Files.newInputStream(film)) {
      assertThatThrownBy(() -> provider.open(input, "film.mp4"))
          .isInstanceOf(VideoException.class)
          .hasMessageContaining("film.mp4")
          .hasMessageContaining("index in front");
    }
  }

  /** A film of so many bytes a frame that no buffer holds it, with its index at the end. */
  private static Path noise(Path film, int frames) {
    byte[] noise = new byte[3 * 256 * 256];
    Random random = new Random(1);
    try (VideoWriter writer =
        VideoWriter.builder(film)
            .size(256, 256)
            .codec(VideoWriter.Codec.MPEG4)
            .bitRate(20_000_000)
            .build()) {
      for (int i = 0; i < frames; i++) {
        random.nextBytes(noise);
        writer.write(ByteBuffer.wrap(noise), Duration.ofMillis(40L * i));
      }
    }
    return film;
  }

  @Test
  void streamThatFails() {
    InputStream input =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("the cable was pulled");
          }

          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            return read();
          }
        };
    assertThatThrownBy(() -> provider.open(input, "cable.mp4"))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("the cable was pulled");
  }

  @Test
  void fileInAnArchive() throws IOException {
    Path zip = folder.resolve("films.zip");
    try (FileSystem archive = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Files.copy(Clips.file("bunny.mp4"), archive.getPath("bunny.mp4"));
    }
    try (FileSystem archive = FileSystems.newFileSystem(zip);
        VideoSource video = provider.open(archive.getPath("bunny.mp4"))) {
      assertThat(all(video)).isEqualTo(expected("bunny.mp4"));
    }
  }

  @Test
  void aPlaylistWhoseSegmentsAreNamedAsPictures() throws IOException {
    try (Server server = new Server(Clips.resource("/cases/hls-jpg"));
        VideoSource video = provider.open(server.uri("jpg.m3u8"))) {
      assertThat(all(video)).hasSize(75);
    }
  }

  @Test
  void whatIsSecretInAnAddressIsShownNowhere() throws IOException {
    PrintStream standardError = System.err;
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    System.setErr(new PrintStream(log, true, UTF_8));
    try (Server server = new Server(Clips.file("bunny.ts").getParent())) {
      String address = server.uri("bunny.ts").toString().replace("http://", "http://me:SECRET@");
      URI signed = URI.create(address + "?token=SECRET&b=SECRET#SECRET");
      try (VideoSource video = provider.open(signed)) {
        assertThat(video.info().toString()).contains("/bunny.ts").doesNotContain("SECRET");
      }
      for (String broken : List.of("none.mp4", "README.md")) {
        URI wrong = URI.create(signed.toString().replace("bunny.ts", broken));
        assertThatThrownBy(() -> provider.open(wrong))
            .isInstanceOf(VideoException.class)
            .hasMessageContaining(broken)
            .hasMessageNotContaining("SECRET");
      }
    } finally {
      System.setErr(standardError);
    }
    assertThat(log.toString(UTF_8)).doesNotContain("SECRET");
  }

  /** Half a film looks like a whole one to who is not told. */
  @Test
  void aServerThatGoesAwayIsNoEndOfTheFilm() throws IOException {
    noise(folder.resolve("film.mp4"), 160);
    byte[] part = Files.readAllBytes(Clips.file("bunny.ts"));
    try (OutputStream film = Files.newOutputStream(folder.resolve("film.ts"))) {
      for (int size = 0; size < 8_000_000; size += part.length) {
        film.write(part);
      }
    }
    FfmpegVideoSourceProvider provider =
        new FfmpegVideoSourceProvider(VideoOptions.DEFAULT.withTimeout(Duration.ofSeconds(3)));
    for (String name : List.of("film.mp4", "film.ts")) {
      try (Server server = new Server(folder);
          VideoSource video = provider.open(server.uri(name));
          FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL)) {
        stream.next().orElseThrow().close();
        server.end = (int) (0.6 * Files.size(folder.resolve(name)));
        assertThatThrownBy(() -> Clips.drain(stream))
            .isInstanceOfSatisfying(
                VideoException.class, failure -> assertThat(failure.isRetriable()).isTrue())
            .hasMessageContaining(name);
      }
    }
  }

  @Test
  void interruptedReaderCanGoOn() {
    List<Seen> expected = expected("bunny.mp4");
    try (VideoSource video = provider.open(Clips.file("bunny.mp4"));
        FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL)) {
      Thread.currentThread().interrupt();
      List<Seen> seen = Clips.drain(stream);
      assertThat(Thread.interrupted()).isTrue();
      assertThat(seen).isEqualTo(expected);
    }
  }

  /** Serves the test clips, with ranges. */
  private static final class Server implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    private static final int CHUNK = 1 << 14;

    /** No byte from here on is served any more, as by a server that went away. */
    private volatile int end = Integer.MAX_VALUE;

    Server(Path root) throws IOException {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setExecutor(threads);
      server.createContext(
          "/",
          exchange -> {
            Path file = root.resolve(exchange.getRequestURI().getPath().substring(1));
            if (!Files.exists(file)) {
              String name = file.getFileName().toString();
              exchange.sendResponseHeaders(name.matches("\\d+") ? Integer.parseInt(name) : 404, -1);
              exchange.close();
              return;
            }
            byte[] bytes = Files.readAllBytes(file);
            String range = exchange.getRequestHeaders().getFirst("Range");
            int from = 0;
            if (range != null && range.startsWith("bytes=")) {
              from = Integer.parseInt(range.substring(6, range.indexOf('-')));
            }
            if (from >= end) {
              exchange.sendResponseHeaders(503, -1);
              exchange.close();
              return;
            }
            exchange.getResponseHeaders().add("Accept-Ranges", "bytes");
            exchange
                .getResponseHeaders()
                .add(
                    "Content-Range",
                    "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
            exchange.sendResponseHeaders(range == null ? 200 : 206, bytes.length - from);
            try (OutputStream out = exchange.getResponseBody()) {
              for (int at = from; at < Math.min(end, bytes.length); at += CHUNK) {
                out.write(bytes, at, Math.min(CHUNK, bytes.length - at));
              }
            } catch (IOException e) {
              // The client has seen enough.
            }
          });
      server.start();
    }

    URI uri(String name) {
      return URI.create("http://localhost:" + server.getAddress().getPort() + "/" + name);
    }

    @Override
    public void close() {
      server.stop(0);
      threads.shutdownNow();
    }
  }

  @Test
  void http() throws IOException {
    try (Server server = new Server(Clips.file("bunny.mp4").getParent())) {
      for (String clip : List.of("bunny.mp4", "cars-open-gop.mp4")) {
        List<Seen> expected = expected(clip);
        try (VideoSource video = provider.open(server.uri(clip))) {
          assertThat(all(video)).isEqualTo(expected);
          try (Frame frame = video.frameAt(expected.get(50).time(), SMALL)) {
            assertThat(Clips.seen(frame)).isEqualTo(expected.get(50));
          }
        }
      }
      assertThatThrownBy(() -> provider.open(server.uri("none.mp4")))
          .isInstanceOf(VideoException.class)
          .hasMessageContaining("none.mp4")
          .hasMessageContaining("404")
          .hasFieldOrPropertyWithValue("retriable", false);
    }
  }

  @Test
  void whatMayPassAtAnAddressIsWorthAnotherTry() throws IOException {
    URI gone;
    try (Server server = new Server(Clips.file("bunny.mp4").getParent())) {
      gone = server.uri("bunny.mp4");
      for (String status : List.of("500", "503", "429")) {
        assertThatThrownBy(() -> provider.open(server.uri(status)))
            .isInstanceOf(VideoException.class)
            .hasFieldOrPropertyWithValue("retriable", true);
      }
      for (String status : List.of("400", "401", "403", "410")) {
        assertThatThrownBy(() -> provider.open(server.uri(status)))
            .isInstanceOf(VideoException.class)
            .hasFieldOrPropertyWithValue("retriable", false);
      }
    }
    assertThatThrownBy(() -> provider.open(gone))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("refused")
        .hasFieldOrPropertyWithValue("retriable", true);
    assertThatThrownBy(() -> provider.open(URI.create("http://no-such-host.invalid/a.mp4")))
        .isInstanceOf(VideoException.class)
        .hasFieldOrPropertyWithValue("retriable", false);
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      URI stalled = URI.create("http://localhost:" + silent.getLocalPort() + "/a.mp4");
      VideoOptions soon = VideoOptions.DEFAULT.withTimeout(Duration.ofMillis(300));
      assertThatThrownBy(() -> new FfmpegVideoSourceProvider(soon).open(stalled))
          .isInstanceOf(VideoException.class)
          .hasMessageContaining("in time")
          .hasFieldOrPropertyWithValue("retriable", true);
    }
    assertThatThrownBy(() -> provider.open(Clips.file("bunny.mp4").resolveSibling("none.mp4")))
        .isInstanceOf(VideoException.class)
        .hasFieldOrPropertyWithValue("retriable", false);
  }

  @Test
  void hls() throws IOException {
    Files.copy(Clips.file("bunny.ts"), folder.resolve("part.ts"));
    Files.writeString(
        folder.resolve("list.m3u8"),
        """
        #EXTM3U
        #EXT-X-VERSION:3
        #EXT-X-TARGETDURATION:4
        #EXT-X-MEDIA-SEQUENCE:0
        #EXTINF:4.0,
        part.ts
        #EXT-X-ENDLIST
        """);
    try (Server server = new Server(folder);
        VideoSource video = provider.open(server.uri("list.m3u8"))) {
      List<Seen> seen = all(video);
      assertThat(seen).hasSize(96);
      assertThat(seen.stream().map(Seen::checksum).toList())
          .isEqualTo(expected("bunny.ts").stream().map(Seen::checksum).toList());
    }
  }

  @Test
  void playlistOnTheNetworkCannotOpenLocalFiles() throws IOException {
    Path secret = folder.resolve("secret.ts");
    Files.copy(Clips.file("bunny.ts"), secret);
    Files.writeString(
        folder.resolve("list.m3u8"),
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\n" + secret.toUri() + "\n#EXT-X-ENDLIST\n");
    try (Server server = new Server(folder)) {
      assertThatThrownBy(
              () -> {
                try (VideoSource video = provider.open(server.uri("list.m3u8"))) {
                  all(video);
                }
              })
          .isInstanceOf(VideoException.class);
    }
  }

  @Test
  void serverThatStalls() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      List<Socket> held = new ArrayList<>();
      Thread acceptor =
          new Thread(
              () -> {
                try {
                  while (true) {
                    held.add(server.accept());
                  }
                } catch (IOException e) {
                  // Closed: the test is over.
                }
              });
      acceptor.start();
      URI uri = URI.create("http://localhost:" + server.getLocalPort() + "/movie.mp4");
      VideoOptions impatient = VideoOptions.DEFAULT.withTimeout(Duration.ofMillis(700));
      long start = System.nanoTime();
      assertThatThrownBy(() -> new FfmpegVideoSourceProvider(impatient).open(uri))
          .isInstanceOf(VideoException.class)
          .hasMessageContaining("movie.mp4");
      assertThat(System.nanoTime() - start).isLessThan(10_000_000_000L);
      for (Socket socket : held) {
        socket.close();
      }
    }
  }

  @Test
  void growingFile() throws Exception {
    byte[] bytes = Files.readAllBytes(Clips.file("bunny.ts"));
    Path file = folder.resolve("growing.ts");
    Files.write(file, java.util.Arrays.copyOf(bytes, 30_000));
    Thread writer =
        new Thread(
            () -> {
              try {
                for (int at = 30_000; at < bytes.length; at += 5000) {
                  Thread.sleep(100);
                  Files.write(
                      file,
                      java.util.Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + 5000)),
                      StandardOpenOption.APPEND);
                }
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    writer.start();
    LiveVideo.Options live =
        LiveVideo.Options.DEFAULT
            .withQueueFrames(256)
            .withReconnectFor(Duration.ZERO)
            .withGrowthPatience(Duration.ofSeconds(2));
    try (LiveVideo video = LiveVideo.open(file.toUri(), live, VideoOptions.DEFAULT);
        FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL)) {
      assertThat(Clips.drain(stream)).isEqualTo(expected("bunny.ts"));
      assertThat(video.droppedFrames()).isZero();
      assertThat(video.reconnects()).isZero();
    }
    writer.join();
  }

  @Test
  void slowWatcherGetsTheLatestFrames() throws Exception {
    LiveVideo.Options live =
        LiveVideo.Options.DEFAULT
            .withQueueFrames(4)
            .withReconnectFor(Duration.ZERO)
            .withGrowthPatience(Duration.ofMillis(200));
    List<Seen> expected = expected("bunny.ts");
    try (LiveVideo video =
            LiveVideo.open(Clips.file("bunny.ts").toUri(), live, VideoOptions.DEFAULT);
        FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL)) {
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (video.droppedFrames() < expected.size() - 4 && System.nanoTime() < deadline) {
        Thread.sleep(20);
      }
      assertThat(Clips.drain(stream))
          .isEqualTo(expected.subList(expected.size() - 4, expected.size()));
      assertThat(video.droppedFrames()).isEqualTo(expected.size() - 4);
    }
  }

  @Test
  void liveVideoThatBreaksOffIsOpenedAgain() throws Exception {
    try (Server server = new Server(Clips.file("bunny.ts").getParent())) {
      LiveVideo.Options live =
          LiveVideo.Options.DEFAULT
              .withQueueFrames(256)
              .withReconnectFor(Duration.ofSeconds(20))
              .withGrowthPatience(Duration.ZERO);
      try (LiveVideo video = LiveVideo.open(server.uri("bunny.ts"), live, VideoOptions.DEFAULT);
          FrameStream stream = video.frames(FrameSampling.every(Duration.ofMillis(500)), SMALL)) {
        Duration last = Duration.ofNanos(-1);
        for (int i = 0; i < 20; i++) {
          try (Frame frame = stream.next().orElseThrow()) {
            assertThat(frame.timestamp()).isGreaterThan(last);
            last = frame.timestamp();
          }
        }
        assertThat(video.reconnects()).isPositive();
      }
    }
  }

  @Test
  void liveVideoHasNoLengthAndNoPast() {
    LiveVideo.Options live =
        LiveVideo.Options.DEFAULT
            .withQueueFrames(4)
            .withReconnectFor(Duration.ZERO)
            .withGrowthPatience(Duration.ofMillis(100));
    try (LiveVideo video =
        LiveVideo.open(Clips.file("bunny.ts").toUri(), live, VideoOptions.DEFAULT)) {
      assertThat(video.info().width()).isEqualTo(256);
      assertThatThrownBy(() -> video.frames(FrameSampling.uniform(4), SMALL))
          .isInstanceOf(VideoException.class)
          .hasMessageContaining("live");
      assertThatThrownBy(() -> video.frameAt(Duration.ZERO, SMALL))
          .isInstanceOf(VideoException.class);
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void closingFromAnotherThreadEndsAWaitingCall() throws Exception {
    Path file = folder.resolve("quiet.ts");
    Files.copy(Clips.file("bunny.ts"), file);
    LiveVideo.Options live =
        LiveVideo.Options.DEFAULT
            .withQueueFrames(256)
            .withReconnectFor(Duration.ZERO)
            .withGrowthPatience(Duration.ofSeconds(50));
    LiveVideo video = LiveVideo.open(file.toUri(), live, VideoOptions.DEFAULT);
    FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL);
    Thread closer = Clips.closeSoon(video::close);
    assertThatThrownBy(
            () -> {
              for (Optional<Frame> next = stream.next(); ; next = stream.next()) {
                next.orElseThrow().close();
              }
            })
        .isInstanceOf(IllegalStateException.class);
    closer.join();
  }
}
