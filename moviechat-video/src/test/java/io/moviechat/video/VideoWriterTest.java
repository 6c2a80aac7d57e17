package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.Frame;
import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class VideoWriterTest {
  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void writesAFileThatAppearsWhenClosed(VideoWriter.Codec codec) throws IOException {
    Path file = folder.resolve("clip.mp4");
    try (VideoWriter writer = VideoWriter.builder(file).size(64, 48).codec(codec).build()) {
      for (int i = 0; i < 30; i++) {
        writer.write(picture(64, 48, 8 * i), Duration.ofNanos(i * 1_000_000_000L / 24));
      }
      assertThat(file).doesNotExist();
    }
    assertThat(Files.size(file)).isGreaterThan(500);
    assertThat(folder.toFile().list()).containsExactly("clip.mp4");
  }

  @ParameterizedTest
  @EnumSource
  void givesTheSameBytesForTheSameFrames(VideoWriter.Codec codec) throws IOException {
    byte[][] bytes = new byte[2][];
    for (int run = 0; run < 2; run++) {
      Path file = folder.resolve(run + ".mp4");
      try (VideoWriter writer = VideoWriter.builder(file).size(64, 48).codec(codec).build()) {
        for (int i = 0; i < 10; i++) {
          writer.write(picture(64, 48, 20 * i), Duration.ofMillis(40L * i));
        }
      }
      bytes[run] = Files.readAllBytes(file);
    }
    assertThat(bytes[0]).isEqualTo(bytes[1]);
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void leavesNothingWhenNoFrameWasWritten() {
    VideoWriter.builder(folder.resolve("clip.mp4")).size(64, 48).build().close();
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void refusesTimeThatDoesNotGoForward() {
    Path file = folder.resolve("clip.mp4");
    try (VideoWriter writer = VideoWriter.builder(file).size(64, 48).build()) {
      writer.write(picture(64, 48, 0), Duration.ofSeconds(1));
      assertThatThrownBy(() -> writer.write(picture(64, 48, 0), Duration.ofSeconds(1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("PT1S");
    }
  }

  @Test
  void aTimeWithoutEndIsTheLatestThatThereIs() {
    Path file = folder.resolve("clip.mp4");
    try (VideoWriter writer = VideoWriter.builder(file).size(64, 48).build()) {
      writer.write(picture(64, 48, 0), Duration.ZERO);
      writer.write(picture(64, 48, 0), ChronoUnit.FOREVER.getDuration());
    }
    assertThat(file).isNotEmptyFile();
  }

  @Test
  void refusesAFrameOfAnotherSize() {
    Path file = folder.resolve("clip.mp4");
    try (VideoWriter writer = VideoWriter.builder(file).size(64, 48).build();
        Frame frame = Frame.of(Duration.ZERO, 32, 48, picture(32, 48, 0))) {
      assertThatThrownBy(() -> writer.write(frame))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("64 x 48")
          .hasMessageContaining("32 x 48");
    }
  }

  @Test
  void namesTheFileThatCannotBeWritten() {
    Path file = folder.resolve("missing").resolve("clip.mp4");
    assertThatThrownBy(() -> VideoWriter.builder(file).size(64, 48).build())
        .isInstanceOf(VideoException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("No such file");
  }

  @Test
  void keepsTheSettingsItWasBuiltWith() {
    VideoWriter.Builder builder = VideoWriter.builder(folder.resolve("clip.mp4")).size(64, 48);
    try (VideoWriter writer = builder.build()) {
      builder.size(4096, 4096).framesPerSecond(1);
      assertThatThrownBy(() -> writer.write(picture(4096, 4096, 0), Duration.ZERO))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("64 x 48");
      writer.write(picture(64, 48, 0), Duration.ZERO);
    }
  }

  /** Each fails one step later than the one before it. */
  static List<Function<Path, VideoWriter.Builder>> settingsThatFail() {
    return List.of(
        folder -> VideoWriter.builder(folder.resolve("clip.mp4")).encoder("none", 0),
        folder -> VideoWriter.builder(folder.resolve("clip.unknown")),
        folder -> VideoWriter.builder(folder.resolve("clip.mp4")).encoder("mpeg4", 0x7fff),
        folder -> VideoWriter.builder(folder.resolve("none").resolve("clip.mp4")),
        folder -> VideoWriter.builder(folder.resolve("clip.webm")).codec(VideoWriter.Codec.MPEG4));
  }

  @ParameterizedTest
  @MethodSource("settingsThatFail")
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void whateverStepFailsNothingStaysOpen(Function<Path, VideoWriter.Builder> failing) {
    VideoWriter.Builder builder = failing.apply(folder).size(64, 48);
    assertThatThrownBy(() -> builder.build().close()).isInstanceOf(VideoException.class);
    assertThat(folder).isEmptyDirectory();
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void isClosedAfterClose() {
    VideoWriter writer = VideoWriter.builder(folder.resolve("clip.mp4")).size(64, 48).build();
    writer.close();
    writer.close();
    assertThatThrownBy(() -> writer.write(picture(64, 48, 0), Duration.ZERO))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void threadsMayWriteAndCloseAtOnce() throws Exception {
    for (int round = 0; round < 20; round++) {
      VideoWriter writer = VideoWriter.builder(folder.resolve("clip.mp4")).size(64, 48).build();
      writer.write(picture(64, 48, 0), Duration.ZERO);
      AtomicInteger times = new AtomicInteger();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        threads.add(
            new Thread(
                () -> {
                  try {
                    while (true) {
                      Duration time = Duration.ofMillis(40L * times.incrementAndGet());
                      try {
                        writer.write(picture(64, 48, 7), time);
                      } catch (IllegalArgumentException e) {
                        // Another thread was ahead.
                      }
                    }
                  } catch (IllegalStateException e) {
                    assertThat(e).hasMessageContaining("is closed");
                  }
                }));
      }
      threads.forEach(Thread::start);
      while (times.get() < 20) {
        Thread.onSpinWait();
      }
      writer.close();
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(folder.resolve("clip.mp4")).isNotEmptyFile();
    }
  }

  static ByteBuffer picture(int width, int height, int seed) {
    ByteBuffer rgb = ByteBuffer.allocateDirect(3 * width * height);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        rgb.put((byte) (255 * x / width));
        rgb.put((byte) (255 * y / height));
        rgb.put((byte) seed);
      }
    }
    return rgb.flip();
  }
}
