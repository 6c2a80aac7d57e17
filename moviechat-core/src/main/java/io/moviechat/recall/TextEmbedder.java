package io.moviechat.recall;

import java.util.List;

/** Turns texts into vectors whose cosine says how near their meanings are. Thread-safe. */
public interface TextEmbedder extends AutoCloseable {
  /** A short name for messages. */
  String name();

  /**
   * Embeds texts.
   *
   * @param texts any number; untrusted
   * @return one vector of length 1 for each text, all of the same width, in their order
   * @throws io.moviechat.InferenceException if the model fails
   * @throws IllegalStateException if closed
   */
  List<float[]> embed(List<String> texts);

  /** Frees everything. Closing twice is fine. */
  @Override
  void close();
}
