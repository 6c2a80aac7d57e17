package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.spi.VideoSource;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FrameImagesTest {
  @TempDir Path folder;

  @Test
  void framesLessThanAMillisecondApartAreFilesOfTheirOwn() {
    Path file = folder.resolve("fast.mp4");
    try (VideoWriter writer = VideoWriter.builder(file).size(32, 32).build()) {
      for (int i = 0; i < 4; i++) {
        writer.write(ByteBuffer.allocate(3 * 32 * 32), Duration.ofNanos(i * 250_000L));
      }
    }
    Path pictures = folder.resolve("pictures");
    try (VideoSource video = new FfmpegVideoSourceProvider().open(file)) {
      List<Path> files =
          FrameImages.export(
              video,
              FrameSampling.everyFrame(),
              FrameFormat.ORIGINAL,
              pictures,
              FrameImages.Type.PNG);
      assertThat(files).hasSize(4).doesNotHaveDuplicates();
      assertThat(pictures.toFile().list()).hasSize(4);
      assertThat(files.get(0)).hasFileName("00-00-00.000.png");
      assertThat(files.get(1)).hasFileName("00-00-00.000250000.png");
    }
  }
}
