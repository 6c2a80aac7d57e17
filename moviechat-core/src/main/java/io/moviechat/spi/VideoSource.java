package io.moviechat.spi;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.VideoInfo;
import io.moviechat.internal.Samplings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * An opened video. A source has four methods to write: {@link #info()}, {@link #frames(Duration,
 * Duration, FrameFormat)}, {@link #at} and {@link #close()}. Every sampling is made of these; what
 * else a source can do or do faster, it says by overriding the methods that have a body.
 *
 * <p><b>Time.</b> Every time is presentation time since the start of the video (its first frame is
 * at zero unless the container says otherwise). A frame is on screen from its timestamp to that of
 * the next. <b>Passes.</b> Only one stream of a source is open at a time: starting another one ends
 * the earlier. <b>Threads.</b> One call at a time, not always from the same thread; {@link
 * #close()} may come from another thread and makes a running call end with an {@link
 * IllegalStateException} or {@link VideoException} soon.
 */
public interface VideoSource extends AutoCloseable {
  /** Behind the end of every video. */
  Duration END = Duration.ofNanos(Long.MAX_VALUE);

  /** What the container says about the video. */
  VideoInfo info();

  /**
   * Starts a pass over every frame whose timestamp lies in {@code [from, to)}.
   *
   * @param from not negative
   * @param to after {@code from}; may lie past the end, as {@link #END} does
   * @param format in which size
   * @throws IllegalArgumentException if the part is empty or negative
   * @throws VideoException if this source cannot begin there
   */
  FrameStream frames(Duration from, Duration to, FrameFormat format);

  /**
   * Starts a pass over the frames on screen at given moments, each frame once. A moment before the
   * first frame gives the first, one past the end the last.
   *
   * @param moments not negative, in order; none give an empty stream
   * @param format in which size
   * @throws VideoException if this source only goes forward from its beginning
   */
  FrameStream at(List<Duration> moments, FrameFormat format);

  /**
   * Starts a pass over key frames: for {@code from} and each multiple of an interval after it the
   * nearest key frame, each once.
   *
   * @param interval zero for every key frame of the part
   * @throws VideoException if this source cannot tell key frames, as most that do not decode
   *     cannot; the message names "key frames"
   */
  default FrameStream keyframes(Duration from, Duration to, Duration interval, FrameFormat format) {
    throw new VideoException(
        info().location() + " does not tell which frames are key frames; sample by interval");
  }

  /**
   * When all frames are shown, if that is known or can be found out at a price.
   *
   * @param worth of how many frames the asker would accept to be decoded for it; for 0 only what
   *     costs no decoding is told
   * @return empty if it is not known, or there are more frames than {@code worth}
   * @throws VideoException if the video cannot be read
   */
  default Optional<Times> times(long worth) {
    return Optional.empty();
  }

  /** How long the video is, as well as it is known by now; empty for what goes on. */
  default Optional<Duration> length() {
    return info().duration();
  }

  /**
   * Starts a pass over the whole video.
   *
   * @param sampling which frames
   * @param format in which size
   * @throws VideoException if the sampling needs something that the video lacks (a length, say)
   */
  default FrameStream frames(FrameSampling sampling, FrameFormat format) {
    return frames(Duration.ZERO, END, sampling, format);
  }

  /**
   * Starts a pass over the part {@code [from, to)} of the video; sampling counts from {@code from}.
   * Who has a faster way for some sampling overrides this and leaves the others to {@code
   * VideoSource.super}.
   *
   * @param from not negative
   * @param to after {@code from}; may lie past the end
   * @throws IllegalArgumentException if the window is empty or negative
   * @throws VideoException if the sampling needs something that the video lacks
   */
  default FrameStream frames(
      Duration from, Duration to, FrameSampling sampling, FrameFormat format) {
    return Samplings.frames(this, from, to, sampling, format);
  }

  /**
   * The frame on screen at a moment: the last one whose timestamp is not after it. A moment before
   * the first frame gives the first, one past the end the last.
   *
   * @param moment not negative
   * @throws VideoException if no frame can be decoded there
   */
  default Frame frameAt(Duration moment, FrameFormat format) {
    return Samplings.frameAt(this, moment, format);
  }

  /** Frees everything. Closing twice is fine. */
  @Override
  void close();

  /** When the frames of a video are shown, in nanoseconds since its start. */
  final class Times {
    private final long[] nanos;
    private final long end;

    private Times(long[] nanos, long end) {
      this.nanos = nanos;
      this.end = end;
    }

    /**
     * @param nanos of every frame, ascending; not copied, and not to be changed any more
     * @param end when the last frame leaves the screen
     */
    public static Times of(long[] nanos, long end) {
      return new Times(nanos, end);
    }

    /** Of every frame, ascending. Not to be changed. */
    public long[] nanos() {
      return nanos;
    }

    /** When the last frame leaves the screen. */
    public long end() {
      return end;
    }
  }
}
