package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.bytedeco.ffmpeg.global.avutil.*;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.VideoSource;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** HDR clips made here, 10 bits with the tags of PQ and HLG, shown as ordinary video. */
class ToneMapTest {
  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  /** The pixel in the middle of a clip of one colour. */
  private int[] shown(int transfer, int rotation, int... rgb) {
    Path file = folder.resolve(transfer + "-" + rgb[0] + "-" + rgb[1] + ".mkv");
    ByteBuffer pixels = ByteBuffer.allocate(3 * 32 * 16);
    while (pixels.hasRemaining()) {
      pixels.put((byte) rgb[pixels.position() % 3]);
    }
    int primaries = transfer == AVCOL_TRC_BT709 ? AVCOL_PRI_BT709 : AVCOL_PRI_BT2020;
    int space = transfer == AVCOL_TRC_BT709 ? AVCOL_SPC_BT709 : AVCOL_SPC_BT2020_NCL;
    try (VideoWriter writer =
        VideoWriter.builder(file)
            .size(32, 16)
            .encoder("ffv1", AV_PIX_FMT_YUV444P10LE)
            .color(primaries, transfer, space)
            .rotation(rotation)
            .build()) {
      writer.write(pixels.flip(), Duration.ZERO);
    }
    try (VideoSource video = new FfmpegVideoSourceProvider().open(file);
        Frame frame = video.frameAt(Duration.ZERO, FrameFormat.stretch(8, 8, Resampling.BICUBIC))) {
      int middle = 3 * (8 * 4 + 4);
      return new int[] {
        frame.rgb().get(middle) & 0xff,
        frame.rgb().get(middle + 1) & 0xff,
        frame.rgb().get(middle + 2) & 0xff
      };
    }
  }

  /** PQ's code of so many cd/m2, in 255ths: the inverse that BT.2100 gives. */
  private static int pq(double nits) {
    double power = Math.pow(nits / 10_000, 0.1593017578125);
    return (int)
        Math.round(
            255 * Math.pow((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power), 78.84375));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0", // black stays black
    "25, 107", // 25/203 on a display with a gamma of 2.4
    "100, 190", // below the knee: as bright as it is
    "203, 226", // paper white: 0.75
    "1000, 250", // a highlight
    "10000, 255",
  })
  void greyOfPq(double nits, int expected) {
    for (int value : shown(AVCOL_TRC_SMPTE2084, 0, pq(nits), pq(nits), pq(nits))) {
      assertThat(value).isCloseTo(expected, within(3));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "191, 226", // 75 %: BT.2408's paper white
    "255, 250", // its peak, 1,000 cd/m2
  })
  void greyOfHlg(int code, int expected) {
    for (int value : shown(AVCOL_TRC_ARIB_STD_B67, 0, code, code, code)) {
      assertThat(value).isCloseTo(expected, within(3));
    }
  }

  @Test
  void coloursGoFromBt2020ToBt709() {
    // 100 cd/m2 of BT.709's red, in BT.2020's primaries (BT.2087).
    int[] red = shown(AVCOL_TRC_SMPTE2084, 0, pq(62.74), pq(6.91), pq(1.64));
    assertThat(red[0]).isCloseTo(190, within(6));
    assertThat(red[1]).isLessThan(40);
    assertThat(red[2]).isLessThan(40);
    // BT.2020's green is more than BT.709 can show: nothing but green is left.
    int[] green = shown(AVCOL_TRC_SMPTE2084, 0, 0, pq(100), 0);
    assertThat(green[1]).isGreaterThan(180);
    assertThat(green[0]).isLessThan(20);
    assertThat(green[2]).isLessThan(20);
  }

  @Test
  void brighterStaysBrighter() {
    int last = -1;
    for (int code = 0; code <= 255; code += 15) {
      int value = shown(AVCOL_TRC_SMPTE2084, 0, code, code, code)[1];
      assertThat(value).isGreaterThanOrEqualTo(last);
      last = value;
    }
  }

  @Test
  void turnedHdrVideosAreMappedToo() {
    assertThat(shown(AVCOL_TRC_SMPTE2084, 90, pq(203), pq(203), pq(203))[0])
        .isCloseTo(226, within(3));
  }

  @Test
  void ordinaryVideosStayAsTheyAre() {
    int[] seen = shown(AVCOL_TRC_BT709, 0, 200, 100, 50);
    assertThat(seen[0]).isCloseTo(200, within(2));
    assertThat(seen[1]).isCloseTo(100, within(2));
    assertThat(seen[2]).isCloseTo(50, within(2));
  }
}
