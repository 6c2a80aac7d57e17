package io.moviechat.speech;

import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.Optional;

/**
 * The sound of a video: one channel at {@value #SAMPLE_RATE} samples a second, in [-1, 1], in order
 * of time. A video without sound is a source that is at its end at once.
 *
 * <p><b>Time.</b> On the clock of the film's pictures; sound may begin late and have gaps. <b>
 * Threads.</b> One call at a time; {@link #close()} may come from another thread and ends a running
 * read soon, with an {@link IllegalStateException} or {@link io.moviechat.VideoException}.
 */
public interface AudioSource extends AutoCloseable {
  /** Samples a second. */
  int SAMPLE_RATE = 16_000;

  /**
   * Reads on. The samples of one call follow each other without a gap; a short gap in the film is
   * silence, a long one ends the call and the next one begins after it.
   *
   * @param into filled from its position, which moves; must have room
   * @return how many samples, at least one; -1 at the end, and again after that
   * @throws io.moviechat.VideoException if nothing more can be decoded
   * @throws IllegalStateException if closed
   */
  int read(FloatBuffer into);

  /** Time of the first sample that the last read gave; zero before the first read. */
  Duration time();

  /** ISO 639 code of the language, if the container tells. A hint. */
  Optional<String> language();

  /** Frees everything. Closing twice is fine. */
  @Override
  void close();
}
