package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.FrameSampling;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.VideoException;
import io.moviechat.WatchOptions;
import io.moviechat.Watching;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.testing.FakeEncoder;
import io.moviechat.spi.testing.FakeGenerator;
import io.moviechat.spi.testing.FakeMemory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a chat does with this module's videos. */
@Timeout(60)
class ChatOfVideosTest {
  private static final WatchOptions EVERY_FRAME =
      WatchOptions.DEFAULT.withSampling(FrameSampling.everyFrame());

  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  @MustBeClosed
  private static MovieChat chat() {
    return MovieChat.builder()
        .encoder(new FakeEncoder())
        .generator(new FakeGenerator())
        .memory(FakeMemory.factory(10))
        .video(new FfmpegVideoSourceProvider())
        .build();
  }

  @Test
  void watchesAFileOfAnyFileSystem() throws IOException {
    URI zip = URI.create("jar:" + folder.resolve("a.zip").toUri());
    try (FileSystem files = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Path clip = files.getPath("/clip.mp4");
      Files.copy(Clips.file("bunny.mp4"), clip);
      try (MovieChat chat = chat();
          Movie movie = chat.watch(clip)) {
        assertThat(movie.memory().snapshot().framesSeen()).isPositive();
        assertThat(movie.at(Duration.ofSeconds(2)).memory().slots()).isNotEmpty();
      }
    }
  }

  @Test
  void tellsHowManyFramesWereLeftOutBecauseOfDamage() throws IOException {
    Path clip = folder.resolve("damaged.ts");
    byte[] bytes = Files.readAllBytes(Clips.file("bunny.ts"));
    Random random = new Random(5);
    for (int flip = 0; flip < 400; flip++) {
      bytes[bytes.length / 3 + random.nextInt(bytes.length / 3)] ^= (byte) (1 << random.nextInt(8));
    }
    Files.write(clip, bytes);
    try (MovieChat chat = chat();
        Movie movie = chat.watch(clip, EVERY_FRAME);
        Movie whole = chat.watch(Clips.file("bunny.ts"), EVERY_FRAME)) {
      assertThat(whole.damagedFrames()).isZero();
      assertThat(movie.damagedFrames()).isPositive();
    }
  }

  @Test
  void anAddressShowsNoSecret() {
    URI signed = URI.create("http://user:hunter2@localhost:1/a/movie.mp4?sig=s3cr3t#t=4");
    try (MovieChat chat = chat()) {
      assertThatExceptionOfType(VideoException.class)
          .isThrownBy(() -> chat.watch(signed))
          .satisfies(
              e -> {
                for (Throwable t = e; t != null; t = t.getCause()) {
                  assertThat(t.toString()).doesNotContain("s3cr3t").doesNotContain("hunter2");
                }
              })
          .withMessageContaining("localhost:1/a/movie.mp4");
    }
  }

  @Test
  void cancellingEndsAReadOfAServerThatStalls() throws Exception {
    byte[] video = noise(folder.resolve("noise.mp4"));
    CountDownLatch stalled = new CountDownLatch(1);
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        MovieChat chat = chat()) {
      Thread serving = new Thread(() -> serve(server, video, stalled));
      serving.setDaemon(true);
      serving.start();
      URI uri = URI.create("http://localhost:" + server.getLocalPort() + "/clip.mp4");
      Watching watching = chat.start(uri, EVERY_FRAME);
      stalled.await();
      while (watching.progress().frames() == 0 && !watching.isDone()) {
        Thread.onSpinWait();
      }
      long start = System.nanoTime();
      watching.cancel();
      assertThatExceptionOfType(CancellationException.class).isThrownBy(watching::join);
      // FFmpeg's own time limit is 30 seconds.
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
    }
  }

  /** A file that is much longer than what is read to open it, with its index at the end. */
  private static byte[] noise(Path file) throws IOException {
    try (VideoWriter writer =
        VideoWriter.builder(file).size(320, 240).codec(VideoWriter.Codec.MPEG4).build()) {
      byte[] rgb = new byte[3 * 320 * 240];
      Random random = new Random(1);
      for (int i = 0; i < 100; i++) {
        random.nextBytes(rgb);
        writer.write(ByteBuffer.wrap(rgb), Duration.ofMillis(40L * i));
      }
    }
    return Files.readAllBytes(file);
  }

  /** Gives the first half, and then nothing for as long as the socket is open. */
  private static void serve(ServerSocket server, byte[] video, CountDownLatch stalled) {
    try {
      while (true) {
        Socket socket = server.accept();
        Thread answering =
            new Thread(
                () -> {
                  try (socket) {
                    BufferedReader in =
                        new BufferedReader(
                            new InputStreamReader(
                                socket.getInputStream(), StandardCharsets.US_ASCII));
                    int from = 0;
                    for (String line = in.readLine();
                        line != null && !line.isEmpty();
                        line = in.readLine()) {
                      if (line.toLowerCase(Locale.ROOT).startsWith("range: bytes=")) {
                        from = Integer.parseInt(line.substring(13).split("-", -1)[0].trim());
                      }
                    }
                    OutputStream out = socket.getOutputStream();
                    out.write(
                        ("HTTP/1.1 206 Partial Content\r\nContent-Type: video/mp4\r\n"
                                + "Accept-Ranges: bytes\r\nContent-Range: bytes "
                                + from
                                + "-"
                                + (video.length - 1)
                                + "/"
                                + video.length
                                + "\r\nContent-Length: "
                                + (video.length - from)
                                + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
                    // The end of the file, where players look for its length, is there.
                    int end = from > video.length / 2 ? video.length : video.length / 2;
                    out.write(video, from, end - from);
                    out.flush();
                    if (end < video.length) {
                      stalled.countDown();
                      in.read(); // until the client goes away
                    }
                  } catch (IOException e) {
                    // The client has gone.
                  }
                });
        answering.setDaemon(true);
        answering.start();
      }
    } catch (IOException e) {
      // Closed: the test is over.
    }
  }
}
