package io.moviechat.recall;

import io.moviechat.MemorySnapshot;
import io.moviechat.spi.FrameEncoder;
import java.util.Optional;

/**
 * Says how much a question wants each slot of a memory, so that a memory larger than the prompt can
 * be consolidated for the question: what is wanted stays sharp. Thread-safe.
 *
 * <p>What is scored is either the memory of the model's own tokens, or, where {@link #encoder()} is
 * there, the same slots with embeddings of the scorer's own in place of the tokens: each frame that
 * is watched gets one, and they are averaged as the tokens are.
 */
public interface SlotScorer extends AutoCloseable {
  /** A short name of what it looks at, which evidence gives as the reason: "picture", "words". */
  String name();

  /**
   * The encoder of the embeddings that it scores, of shape {@code [1, dim]}; empty if it scores the
   * model's own tokens. Owned by the scorer. Each frame that is encoded for the model is then
   * embedded too ({@link io.moviechat.MemorySlot#embedding()}); a memory that was watched without
   * cannot be scored, which {@link io.moviechat.Answer#recallProblem()} says.
   */
  default Optional<FrameEncoder> encoder() {
    return Optional.empty();
  }

  /**
   * Scores a memory.
   *
   * @param question what is asked, as typed; untrusted
   * @param memory not empty; of the shape of {@link #encoder()}, else of the model's tokens
   * @return one relevance per slot, in [0, 1], in the order of the slots; empty if the question
   *     wants no slot more than another
   * @throws IllegalArgumentException if the memory has another shape than it can score; the message
   *     has both widths
   * @throws io.moviechat.InferenceException if scoring fails
   * @throws IllegalStateException if closed
   */
  Optional<float[]> score(String question, MemorySnapshot memory);

  /**
   * How well each slot fits by itself, of scorers whose {@link #score} compares the slots with each
   * other: a cosine in [-1, 1], which does not depend on the other slots. Frames of a running video
   * are judged by it, against what came before them.
   *
   * @param question what is looked for, as typed; untrusted
   * @param memory as for {@link #score}
   * @return one value per slot; empty, the default, if {@link #score} judges each slot by itself
   * @throws IllegalArgumentException if the memory has another shape than it can score
   * @throws io.moviechat.InferenceException if scoring fails
   * @throws IllegalStateException if closed
   */
  default Optional<float[]> fit(String question, MemorySnapshot memory) {
    return Optional.empty();
  }

  /**
   * A scorer of the times that a question names: "at 12:30", "between 5:00 and 6:00", "in the last
   * minute", "at the end". English. It scores any memory; every chat that recalls asks it too.
   */
  static SlotScorer ofTimes() {
    return new TimeScorer();
  }

  /** Frees everything. Closing twice is fine. */
  @Override
  void close();
}
