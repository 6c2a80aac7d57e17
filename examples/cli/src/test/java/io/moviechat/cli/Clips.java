package io.moviechat.cli;

import io.moviechat.video.VideoWriter;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;

/** Small videos, good and bad, made when they are needed. */
final class Clips {
  private static final int WIDTH = 96;
  private static final int HEIGHT = 64;
  private static final int FRAMES_PER_SECOND = 10;

  private Clips() {}

  /** A square that wanders over backgrounds that change every two seconds. */
  static Path good(Path folder, int seconds) {
    Path file = folder.resolve("clip-" + seconds + "s.mp4");
    try (VideoWriter writer =
        VideoWriter.builder(file).size(WIDTH, HEIGHT).framesPerSecond(FRAMES_PER_SECOND).build()) {
      ByteBuffer rgb = ByteBuffer.allocateDirect(3 * WIDTH * HEIGHT);
      for (int frame = 0; frame < seconds * FRAMES_PER_SECOND; frame++) {
        paint(rgb, frame);
        writer.write(rgb, Duration.ofMillis(1000L * frame / FRAMES_PER_SECOND));
      }
    }
    return file;
  }

  private static void paint(ByteBuffer rgb, int frame) {
    int scene = frame / (2 * FRAMES_PER_SECOND);
    int left = frame * 2 % (WIDTH - 16);
    rgb.clear();
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        boolean square = x >= left && x < left + 16 && y >= 24 && y < 40;
        rgb.put((byte) (square ? 230 : scene * 60));
        rgb.put((byte) (square ? 30 : 200 - scene * 50));
        rgb.put((byte) (square ? 30 : x));
      }
    }
    rgb.flip();
  }

  static Path empty(Path folder) {
    return write(folder.resolve("empty.mp4"), new byte[0]);
  }

  static Path text(Path folder) {
    String words = "This is a shopping list, not a video.\n".repeat(100);
    return write(folder.resolve("list.mp4"), words.getBytes(StandardCharsets.UTF_8));
  }

  /** The first part of a good file, which an MP4 cannot be read without the rest of. */
  static Path cut(Path good, double share) {
    try {
      byte[] bytes = Files.readAllBytes(good);
      return write(
          good.resolveSibling("cut.mp4"), Arrays.copyOf(bytes, (int) (share * bytes.length)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One second of silence in a WAV file with the name of a video. */
  static Path audioOnly(Path folder) {
    int samples = 8000;
    ByteBuffer header = ByteBuffer.allocate(44).order(ByteOrder.LITTLE_ENDIAN);
    header.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + 2 * samples);
    header.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16);
    header.putShort((short) 1).putShort((short) 1).putInt(8000).putInt(16000);
    header.putShort((short) 2).putShort((short) 16);
    header.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(2 * samples);
    ByteArrayOutputStream wav = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(wav)) {
      out.write(header.array());
      out.write(new byte[2 * samples]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return write(folder.resolve("song.mp4"), wav.toByteArray());
  }

  private static Path write(Path file, byte[] bytes) {
    try {
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
