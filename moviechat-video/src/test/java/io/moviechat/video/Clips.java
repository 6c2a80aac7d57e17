package io.moviechat.video;

import io.moviechat.Frame;
import io.moviechat.spi.FrameStream;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.zip.CRC32;

/** The clips of the test resources, and what tests do with streams. */
final class Clips {
  static final List<String> ALL =
      List.of(
          "bunny.mp4",
          "bunny.ts",
          "bunny-hevc-10bit.mp4",
          "bunny-vp9.webm",
          "bunny-interlaced.mkv",
          "cars-open-gop.mp4");

  private Clips() {}

  static Path file(String name) {
    return resource("/clips/" + name);
  }

  static Path resource(String name) {
    try {
      return Path.of(Objects.requireNonNull(Clips.class.getResource(name), name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What identifies a frame: its time and a checksum of its pixels. */
  record Seen(Duration time, long checksum) {}

  static Seen seen(Frame frame) {
    CRC32 sum = new CRC32();
    sum.update(frame.rgb());
    return new Seen(frame.timestamp(), sum.getValue());
  }

  static List<Seen> drain(FrameStream stream) {
    List<Seen> all = new ArrayList<>();
    for (Optional<Frame> next = stream.next(); next.isPresent(); next = stream.next()) {
      try (Frame frame = next.get()) {
        all.add(seen(frame));
      }
    }
    return all;
  }

  static List<Duration> times(FrameStream stream) {
    return drain(stream).stream().map(Seen::time).toList();
  }

  /** Closes something while the calling thread waits in it, half a second later; to be joined. */
  static Thread closeSoon(Runnable close) {
    Thread closer =
        new Thread(
            () -> {
              try {
                Thread.sleep(500);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              close.run();
            });
    closer.start();
    return closer;
  }

  static ByteBuffer copy(Frame frame) {
    ByteBuffer copy = ByteBuffer.allocate(frame.rgb().remaining());
    return copy.put(frame.rgb()).flip();
  }
}
