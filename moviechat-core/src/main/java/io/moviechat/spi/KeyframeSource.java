package io.moviechat.spi;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import java.time.Duration;
import java.util.Optional;

/** Pictures of a movie by time. Thread-safe. */
@FunctionalInterface
public interface KeyframeSource {
  /** A source without pictures: the movie came from a file of its memory alone. */
  KeyframeSource NONE = (moment, format) -> Optional.empty();

  /**
   * The frame on screen at a moment; empty if the video is not at hand.
   *
   * @return a frame that the caller closes
   * @throws io.moviechat.VideoException if the video is there but cannot be decoded
   */
  Optional<Frame> frameAt(Duration moment, FrameFormat format);
}
