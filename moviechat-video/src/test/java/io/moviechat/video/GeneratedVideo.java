package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_CLOSED_GOP;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_BGR24;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB8;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
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
          "ffv1",
          "mjpeg",
          "flv",
          "h263p",
          "msmpeg4v2",
          "wmv2",
          "png",
          "rawvideo",
          "prores_ks",
          "huffyuv",
          "gif",
          "qtrle");

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

  static final List<String> CONTAINERS =
      List.of(
          "mp4", "mov", "mkv", "avi", "ts", "vob", "nut", "flv", "webm", "gif", "m4v", "h264",
          "hevc", "m2v", "asf", "3gp", "mpg");

  enum Timing {
    REGULAR,
    /** Up to nine times as long, at random. */
    IRREGULAR,
    /** Regular, with one long gap. */
    GAP,
    /** Two pictures in quick succession, then a pause. */
    PAIRS
  }

  /**
   * Makes the file.
   *
   * @return empty if FFmpeg has no such combination
   */
  Optional<Path> make(Path folder) throws IOException {
    Path made = folder.resolve("made." + (isEncoded() ? intermediate() : "none"));
    if (isEncoded()) {
      if (!encode(made)) {
        return Optional.empty();
      }
    } else {
      made = Clips.resource("/" + source);
    }
    Path file = folder.resolve("video." + container);
    if (remux.isPresent()) {
      if (!remux.get().copy(made, file)) {
        return Optional.empty();
      }
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
    return Files.exists(file) && Files.size(file) > 0 ? Optional.of(file) : Optional.empty();
  }

  private boolean isEncoded() {
    return ENCODERS.contains(source);
  }

  private String intermediate() {
    return remux.isPresent() ? "nut" : container;
  }

  private boolean encode(Path file) {
    Random random = new Random(seed);
    int width = 16 * (2 + random.nextInt(3));
    int height = 16 * (2 + random.nextInt(2));
    boolean coarse = source.startsWith("mpeg1") || source.startsWith("mpeg2");
    VideoWriter.Builder builder =
        VideoWriter.builder(file)
            .size(source.equals("h263p") ? 128 : width, source.equals("h263p") ? 96 : height)
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
    if (source.startsWith("libvpx")) {
      builder.encoderOption("deadline", "realtime").encoderOption("cpu-used", "8");
      builder.encoderOption("auto-alt-ref", "1").encoderOption("lag-in-frames", "12");
    }
    try (VideoWriter writer = builder.build()) {
      Duration time = Duration.ZERO;
      for (int i = 0; i < frames; i++) {
        boolean h263 = source.equals("h263p");
        writer.write(picture(h263 ? 128 : width, h263 ? 96 : height, i), time);
        time = time.plus(coarse ? Duration.ofMillis(40L * steps(i, random)) : step(i, random));
      }
      return true;
    } catch (VideoException | IllegalArgumentException e) {
      return false; // no such combination
    }
  }

  private int pixelFormat() {
    return switch (source) {
      case "mjpeg" -> AV_PIX_FMT_YUVJ420P;
      case "png" -> AV_PIX_FMT_RGB24;
      case "rawvideo" -> AV_PIX_FMT_BGR24;
      case "gif" -> AV_PIX_FMT_RGB8;
      case "prores_ks" -> AV_PIX_FMT_YUV422P10LE;
      case "huffyuv", "qtrle" -> AV_PIX_FMT_RGB24;
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
