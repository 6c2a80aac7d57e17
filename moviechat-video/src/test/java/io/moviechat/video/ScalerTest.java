package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Fit;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.VideoSource;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScalerTest {
  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static Path resource(String name) throws URISyntaxException {
    return Path.of(Objects.requireNonNull(ScalerTest.class.getResource("/resize/" + name)).toURI());
  }

  private static Frame picture(Path file, FrameFormat format) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(file)) {
      return video.frameAt(Duration.ZERO, format);
    }
  }

  /** Mean and largest absolute difference of bytes. */
  private record Difference(double mean, int largest) {
    static Difference of(ByteBuffer a, ByteBuffer b) {
      assertThat(a.remaining()).isEqualTo(b.remaining());
      long sum = 0;
      int largest = 0;
      for (int i = 0; i < a.remaining(); i++) {
        int difference = Math.abs((a.get(i) & 0xff) - (b.get(i) & 0xff));
        sum += difference;
        largest = Math.max(largest, difference);
      }
      return new Difference((double) sum / a.remaining(), largest);
    }
  }

  @Test
  void bicubicIsCloseToPillow() throws IOException, URISyntaxException {
    ByteBuffer pillow =
        ByteBuffer.wrap(Files.readAllBytes(resource("llava-onevision_resize_pillow.rgb")));
    try (Frame frame =
        picture(
            resource("llava-onevision_resize_source.png"),
            FrameFormat.stretch(40, 40, Resampling.BICUBIC))) {
      Difference difference = Difference.of(frame.rgb(), pillow);
      assertThat(difference.mean()).isLessThan(0.5);
      assertThat(difference.largest()).isLessThanOrEqualTo(7);
    }
  }

  @Test
  void lanczosInTwoStepsIsCloseToPillow() throws IOException, URISyntaxException {
    ByteBuffer pillow = ByteBuffer.wrap(Files.readAllBytes(resource("smolvlm_resize_pillow.rgb")));
    Path between = folder.resolve("between.png");
    try (Frame step =
        picture(
            resource("smolvlm_resize_source.png"),
            FrameFormat.stretch(64, 36, Resampling.LANCZOS))) {
      try (VideoWriter writer =
          VideoWriter.builder(between)
              .size(64, 36)
              .encoder("png", org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24)
              .containerOption("update", "1")
              .build()) {
        writer.write(step);
      }
    }
    try (Frame frame = picture(between, FrameFormat.stretch(64, 64, Resampling.LANCZOS))) {
      Difference difference = Difference.of(frame.rgb(), pillow);
      assertThat(difference.mean()).isLessThan(0.5);
      assertThat(difference.largest()).isLessThanOrEqualTo(6);
    }
  }

  @Test
  void fitsAsAsked() {
    Path clip = Clips.file("bunny.mp4"); // 320 x 180
    assertSize(clip, FrameFormat.ORIGINAL, 320, 180);
    assertSize(clip, FrameFormat.stretch(50, 70, Resampling.BICUBIC), 50, 70);
    assertSize(clip, FrameFormat.inside(100, 100, Resampling.BICUBIC), 100, 56);
    assertSize(clip, FrameFormat.inside(640, 640, Resampling.BICUBIC), 640, 360);
    assertSize(clip, FrameFormat.coverAndCrop(64, 64, Resampling.BICUBIC), 64, 64);
    assertSize(clip, new FrameFormat(Fit.PAD, 64, 64, Resampling.BICUBIC), 64, 64);
    assertSize(clip, FrameFormat.stretch(1, 1, Resampling.BICUBIC), 1, 1);
    assertSize(clip, FrameFormat.coverAndCrop(1, 500, Resampling.LANCZOS), 1, 500);
  }

  private static void assertSize(Path clip, FrameFormat format, int width, int height) {
    try (Frame frame = picture(clip, format)) {
      assertThat(frame.width()).as("%s", format).isEqualTo(width);
      assertThat(frame.height()).as("%s", format).isEqualTo(height);
    }
  }

  @Test
  void croppingCutsTheCentreOutOfTheScaledPicture() {
    Path clip = Clips.file("bunny.mp4");
    try (Frame whole = picture(clip, FrameFormat.stretch(128, 72, Resampling.BICUBIC));
        Frame cut = picture(clip, FrameFormat.coverAndCrop(72, 72, Resampling.BICUBIC))) {
      for (int y = 0; y < 72; y++) {
        for (int x = 0; x < 3 * 72; x++) {
          assertThat(cut.rgb().get(y * 216 + x)).isEqualTo(whole.rgb().get(y * 384 + 3 * 28 + x));
        }
      }
    }
  }

  @Test
  void paddingIsBlackAroundTheScaledPicture() {
    Path clip = Clips.file("bunny.mp4");
    try (Frame whole = picture(clip, FrameFormat.stretch(64, 36, Resampling.BICUBIC));
        Frame padded = picture(clip, new FrameFormat(Fit.PAD, 64, 64, Resampling.BICUBIC))) {
      ByteBuffer expected = ByteBuffer.allocate(3 * 64 * 64);
      expected.put(3 * 64 * 14, Clips.copy(whole).array());
      assertThat(Clips.copy(padded).array()).isEqualTo(expected.array());
    }
  }
}
