package io.moviechat.bench.harness;

import io.moviechat.Frame;
import io.moviechat.video.VideoWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.stream.Stream;

/** Computed H.264 files in a folder of their own, deleted when closed. */
public final class Clips implements AutoCloseable {
  public static final int FRAMES_PER_SECOND = 10;
  private static final int WIDTH = 160;
  private static final int HEIGHT = 120;

  private final Path directory;

  public Clips() throws IOException {
    directory = Files.createTempDirectory("moviechat-bench");
  }

  public Path directory() {
    return directory;
  }

  /** A clip with a moving bar and a cut every five seconds; a key frame every two seconds. */
  public Path make(int seconds) {
    Path file = directory.resolve("clip-" + seconds + "s.mp4");
    try (VideoWriter writer =
        VideoWriter.builder(file).size(WIDTH, HEIGHT).framesPerSecond(FRAMES_PER_SECOND).build()) {
      byte[] rgb = new byte[3 * WIDTH * HEIGHT];
      for (int i = 0; i < seconds * FRAMES_PER_SECOND; i++) {
        paint(rgb, i);
        Duration time = Duration.ofMillis(1000L * i / FRAMES_PER_SECOND);
        try (Frame frame = Frame.of(time, WIDTH, HEIGHT, ByteBuffer.wrap(rgb))) {
          writer.write(frame);
        }
      }
    }
    return file;
  }

  private static void paint(byte[] rgb, int index) {
    int scene = index / (5 * FRAMES_PER_SECOND);
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        int at = 3 * (y * WIDTH + x);
        boolean bar = Math.floorMod(x - 4 * index, WIDTH) < 12;
        rgb[at] = (byte) (bar ? 255 : 40 * scene);
        rgb[at + 1] = (byte) (bar ? 255 : 90 * scene + y);
        rgb[at + 2] = (byte) (bar ? 0 : 150 * scene + x);
      }
    }
  }

  @Override
  public void close() {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
