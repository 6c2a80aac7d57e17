package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.bytedeco.ffmpeg.global.avutil.*;
import static org.bytedeco.ffmpeg.global.swscale.*;

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
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVPixFmtDescriptor;
import org.bytedeco.ffmpeg.swscale.SwsContext;
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

  /** White, and wholly transparent, in every format that has transparency. */
  @Test
  void whatIsTransparentIsBlackInEveryPixelFormat() {
    Ffmpeg.load();
    FramePool pool = new FramePool("test", Duration.ofSeconds(1));
    Display plain = new Display(Display.Crop.NONE, Orientation.UPRIGHT, 1, 1);
    int formats = 0;
    AVPixFmtDescriptor descriptor = av_pix_fmt_desc_next(null);
    for (;
        descriptor != null && !descriptor.isNull();
        descriptor = av_pix_fmt_desc_next(descriptor)) {
      int pixelFormat = av_pix_fmt_desc_get_id(descriptor);
      boolean transparent = (descriptor.flags() & AV_PIX_FMT_FLAG_ALPHA) != 0;
      boolean palette = (descriptor.flags() & AV_PIX_FMT_FLAG_PAL) != 0;
      if (!transparent
          || palette
          || sws_isSupportedInput(pixelFormat) == 0
          || sws_isSupportedOutput(pixelFormat) == 0) {
        continue;
      }
      formats++;
      for (int alpha : new int[] {0, 255}) {
        AVFrame picture = transparentWhite(pixelFormat, alpha);
        try (Scaler scaler =
                new Scaler("test", FrameFormat.stretch(8, 8, Resampling.BICUBIC), plain, true);
            Frame frame = scaler.convert(picture, 0, pool)) {
          assertThat(frame.rgb().get(3 * 36) & 0xff)
              .as("%s, alpha %d", descriptor.name().getString(), alpha)
              .isCloseTo(alpha, within(3));
        } finally {
          av_frame_free(picture);
        }
      }
    }
    assertThat(formats).isGreaterThan(25);
  }

  private static AVFrame transparentWhite(int pixelFormat, int alpha) {
    AVFrame white = av_frame_alloc().width(16).height(16);
    white.format(AV_PIX_FMT_RGBA);
    AVFrame picture = av_frame_alloc().width(16).height(16);
    picture.format(pixelFormat);
    assertThat(av_frame_get_buffer(white, 0)).isZero();
    assertThat(av_frame_get_buffer(picture, 0)).isZero();
    for (int y = 0; y < 16; y++) {
      for (int x = 0; x < 64; x++) {
        white.data(0).put((long) y * white.linesize(0) + x, (byte) (x % 4 == 3 ? alpha : 255));
      }
    }
    SwsContext context =
        sws_getContext(
            16, 16, AV_PIX_FMT_RGBA, 16, 16, pixelFormat, SWS_POINT, null, null, (double[]) null);
    sws_scale(context, white.data(), white.linesize(), 0, 16, picture.data(), picture.linesize());
    sws_freeContext(context);
    av_frame_free(white);
    return picture;
  }
}
