package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_CLOSED_GOP;
import static org.bytedeco.ffmpeg.global.avutil.*;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.Clips.Seen;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Videos that are unusual but right, made here: the right frames, upright, in order. */
class OddVideosTest {
  private static final FrameFormat SMALL = FrameFormat.stretch(24, 16, Resampling.BILINEAR);

  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  /** A picture whose mean grey value tells which one it is, with a colour in each corner. */
  private static ByteBuffer numbered(int width, int height, int grey) {
    ByteBuffer rgb = ByteBuffer.allocateDirect(3 * width * height);
    for (int i = 0; i < 3 * width * height; i++) {
      rgb.put((byte) grey);
    }
    return rgb.flip();
  }

  private Path write(
      String name,
      int width,
      int height,
      List<Duration> times,
      UnaryOperator<VideoWriter.Builder> settings) {
    Path file = folder.resolve(name);
    try (VideoWriter writer =
        settings.apply(VideoWriter.builder(file).size(width, height)).build()) {
      for (int i = 0; i < times.size(); i++) {
        writer.write(numbered(width, height, grey(i)), times.get(i));
      }
    }
    return file;
  }

  private static int grey(int i) {
    return 20 + (i * 37) % 200;
  }

  private static List<Duration> regular(int count, long millis) {
    List<Duration> times = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      times.add(Duration.ofMillis(i * millis));
    }
    return times;
  }

  private static int meanOf(Frame frame) {
    ByteBuffer rgb = frame.rgb();
    long sum = 0;
    while (rgb.hasRemaining()) {
      sum += rgb.get() & 0xff;
    }
    return (int) Math.round((double) sum / (3.0 * frame.width() * frame.height()));
  }

  /** Frame i is at times(i) and shows grey(i), in a pass and by random access. */
  private static void assertNumbered(Path file, List<Duration> times, int tolerance) {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(file)) {
      List<Seen> all = new ArrayList<>();
      try (FrameStream stream = video.frames(FrameSampling.everyFrame(), FrameFormat.ORIGINAL)) {
        for (int i = 0; i < times.size(); i++) {
          try (Frame frame = stream.next().orElseThrow()) {
            assertThat(frame.timestamp().minus(times.get(i)).abs())
                .as("time of frame %d, %s", i, frame.timestamp())
                .isLessThanOrEqualTo(Duration.ofNanos(20_000));
            assertThat(meanOf(frame)).as("picture %d", i).isCloseTo(grey(i), within(tolerance));
            all.add(Clips.seen(frame));
          }
        }
        assertThat(stream.next()).isEmpty();
        assertThat(stream.damagedFrames()).isZero();
      }
      Random random = new Random(3);
      for (int round = 0; round < 40; round++) {
        Seen wanted = all.get(random.nextInt(all.size()));
        try (Frame frame = video.frameAt(wanted.time(), FrameFormat.ORIGINAL)) {
          assertThat(Clips.seen(frame)).isEqualTo(wanted);
        }
      }
    }
  }

  @Test
  void variableFrameRate() {
    List<Duration> times = new ArrayList<>();
    Random random = new Random(5);
    Duration time = Duration.ZERO;
    for (int i = 0; i < 80; i++) {
      times.add(time);
      time = time.plusMillis(1 + random.nextInt(900));
    }
    assertNumbered(write("vfr.mp4", 32, 32, times, b -> b.keyframeInterval(7)), times, 3);
    assertNumbered(
        write("vfr.mkv", 32, 32, times.subList(0, 50), b -> b.keyframeInterval(7)),
        times.subList(0, 50),
        3);
  }

  @Test
  void framesThatReferToLaterOnes() {
    List<Duration> times = regular(60, 40);
    assertNumbered(
        write(
            "b.mp4",
            32,
            32,
            times,
            b ->
                b.codec(VideoWriter.Codec.MPEG4)
                    .bFrames(3)
                    .keyframeInterval(12)
                    .bitRate(2_000_000)),
        times,
        4);
  }

  @Test
  void openGroupsOfPictures() {
    List<Duration> times = regular(60, 40);
    assertNumbered(
        write(
            "open.mkv",
            32,
            32,
            times,
            b ->
                b.encoder("mpeg2video", AV_PIX_FMT_YUV420P)
                    .ticksPerSecond(25)
                    .framesPerSecond(25)
                    .bFrames(2)
                    .keyframeInterval(12)
                    .bitRate(2_000_000)),
        times,
        4);
    assertNumbered(
        write(
            "closed.mkv",
            32,
            32,
            times,
            b ->
                b.encoder("mpeg2video", AV_PIX_FMT_YUV420P)
                    .ticksPerSecond(25)
                    .framesPerSecond(25)
                    .encoderFlags(AV_CODEC_FLAG_CLOSED_GOP)
                    .encoderOption("sc_threshold", "1000000000")
                    .bFrames(2)
                    .keyframeInterval(12)
                    .bitRate(2_000_000)),
        times,
        4);
  }

  @Test
  void everyContainer() {
    List<Duration> times = regular(40, 40);
    for (String name : List.of("a.mp4", "a.mov", "a.mkv", "a.avi", "a.flv", "a.nut")) {
      assertNumbered(
          write(
              name,
              32,
              32,
              times,
              b ->
                  name.endsWith("flv")
                      ? b.encoder("flv", AV_PIX_FMT_YUV420P).framesPerSecond(25).bitRate(2_000_000)
                      : b.codec(VideoWriter.Codec.MPEG4)
                          .framesPerSecond(25)
                          .keyframeInterval(9)
                          .bitRate(2_000_000)),
          times,
          4);
    }
  }

  @Test
  void fragmentedMp4() {
    List<Duration> times = regular(60, 40);
    assertNumbered(
        write(
            "fragments.mp4",
            32,
            32,
            times,
            b ->
                b.keyframeInterval(10)
                    .containerOption("movflags", "frag_keyframe+empty_moov+default_base_moof")),
        times,
        3);
  }

  @Test
  void videoThatStartsLate() {
    List<Duration> late = regular(30, 40).stream().map(t -> t.plusSeconds(100)).toList();
    Path file = write("late.mkv", 32, 32, late, b -> b.keyframeInterval(10));
    assertNumbered(file, regular(30, 40), 3);
  }

  @ParameterizedTest
  @CsvSource({"0", "90", "180", "270"})
  void rotatedVideoIsUpright(int rotation) {
    // Red top left, green top right, blue bottom left, white bottom right, as stored.
    int width = 64;
    int height = 32;
    ByteBuffer rgb = ByteBuffer.allocateDirect(3 * width * height);
    int[][] stored = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}};
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        for (int value : stored[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)]) {
          rgb.put((byte) value);
        }
      }
    }
    rgb.flip();
    Path file = folder.resolve("rotated.mp4");
    try (VideoWriter writer =
        VideoWriter.builder(file)
            .size(width, height)
            .bitRate(5_000_000)
            .rotation(rotation)
            .build()) {
      writer.write(rgb, Duration.ZERO);
    }
    // Corners clockwise from top left; a clockwise turn moves each to the next place.
    int[] clockwise = {0, 1, 3, 2};
    boolean swapped = rotation % 180 != 0;
    for (FrameFormat format :
        List.of(
            FrameFormat.ORIGINAL,
            FrameFormat.stretch(20, 10, Resampling.BICUBIC),
            FrameFormat.coverAndCrop(16, 16, Resampling.BICUBIC))) {
      try (VideoSource video = new FfmpegVideoSourceProvider().open(file);
          Frame frame = video.frameAt(Duration.ZERO, format)) {
        assertThat(video.info().rotation()).isEqualTo(rotation);
        assertThat(video.info().width()).isEqualTo(swapped ? height : width);
        assertThat(video.info().height()).isEqualTo(swapped ? width : height);
        int w = frame.width();
        int h = frame.height();
        if (format.equals(FrameFormat.ORIGINAL)) {
          assertThat(w).isEqualTo(swapped ? height : width);
          assertThat(h).isEqualTo(swapped ? width : height);
        }
        int[][] places = {{1, 1}, {w - 2, 1}, {w - 2, h - 2}, {1, h - 2}};
        for (int place = 0; place < 4; place++) {
          boolean square = w == h && format.fit() == FrameFormat.Fit.COVER_AND_CROP;
          int[] colour = stored[clockwise[Math.floorMod(place - rotation / 90, 4)]];
          for (int channel = 0; channel < 3; channel++) {
            int value =
                frame.rgb().get(3 * (places[place][1] * w + places[place][0]) + channel) & 0xff;
            assertThat(value)
                .as("corner %d channel %d, %s %s", place, channel, format, square)
                .isCloseTo(colour[channel], within(40));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"4,3,43,32", "1,2,16,32", "64,45,46,32", "1000,1,32,32"})
  void pixelsThatAreNotSquare(int numerator, int denominator, int width, int height) {
    Path file =
        write(
            "aspect.mkv",
            32,
            32,
            regular(3, 40),
            b -> b.codec(VideoWriter.Codec.MPEG4).pixelAspect(numerator, denominator));
    try (VideoSource video = new FfmpegVideoSourceProvider().open(file);
        Frame frame = video.frameAt(Duration.ZERO, FrameFormat.ORIGINAL);
        Frame inside =
            video.frameAt(Duration.ZERO, FrameFormat.inside(16, 16, Resampling.BICUBIC))) {
      assertThat(video.info().width()).isEqualTo(width);
      assertThat(video.info().height()).isEqualTo(height);
      assertThat(frame.width()).isEqualTo(width);
      assertThat(frame.height()).isEqualTo(height);
      assertThat((double) inside.width() / inside.height())
          .isCloseTo((double) width / height, within(0.1));
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "2,17", "3,1", "17,31", "33,65", "161,3"})
  void oddSizes(int width, int height) {
    List<Duration> times = regular(6, 40);
    assertNumbered(
        write("odd.mkv", width, height, times, b -> b.encoder("ffv1", AV_PIX_FMT_YUV444P)),
        times,
        2);
    assertNumbered(
        write(
            "odd.avi",
            width,
            height,
            times,
            b -> b.encoder("rawvideo", AV_PIX_FMT_YUV420P).framesPerSecond(25)),
        times,
        2);
  }

  private Path interlaced(String name, List<Duration> times, boolean topFieldFirst) {
    return write(
        name,
        64,
        64,
        times,
        b ->
            b.encoder("mpeg2video", AV_PIX_FMT_YUV420P)
                .ticksPerSecond(25)
                .framesPerSecond(25)
                .interlaced(topFieldFirst)
                .bitRate(2_000_000));
  }

  @Test
  void interlaced() {
    List<Duration> times = regular(30, 40);
    assertNumbered(interlaced("top.mkv", times, true), times, 4);
    assertNumbered(interlaced("bottom.mkv", times, false), times, 4);
  }

  @ParameterizedTest
  @CsvSource({"true,64", "false,64", "true,66", "false,70"})
  void ofAnInterlacedFrameTheFieldTakenFirstIsShown(boolean topFieldFirst, int height) {
    ByteBuffer rgb = ByteBuffer.allocateDirect(3 * 64 * height);
    while (rgb.hasRemaining()) {
      rgb.put((byte) (rgb.position() / (3 * 64) % 2 == 0 ? 200 : 60));
    }
    Path file = folder.resolve("fields.mkv");
    try (VideoWriter writer =
        VideoWriter.builder(file)
            .size(64, height)
            .encoder("mpeg2video", AV_PIX_FMT_YUV420P)
            .ticksPerSecond(25)
            .framesPerSecond(25)
            .interlaced(topFieldFirst)
            .bitRate(5_000_000)
            .build()) {
      writer.write(rgb.flip(), Duration.ZERO);
    }
    for (FrameFormat format :
        List.of(FrameFormat.ORIGINAL, FrameFormat.stretch(20, 20, Resampling.BICUBIC))) {
      try (VideoSource video = new FfmpegVideoSourceProvider().open(file);
          Frame frame = video.frameAt(Duration.ZERO, format)) {
        assertThat(frame.height()).isEqualTo(format.equals(FrameFormat.ORIGINAL) ? height : 20);
        for (int i = 0; i < frame.rgb().remaining(); i++) {
          assertThat(frame.rgb().get(i) & 0xff).isCloseTo(topFieldFirst ? 200 : 60, within(6));
        }
      }
    }
    VideoOptions woven = VideoOptions.DEFAULT.withDeinterlace(false);
    try (VideoSource video = new FfmpegVideoSourceProvider(woven).open(file);
        Frame frame = video.frameAt(Duration.ZERO, FrameFormat.ORIGINAL)) {
      for (int y = 0; y < height; y++) {
        assertThat(frame.rgb().get(3 * (64 * y + 30)) & 0xff)
            .isCloseTo(y % 2 == 0 ? 200 : 60, within(6));
      }
    }
  }

  @Test
  void moreBitsPerChannel() {
    List<Duration> times = regular(10, 40);
    for (int format :
        new int[] {AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_YUV444P12LE, AV_PIX_FMT_GRAY16LE}) {
      assertNumbered(
          write(format + ".mkv", 32, 32, times, b -> b.encoder("ffv1", format)), times, 2);
    }
  }

  /** What camcorders and editing programs write: colours at half resolution, ten bits. */
  @Test
  void colorsOfCamcorders() {
    List<Duration> times = regular(10, 40);
    assertNumbered(
        write("ten.mkv", 32, 32, times, b -> b.encoder("ffv1", AV_PIX_FMT_YUV422P10LE)), times, 2);
    assertNumbered(
        write("prores.mov", 64, 32, times, b -> b.encoder("prores_ks", AV_PIX_FMT_YUV422P10LE)),
        times,
        4);
    assertNumbered(
        write("v210.mov", 48, 32, times, b -> b.encoder("v210", AV_PIX_FMT_YUV422P10LE)), times, 2);
    assertNumbered(
        write(
            "mpeg2.mkv",
            64,
            64,
            times,
            b ->
                b.encoder("mpeg2video", AV_PIX_FMT_YUV422P)
                    .ticksPerSecond(25)
                    .framesPerSecond(25)
                    .interlaced(true)
                    .bFrames(2)
                    .keyframeInterval(6)
                    .bitRate(4_000_000)),
        times,
        6);
  }

  @Test
  void whatIsTransparentInWebmIsBlack() {
    try (VideoSource video =
            new FfmpegVideoSourceProvider().open(Clips.resource("/cases/alpha-vp9.webm"));
        Frame frame = video.frameAt(Duration.ofMillis(500), FrameFormat.ORIGINAL)) {
      int row = 3 * frame.width() * (frame.height() / 2);
      assertThat(frame.rgb().get(row + 3 * (frame.width() / 4)) & 0xff).isGreaterThan(200);
      assertThat(frame.rgb().get(row + 3 * (3 * frame.width() / 4)) & 0xff).isLessThan(40);
    }
  }

  @Test
  void greyAndPaletteAndFullRange() {
    List<Duration> times = regular(10, 40);
    assertNumbered(
        write("grey.mkv", 32, 32, times, b -> b.encoder("ffv1", AV_PIX_FMT_GRAY8)), times, 2);
    assertNumbered(
        write("jpeg.mkv", 32, 32, times, b -> b.encoder("mjpeg", AV_PIX_FMT_YUVJ420P)), times, 3);
  }

  @Test
  void animatedGif() {
    List<Duration> times = regular(12, 100);
    assertNumbered(
        write(
            "moving.gif",
            32,
            32,
            times,
            b -> b.encoder("gif", AV_PIX_FMT_GRAY8).ticksPerSecond(100).framesPerSecond(10)),
        times,
        6);
  }

  @Test
  void singlePicture() {
    Path file = folder.resolve("one.png");
    try (VideoWriter writer =
        VideoWriter.builder(file)
            .size(40, 30)
            .encoder("png", AV_PIX_FMT_RGB24)
            .containerOption("update", "1")
            .build()) {
      writer.write(numbered(40, 30, 99), Duration.ZERO);
    }
    try (VideoSource video = new FfmpegVideoSourceProvider().open(file);
        FrameStream stream = video.frames(FrameSampling.uniform(8), FrameFormat.ORIGINAL)) {
      try (Frame frame = stream.next().orElseThrow()) {
        assertThat(meanOf(frame)).isEqualTo(99);
        assertThat(frame.timestamp()).isZero();
      }
      assertThat(stream.next()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "photo.jpg",
        "PHOTO.JPEG",
        "frame-0001.png",
        "odd %03d [x]*.png",
        "odd %03d [x]*.jpg",
        "nameless"
      })
  void singlePictureOfAnyName(String name) throws IOException {
    Path written = folder.resolve(name.endsWith("g") ? name : "any.jpg");
    try (Frame frame = Frame.of(Duration.ZERO, 40, 30, numbered(40, 30, 99))) {
      FrameImages.write(frame, written);
    }
    Path file = folder.resolve(name);
    if (!written.equals(file)) {
      Files.move(written, file);
    }
    try (VideoSource video = new FfmpegVideoSourceProvider().open(file);
        FrameStream stream =
            video.frames(new FrameSampling.Fragments(128, 8), FrameFormat.ORIGINAL)) {
      try (Frame frame = stream.next().orElseThrow()) {
        assertThat(meanOf(frame)).isCloseTo(99, within(1));
        assertThat(frame.timestamp()).isZero();
      }
      assertThat(stream.next()).isEmpty();
      try (Frame frame = video.frameAt(Duration.ZERO, FrameFormat.ORIGINAL)) {
        assertThat(meanOf(frame)).isCloseTo(99, within(1));
      }
    }
  }

  @Test
  void numberedPictures() {
    List<Duration> times = regular(7, 40);
    for (int i = 0; i < times.size(); i++) {
      try (Frame frame = Frame.of(Duration.ZERO, 40, 30, numbered(40, 30, grey(i)))) {
        FrameImages.write(frame, folder.resolve(String.format("frame-%04d.png", i)));
      }
    }
    assertNumbered(folder.resolve("frame-%04d.png"), times, 1);
    assertThatThrownBy(() -> new FfmpegVideoSourceProvider().open(folder.resolve("none-%d.png")))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("none-%d.png");
  }

  @Test
  void transparentPartsAreBlack() {
    Path file = folder.resolve("alpha.png");
    try (VideoWriter writer =
        VideoWriter.builder(file)
            .size(4, 4)
            .encoder("png", AV_PIX_FMT_RGBA)
            .containerOption("update", "1")
            .build()) {
      writer.write(numbered(4, 4, 200), Duration.ZERO);
    }
    Path clear = folder.resolve("clear.png");
    TransparentPng.write(clear, 8, 8, 200, 100);
    try (VideoSource video = new FfmpegVideoSourceProvider().open(file);
        Frame frame = video.frameAt(Duration.ZERO, FrameFormat.ORIGINAL)) {
      assertThat(meanOf(frame)).isCloseTo(200, within(2));
    }
    try (VideoSource video = new FfmpegVideoSourceProvider().open(clear);
        Frame frame = video.frameAt(Duration.ZERO, FrameFormat.ORIGINAL)) {
      assertThat(meanOf(frame)).isCloseTo(200 * 100 / 255, within(3));
    }
  }

  /** A PNG of one half-transparent colour, written with the JDK. */
  private static final class TransparentPng {
    static void write(Path file, int width, int height, int grey, int alpha) {
      java.awt.image.BufferedImage image =
          new java.awt.image.BufferedImage(
              width, height, java.awt.image.BufferedImage.TYPE_INT_ARGB);
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          image.setRGB(x, y, alpha << 24 | grey << 16 | grey << 8 | grey);
        }
      }
      try {
        javax.imageio.ImageIO.write(image, "png", file.toFile());
      } catch (java.io.IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }

  @Test
  void rawStreamWithoutTimesOrDuration() {
    List<Duration> times = regular(40, 40);
    Path file = write("raw.h264", 32, 32, times, b -> b.framesPerSecond(25).keyframeInterval(10));
    try (VideoSource video = new FfmpegVideoSourceProvider().open(file)) {
      assertThat(video.info().frames()).isEmpty();
      try (FrameStream stream = video.frames(FrameSampling.everyFrame(), FrameFormat.ORIGINAL)) {
        List<Seen> all = Clips.drain(stream);
        assertThat(all).hasSize(40);
      }
      try (FrameStream stream = video.frames(FrameSampling.uniform(5), FrameFormat.ORIGINAL)) {
        assertThat(Clips.drain(stream)).hasSize(5);
      }
    }
  }

  /** A container that cannot seek to the beginning of so short a video. */
  @Test
  void aSeekThatFailsLosesNothing() throws GeneratedVideo.NotMade {
    Path file = folder.resolve("short.wtv");
    new Remux(2, 130, 0, false).copy(Clips.resource("/cases/program-stream.vob"), file);
    EveryWay.check(file, VideoOptions.DEFAULT, SMALL, 1);
  }

  /** FFmpeg writes into MXF when pictures are decoded, and says that they are shown then. */
  @ParameterizedTest
  @ValueSource(ints = {4, 60})
  void picturesOfWhichOnlyTheDecodingIsTimedAreShownInTheOrderTheyComeOut(int pictures)
      throws GeneratedVideo.NotMade {
    Path file = folder.resolve("b-frames.mxf");
    new Remux(pictures, 0, 0, false).copy(Clips.file("bunny.mp4"), file);
    EveryWay.check(file, VideoOptions.DEFAULT, SMALL, 1);
    try (VideoSource video = new FfmpegVideoSourceProvider().open(file);
        FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL)) {
      List<Duration> times = Clips.times(stream);
      assertThat(times).hasSize(pictures);
      for (int i = 1; i < times.size(); i++) {
        Duration step = times.get(i).minus(times.get(i - 1));
        assertThat(step).isBetween(Duration.ofMillis(41), Duration.ofMillis(42));
      }
    }
  }
}
