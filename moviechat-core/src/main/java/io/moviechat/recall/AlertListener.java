package io.moviechat.recall;

import java.time.Duration;

/**
 * Hears of what was asked for while a video is being watched. Called on the thread that watches,
 * between two batches; what takes long is better handed on. A {@link
 * java.util.concurrent.CancellationException} cancels the pass; whatever else it throws is logged,
 * and its alert is over.
 */
@FunctionalInterface
public interface AlertListener {
  /** It is there now. */
  void found(Alert alert);

  /**
   * It is gone again, or watching has ended.
   *
   * @param alert with the frame that fitted best
   * @param end time of the last frame that still fitted
   */
  default void ended(Alert alert, Duration end) {}

  /**
   * Nobody looks for it any more: a scorer failed, or none knows anything that the query names.
   * Watching goes on.
   */
  default void failed(String query, RuntimeException failure) {}
}
