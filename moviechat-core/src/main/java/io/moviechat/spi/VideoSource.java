package io.moviechat.spi;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.VideoInfo;
import java.time.Duration;
import java.util.Optional;

/**
 * An opened video.
 *
 * <p><b>Time.</b> Every time is presentation time since the start of the video (its first frame is
 * at zero unless the container says otherwise). <b>Threads.</b> One call at a time, not always from
 * the same thread; {@link #close()} may come from another thread and makes a running call end with
 * an {@link IllegalStateException} or {@link VideoException} soon.
 */
public interface VideoSource extends AutoCloseable {
  /** What the container says about the video. */
  VideoInfo info();

  /**
   * Starts a pass over the whole video. Only one stream of a source is open at a time: starting
   * another one ends the earlier.
   *
   * @param sampling which frames
   * @param format in which size
   * @throws VideoException if the sampling needs something that the video lacks (a duration, say)
   */
  FrameStream frames(FrameSampling sampling, FrameFormat format);

  /**
   * Starts a pass over the part {@code [from, to)} of the video; sampling counts from {@code from}.
   * Costs a seek and at most one group of pictures before the first frame.
   *
   * @param from not negative
   * @param to after {@code from}; may lie past the end
   * @throws IllegalArgumentException if the window is empty or negative
   */
  FrameStream frames(Duration from, Duration to, FrameSampling sampling, FrameFormat format);

  /**
   * The frame on screen at a moment: the last one whose timestamp is not after it. A moment before
   * the first frame gives the first, one past the end the last.
   *
   * @param moment not negative
   * @throws VideoException if no frame can be decoded there
   */
  Frame frameAt(Duration moment, FrameFormat format);

  /**
   * The times of the frames that a pass over the whole video would give, where the container tells
   * them without decoding. Damage shows only in decoding, so whoever relies on this looks at the
   * times of the frames that come.
   *
   * @param sampling which frames
   * @return nanoseconds, ascending; empty if they cannot be told, or only at the cost of a pass
   * @throws VideoException if the video cannot be read
   */
  default Optional<long[]> times(FrameSampling sampling) {
    return Optional.empty();
  }

  /** Frees everything. Closing twice is fine. */
  @Override
  void close();
}
