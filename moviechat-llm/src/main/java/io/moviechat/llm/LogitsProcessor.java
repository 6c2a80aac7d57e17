package io.moviechat.llm;

import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * Changes the scores of the next token before one is chosen: bans words, forces a grammar, and so
 * on. Called on the answering thread, once per token, before the options of {@link
 * io.moviechat.GenerationOptions} are applied. Thread-safe if several questions are asked at once.
 */
@FunctionalInterface
public interface LogitsProcessor {
  /**
   * Changes scores in place.
   *
   * @param generated ids of the answer so far, read-only
   * @param logits one score per id of the vocabulary; negative infinity bans a token
   */
  void process(IntBuffer generated, FloatBuffer logits);
}
