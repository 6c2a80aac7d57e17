package io.moviechat.memory;

import io.moviechat.FrameTokens;

/**
 * How well a frame fits the question, for question-aware consolidation ({@link
 * MemoryStrategies#plus}). Deterministic: the same frame always scores the same.
 */
@FunctionalInterface
public interface FrameScorer {
  /**
   * Scores a frame.
   *
   * @param frame borrowed until the call returns; not to be closed
   * @return the score, the higher the better the frame fits; MovieChat+ draws the line at 0.25
   */
  double score(FrameTokens frame);
}
