package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_ERROR;
import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_INFO;
import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_VERBOSE;
import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_WARNING;

import org.bytedeco.ffmpeg.avutil.LogCallback;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.BytePointer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * FFmpeg's log, one level lower than FFmpeg rates it: what it calls an error is damage in a video,
 * which the caller hears of by an exception or by the number of damaged frames.
 *
 * <p>A message names the video whose call is running on this thread; FFmpeg's own decoding threads
 * log without one.
 */
final class FfmpegLog {
  private static final Logger log = LoggerFactory.getLogger("io.moviechat.video.ffmpeg");
  private static final ThreadLocal<@Nullable String> SUBJECT = new ThreadLocal<>();

  /** Held for the life of the JVM: FFmpeg keeps a pointer to it. */
  private static final LogCallback CALLBACK =
      new LogCallback() {
        @Override
        public void call(int level, BytePointer message) {
          try {
            write(level, Secrets.left(message.getString().strip()));
          } catch (Throwable e) {
            // A throwable must not unwind through FFmpeg's C frames, and the log itself failed.
          }
        }
      };

  private FfmpegLog() {}

  static void install() {
    int level = AV_LOG_ERROR;
    if (log.isTraceEnabled()) {
      level = AV_LOG_VERBOSE;
    } else if (log.isDebugEnabled()) {
      level = AV_LOG_WARNING;
    }
    avutil.av_log_set_level(level);
    avutil.setLogCallback(CALLBACK);
  }

  /** Names the video that this thread works on from now; {@code null} for none. */
  static void subject(@Nullable String name) {
    SUBJECT.set(name);
  }

  private static void write(int level, String message) {
    if (message.isEmpty()) {
      return;
    }
    @Nullable String subject = SUBJECT.get();
    String name = subject == null ? "a decoding thread" : subject;
    if (level <= AV_LOG_ERROR) {
      log.info("{}: {}", name, message);
    } else if (level <= AV_LOG_WARNING) {
      log.debug("{}: {}", name, message);
    } else if (level <= AV_LOG_INFO || log.isTraceEnabled()) {
      log.trace("{}: {}", name, message);
    }
  }
}
