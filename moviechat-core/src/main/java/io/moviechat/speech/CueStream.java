package io.moviechat.speech;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Cues as they are recognized, in order of time; no cue begins before the one before it, or after
 * the sound ends. One call at a time; an interrupt of the calling thread ends it with a {@link
 * java.util.concurrent.CancellationException}.
 */
public interface CueStream extends AutoCloseable {
  /**
   * Listens to the next window.
   *
   * @return its cues, none if nothing is said in it; empty at the end, and again after that
   * @throws io.moviechat.VideoException if the sound cannot be read
   * @throws io.moviechat.InferenceException if recognition fails
   * @throws IllegalStateException if closed
   */
  Optional<List<Cue>> next();

  /**
   * Up to where all was heard. Sound opened from here on, in the language of {@link #language()},
   * gives the cues that would have come.
   */
  Duration heard();

  /** ISO 639 code of the language; empty before it is known. */
  Optional<String> language();

  /** Ends listening. The sound stays open. Closing twice is fine. */
  @Override
  void close();
}
