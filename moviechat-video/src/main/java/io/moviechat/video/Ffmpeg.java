package io.moviechat.video;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_HTTP_SERVER_ERROR;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_HTTP_TOO_MANY_REQUESTS;
import static org.bytedeco.ffmpeg.global.avutil.AV_ERROR_MAX_STRING_SIZE;
import static org.bytedeco.ffmpeg.global.avutil.AV_ROUND_DOWN;
import static org.bytedeco.ffmpeg.global.avutil.av_image_get_buffer_size;
import static org.bytedeco.ffmpeg.global.avutil.av_rescale_rnd;

import io.moviechat.VideoException;
import io.moviechat.internal.NativeFailure;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.ffmpeg.global.swresample;
import org.bytedeco.ffmpeg.global.swscale;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/** Loads FFmpeg's libraries and translates its error codes and times. */
final class Ffmpeg {
  /**
   * {@code AV_NOPTS_VALUE}. Written out: reading it loads the library, before this class can say
   * what is missing if there is none.
   */
  static final long NO_TIME = Long.MIN_VALUE;

  private static final int LAST_ERROR_OF_FILES = 34;
  private static final int LAST_ERROR_OF_SYSTEM = 200;
  private static final int ALIGNMENT = 32;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  @SuppressWarnings("StaticAssignmentOfThrowable") // why it failed, told at each use
  private static final @Nullable Throwable LOAD_FAILURE = loadLibraries();

  /** Told of each native step that succeeded: tests let FFmpeg's memory end after any of them. */
  static volatile Runnable afterStep = () -> {};

  private Ffmpeg() {}

  private static @Nullable Throwable loadLibraries() {
    try {
      Loader.load(avutil.class);
      Loader.load(avcodec.class);
      Loader.load(avformat.class);
      Loader.load(swscale.class);
      Loader.load(swresample.class);
      FfmpegLog.install();
      return null;
    } catch (LinkageError | RuntimeException e) {
      return e;
    }
  }

  /**
   * Makes sure that the libraries are there.
   *
   * @throws VideoException saying which dependency is missing
   */
  static void load() {
    if (LOAD_FAILURE != null) {
      throw new VideoException(
          NativeFailure.explain(
              "FFmpeg", Loader.Detector.getPlatform(), NativeFailure.javaCppFolder(), LOAD_FAILURE),
          LOAD_FAILURE);
    }
  }

  /** Bytes of a picture of that format and size. */
  static long bytesOfPicture(int format, int width, int height) {
    int bytes = av_image_get_buffer_size(format, width, height, ALIGNMENT);
    // An unknown format: eight bytes for a pixel are more than any usual one has.
    return bytes > 0 ? bytes : Math.max(1, 8L * width * height);
  }

  /**
   * What FFmpeg has allocated.
   *
   * @throws OutOfMemoryError if it has not
   */
  static <P extends Pointer> P allocated(@Nullable P pointer) {
    if (pointer == null || pointer.isNull()) {
      throw new OutOfMemoryError("FFmpeg could not allocate native memory");
    }
    afterStep.run();
    return pointer;
  }

  /**
   * Whether an address that could not be opened may be opened a little later: the server said so,
   * or the network failed. The system's numbers of what a network does (refused, reset, timed out,
   * unreachable) lie above those that files and devices share on every platform, and FFmpeg's own
   * far below; unknown hosts and broken encryption are a plain I/O error and not told apart.
   */
  static boolean mayPass(int code) {
    return code == AVERROR_HTTP_SERVER_ERROR()
        || code == AVERROR_HTTP_TOO_MANY_REQUESTS()
        || (code < -LAST_ERROR_OF_FILES && code > -LAST_ERROR_OF_SYSTEM);
  }

  /** FFmpeg's own words for an error code. */
  static String errorText(int code) {
    byte[] text = new byte[AV_ERROR_MAX_STRING_SIZE];
    avutil.av_strerror(code, text, text.length);
    int length = 0;
    while (length < text.length && text[length] != 0) {
      length++;
    }
    return new String(text, 0, length, UTF_8);
  }

  /**
   * Ticks of a time base in nanoseconds, rounded down. The one place where pts become times, so
   * that the same pts is the same time everywhere.
   */
  static long nanos(long ticks, int numerator, int denominator) {
    return av_rescale_rnd(ticks, NANOS_PER_SECOND * numerator, denominator, AV_ROUND_DOWN);
  }

  /** The last tick whose time is not after {@code nanos}. */
  static long ticks(long nanos, int numerator, int denominator) {
    long ticks =
        av_rescale_rnd(nanos + 1, denominator, NANOS_PER_SECOND * numerator, AV_ROUND_DOWN);
    return nanos(ticks, numerator, denominator) > nanos ? ticks - 1 : ticks;
  }

  static double toDouble(AVRational rational) {
    return rational.den() == 0 ? 0 : (double) rational.num() / rational.den();
  }
}
