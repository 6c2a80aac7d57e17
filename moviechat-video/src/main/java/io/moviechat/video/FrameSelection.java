package io.moviechat.video;

import org.bytedeco.ffmpeg.avutil.AVFrame;

/** Picks the pictures of one pass. */
interface FrameSelection extends AutoCloseable {
  /**
   * Goes to the next picture of the pass; times go forward strictly.
   *
   * @return false at the end
   */
  boolean next();

  /** The picture gone to, borrowed until the next call. */
  AVFrame picture();

  /** Its time in nanoseconds. */
  long time();

  /** Pictures left out because of damage. */
  long damaged();

  @Override
  default void close() {}
}
