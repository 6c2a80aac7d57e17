package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_CLOSED_GOP;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_BGR0;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_BGR24;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB555LE;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB8;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV410P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV422P;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV422P10LE;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUVJ420P;

import io.moviechat.VideoException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * How a file is made that is right and hard.
 *
 * @param source an encoder of {@link #ENCODERS}, or a file of the test resources to be repacked
 * @param frames how many pictures, about
 * @param gop pictures from one key frame to the next, at most
 * @param bFrames pictures in a row that refer to later ones, where the encoder knows such
 * @param closed whether no group of pictures refers to the one before it
 * @param interlaced whether pictures are coded as two fields
 * @param timing how times go on
 * @param millis usual time from one picture to the next
 * @param container ending of the file
 * @param remux how it is copied once more, or not
 * @param twice whether the file follows itself: times jump back in the middle
 * @param seed of the pictures and of irregular times
 */
record GeneratedVideo(
    String source,
    int frames,
    int gop,
    int bFrames,
    boolean closed,
    boolean interlaced,
    Timing timing,
    int millis,
    String container,
    Optional<Remux> remux,
    boolean twice,
    long seed) {
  static final List<String> ENCODERS =
      List.of(
          "mpeg4",
          "mpeg2video",
          "mpeg1video",
          "libopenh264",
          "libvpx",
          "libvpx-vp9",
          "libaom-av1",
          "ffv1",
          "mjpeg",
          "flv",
          "h263",
          "h263p",
          "msmpeg4v2",
          "msmpeg4",
          "wmv1",
          "wmv2",
          "png",
          "apng",
          "rawvideo",
          "prores_ks",
          "dnxhd",
          "dvvideo",
          "jpeg2000",
          "cfhd",
          "snow",
          "huffyuv",
          "utvideo",
          "svq1",
          "cinepak",
          "rv20",
          "gif",
          "qtrle",
          "msvideo1",
          "zmbv",
          "flashsv");

  static final List<String> REPACKED =
      List.of(
          "clips/bunny.mp4",
          "clips/bunny-hevc-10bit.mp4",
          "clips/cars-open-gop.mp4",
          "clips/bunny-vp9.webm",
          "clips/bunny-interlaced.mkv",
          "clips/bunny.ts",
          "cases/field-pictures.ts",
          "cases/aspect-of-container.mp4",
          "cases/trimmed-open-gop.mp4",
          "cases/leading-pictures-first.ts",
          "cases/program-stream.vob",
          "cases/b-frames.avi",
          "cases/palette.mov",
          "cases/two-frames-per-tick.mkv");

  /** These take nearly anything. */
  private static final List<String> USUAL = List.of("mp4", "mov", "mkv", "avi", "ts", "nut", "mxf");

  static final List<String> CONTAINERS =
      List.of(
          "mp4", "mov", "mkv", "avi", "ts", "vob", "nut", "flv", "webm", "gif", "m4v", "h264",
          "hevc", "m2v", "asf", "3gp", "mpg", "mxf", "m2ts", "wmv", "f4v", "ogv", "ivf", "apng",
          "mjpeg", "dv", "rm", "h263", "obu", "gxf", "wtv", "y4m");

  enum Timing {
    REGULAR,
    /** Up to nine times as long, at random. */
    IRREGULAR,
    /** Regular, with one long gap. */
    GAP,
    /** Two pictures in quick succession, then a pause. */
    PAIRS
  }

  /** The same video for the same seed, for ever. */
  static GeneratedVideo of(long seed) {
    // Seeds in a row would begin alike with that class alone.
    Random random = new Random(new SplittableRandom(seed).nextLong());
    String source =
        switch (random.nextInt(8)) {
          case 0, 1, 2 -> any(ENCODERS, random);
          case 3, 4 -> any(List.of("mpeg4", "mpeg2video", "libopenh264"), random);
          default -> any(REPACKED, random);
        };
    Remux remux =
        new Remux(
            2 + random.nextInt(69),
            any(List.of(0, 0, 40, 130, 500, 1300), random),
            any(List.of(0, 0, 700, 100_000), random),
            random.nextInt(4) == 0);
    boolean copied = random.nextInt(5) < 3;
    return new GeneratedVideo(
        source,
        1 + random.nextInt(40),
        1 + random.nextInt(15),
        random.nextInt(4),
        random.nextBoolean(),
        random.nextBoolean(),
        Timing.values()[random.nextInt(Timing.values().length)],
        any(List.of(33, 40, 100, 1, 1000), random),
        any(random.nextInt(5) < 3 ? USUAL : CONTAINERS, random),
        copied
            ? Optional.of(remux)
            : ENCODERS.contains(source)
                ? Optional.empty()
                : Optional.of(new Remux(60, 0, 0, false)),
        random.nextInt(4) == 0,
        seed);
  }

  private static <T> T any(List<T> choices, Random random) {
    return choices.get(random.nextInt(choices.size()));
  }

  /** FFmpeg has no such combination. */
  static final class NotMade extends Exception {
    private static final long serialVersionUID = 1;

    NotMade(String reason) {
      super(reason);
    }
  }

  /**
   * Makes the file.
   *
   * @throws NotMade if FFmpeg has no such combination
   */
  Path make(Path folder) throws IOException, NotMade {
    if (source.equals("mpeg4") && bFrames > 0 && container.equals("wtv")) {
      // WTV drops the header that tells of B pictures: FFmpeg's decoder, which then learns of them
      // too late, gives the first pictures twice and out of order.
      throw new NotMade("FFmpeg alone repeats pictures");
    }
    Path made = folder.resolve("made." + (isEncoded() ? intermediate() : "none"));
    if (isEncoded()) {
      encode(made);
    } else {
      made = Clips.resource("/" + source);
    }
    Path file = folder.resolve("video." + container);
    if (remux.isPresent()) {
      remux.get().copy(made, file);
    } else {
      file = made;
    }
    if (twice && List.of("ts", "vob", "mpg").contains(container)) {
      byte[] once = Files.readAllBytes(file);
      Path doubled = folder.resolve("twice." + container);
      Files.write(doubled, once);
      Files.write(doubled, once, StandardOpenOption.APPEND);
      file = doubled;
    }
    if (!Files.exists(file) || Files.size(file) == 0) {
      throw new NotMade("nothing was written");
    }
    return file;
  }

  private boolean isEncoded() {
    return ENCODERS.contains(source);
  }

  private String intermediate() {
    return remux.isPresent() ? "nut" : container;
  }

  private void encode(Path file) throws NotMade {
    Random random = new Random(new SplittableRandom(~seed).nextLong());
    int[] size = size(random);
    int width = size[0];
    int height = size[1];
    boolean coarse =
        source.startsWith("mpeg1") || source.startsWith("mpeg2") || source.equals("dvvideo");
    VideoWriter.Builder builder =
        VideoWriter.builder(file)
            .size(width, height)
            .encoder(source, pixelFormat())
            .framesPerSecond(coarse ? 25 : 1000.0 / millis)
            .keyframeInterval(gop)
            .bitRate(400_000);
    if (coarse) {
      builder.ticksPerSecond(25);
    } else if (source.equals("gif")) {
      builder.ticksPerSecond(100);
    }
    // FFmpeg's MPEG-4 decoder leaves out B pictures at irregular times, even from the beginning.
    boolean even = timing == Timing.REGULAR && millis <= 100;
    if (bFrames > 0 && (coarse || (source.equals("mpeg4") && even))) {
      builder.bFrames(bFrames);
    }
    if (closed && coarse) {
      builder.encoderFlags(AV_CODEC_FLAG_CLOSED_GOP).encoderOption("sc_threshold", "1000000000");
    }
    // FFmpeg's MPEG-4 decoder drops fields' B pictures as it sees fit, by where it began.
    if (interlaced && source.equals("mpeg2video")) {
      builder.interlaced(random.nextBoolean());
    }
    if (source.equals("dnxhd")) {
      builder.encoderOption("profile", "dnxhr_lb");
    } else if (source.equals("snow")) {
      builder.encoderOption("strict", "experimental");
    } else if (source.equals("libaom-av1")) {
      builder.encoderOption("usage", "realtime").encoderOption("cpu-used", "10");
    }
    if (source.startsWith("libvpx")) {
      builder.encoderOption("deadline", "realtime").encoderOption("cpu-used", "8");
      builder.encoderOption("auto-alt-ref", "1").encoderOption("lag-in-frames", "12");
    }
    try (VideoWriter writer = builder.build()) {
      Duration time = Duration.ZERO;
      for (int i = 0; i < frames; i++) {
        writer.write(picture(width, height, i), time);
        time = time.plus(coarse ? Duration.ofMillis(40L * steps(i, random)) : step(i, random));
      }
    } catch (VideoException | IllegalArgumentException e) {
      throw new NotMade(
          e.getMessage().contains("encod") || e.getMessage().contains("opening")
              ? "the encoder refuses"
              : "the container refuses");
    }
  }

  /** Some formats have few sizes, or are slow; of the others, every third has odd sides. */
  private int[] size(Random random) {
    return switch (source) {
      case "h263", "h263p" -> new int[] {128, 96};
      case "dnxhd" -> new int[] {256, 120};
      case "dvvideo" -> new int[] {720, 576};
      case "cfhd" -> new int[] {96, 64};
      default ->
          random.nextInt(3) == 0
              ? new int[] {17 + random.nextInt(80), 17 + random.nextInt(60)}
              : new int[] {16 * (2 + random.nextInt(3)), 16 * (2 + random.nextInt(2))};
    };
  }

  private int pixelFormat() {
    return switch (source) {
      case "mjpeg" -> AV_PIX_FMT_YUVJ420P;
      case "rawvideo", "flashsv" -> AV_PIX_FMT_BGR24;
      case "gif" -> AV_PIX_FMT_RGB8;
      case "msvideo1" -> AV_PIX_FMT_RGB555LE;
      case "zmbv" -> AV_PIX_FMT_BGR0;
      case "prores_ks", "cfhd" -> AV_PIX_FMT_YUV422P10LE;
      case "dnxhd" -> AV_PIX_FMT_YUV422P;
      case "svq1" -> AV_PIX_FMT_YUV410P;
      case "png", "apng", "huffyuv", "qtrle", "cinepak" -> AV_PIX_FMT_RGB24;
      default -> AV_PIX_FMT_YUV420P;
    };
  }

  private int steps(int i, Random random) {
    return switch (timing) {
      case REGULAR -> 1;
      case IRREGULAR -> 1 + random.nextInt(4);
      case GAP -> i == frames / 2 ? 60 : 1;
      case PAIRS -> i % 2 == 0 ? 1 : 5;
    };
  }

  private Duration step(int i, Random random) {
    return switch (timing) {
      case REGULAR -> Duration.ofMillis(millis);
      case IRREGULAR -> Duration.ofMillis(1L + random.nextInt(9 * millis));
      case GAP -> Duration.ofMillis(i == frames / 2 ? 4000 : millis);
      case PAIRS -> Duration.ofMillis(i % 2 == 0 ? 1 : 3L * millis);
    };
  }

  /** Grey that tells which picture it is, and a block that moves. */
  private ByteBuffer picture(int width, int height, int number) {
    ByteBuffer rgb = ByteBuffer.allocateDirect(3 * width * height);
    int grey = 30 + (int) ((number * 37L + seed % 50) % 180);
    int at = number * 5 % width;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        boolean block = x >= at && x < at + 8 && y < 12;
        rgb.put((byte) (block ? 255 : grey)).put((byte) grey).put((byte) (block ? 0 : y * 3));
      }
    }
    return rgb.flip();
  }
}
