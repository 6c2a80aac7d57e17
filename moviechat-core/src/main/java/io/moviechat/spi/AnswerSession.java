package io.moviechat.spi;

/** Questions about one view of a movie. One question at a time. */
public interface AnswerSession extends AutoCloseable {
  /**
   * Answers one question.
   *
   * @param request the question with its history and options
   * @param listener told each piece of text as soon as it is whole, on the calling thread; what it
   *     throws ends the answer and is thrown on
   * @return the answer; a cancelled or timed-out one is returned too, with the text so far
   * @throws IllegalArgumentException if the prompt does not fit the model's context
   * @throws io.moviechat.InferenceException if the model fails; the session stays usable
   * @throws IllegalStateException if closed
   */
  GeneratedAnswer answer(AnswerRequest request, TokenListener listener);

  /** Frees what the session holds. Closing twice is fine. */
  @Override
  void close();
}
