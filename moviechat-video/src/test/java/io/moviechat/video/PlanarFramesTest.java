package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Fit;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PlanarFramesTest {
  private static final FrameSampling SAMPLING = FrameSampling.every(Duration.ofMillis(500));
  private static final float[] MEANS = {0.485f, 0.456f, 0.406f};
  private static final float[] DEVIATIONS = {0.229f, 0.224f, 0.225f};

  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static FloatBuffer direct(int floats) {
    return ByteBuffer.allocateDirect(4 * floats).order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  @ParameterizedTest
  @EnumSource(names = {"STRETCH", "COVER_AND_CROP", "PAD"})
  void floatsAreThoseOfThePackedFrames(Fit fit) {
    assertPlanesOf(Clips.file("bunny.mp4"), new FrameFormat(fit, 50, 40, Resampling.BICUBIC));
  }

  @Test
  void turnedVideosToo() {
    Path file = folder.resolve("turned.mp4");
    try (VideoWriter writer = VideoWriter.builder(file).size(64, 32).rotation(90).build()) {
      ByteBuffer rgb = ByteBuffer.allocate(3 * 64 * 32);
      while (rgb.hasRemaining()) {
        rgb.put((byte) (rgb.position() * 7 / 64));
      }
      writer.write(rgb.flip(), Duration.ZERO);
    }
    assertPlanesOf(file, new FrameFormat(Fit.PAD, 30, 50, Resampling.BILINEAR));
  }

  private static void assertPlanesOf(Path file, FrameFormat format) {
    int area = format.width() * format.height();
    try (VideoSource one = new FfmpegVideoSourceProvider().open(file);
        VideoSource other = new FfmpegVideoSourceProvider().open(file);
        FrameStream packed = one.frames(SAMPLING, format);
        PlanarFrames planar = PlanarFrames.of(other, SAMPLING, format, Normalization.IMAGENET)) {
      FloatBuffer batch = direct(1 + 3 * area);
      batch.position(1);
      while (planar.next(batch)) {
        assertThat(batch.hasRemaining()).isFalse();
        try (Frame frame = packed.next().orElseThrow()) {
          assertThat(planar.timestamp()).isEqualTo(frame.timestamp());
          for (int i = 0; i < area; i++) {
            for (int channel = 0; channel < 3; channel++) {
              float value = (frame.rgb().get(3 * i + channel) & 0xff) / 255f;
              assertThat(batch.get(1 + channel * area + i))
                  .isEqualTo((value - MEANS[channel]) / DEVIATIONS[channel]);
            }
          }
        }
        batch.position(1);
      }
      assertThat(packed.next()).isEmpty();
      assertThat(batch.position()).isEqualTo(1);
      assertThat(planar.damagedFrames()).isZero();
    }
  }

  @Test
  void refusesWhatCannotBe() {
    FrameFormat format = FrameFormat.stretch(8, 8, Resampling.BICUBIC);
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file("bunny.mp4"))) {
      assertThatThrownBy(
              () -> PlanarFrames.of(video, SAMPLING, FrameFormat.ORIGINAL, Normalization.UNIT))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("ORIGINAL");
      PlanarFrames frames = PlanarFrames.of(video, SAMPLING, format, Normalization.UNIT);
      assertThatThrownBy(frames::timestamp).isInstanceOf(NoSuchElementException.class);
      assertThatThrownBy(() -> frames.next(direct(191)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("192");
      assertThat(frames.next(FloatBuffer.allocate(frames.floatsPerFrame()))).isTrue();
      frames.close();
      frames.close();
      assertThatThrownBy(() -> frames.next(direct(192))).isInstanceOf(IllegalStateException.class);
    }
    assertThatThrownBy(() -> new Normalization(0, 0, 0, 1, 0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("above 0, was 0.0");
  }
}
