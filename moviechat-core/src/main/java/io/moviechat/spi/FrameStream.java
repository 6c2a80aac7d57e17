package io.moviechat.spi;

import io.moviechat.Frame;
import io.moviechat.VideoException;
import java.util.Optional;

/**
 * Frames of one pass, in presentation order, timestamps strictly increasing.
 *
 * <p>Ownership: each frame belongs to the caller, who closes it. A stream may wait for a frame to
 * be closed when too many are open. One call at a time.
 */
public interface FrameStream extends AutoCloseable {
  /**
   * The next frame, or empty at the end, and again after that.
   *
   * @throws VideoException if nothing more can be decoded
   * @throws IllegalStateException if closed
   */
  Optional<Frame> next();

  /** Frames that were damaged and left out so far. */
  long damagedFrames();

  /** Ends the pass. Frames already given stay valid until they are closed. Twice is fine. */
  @Override
  void close();
}
