package io.moviechat.spi;

import io.moviechat.TokenListener;

/**
 * Questions about one view of a movie, each with the turns that went before it, which need not be
 * questions to this session. One question at a time.
 */
public interface AnswerSession extends AutoCloseable {
  /**
   * Answers one question. {@link AnswerRequest#cancelled()} is asked before each token, on the
   * calling thread, and also says that the thread was interrupted; who waits for something in an
   * answer hears {@link InterruptedException} at once, ends the answer as cancelled and sets the
   * interrupt again.
   *
   * @param request the question with its history and options
   * @param listener told each piece of text as soon as it is whole, on the calling thread; what it
   *     throws ends the answer and is thrown on
   * @return the answer; a cancelled or timed-out one is returned too, with the text so far
   * @throws ContextExceededException if the prompt does not fit the model's context, before
   *     anything was told to the listener; with fewer turns it may fit
   * @throws io.moviechat.InferenceException if the model fails; the session stays usable
   * @throws IllegalStateException if closed
   */
  GeneratedAnswer answer(AnswerRequest request, TokenListener listener);

  /** Frees what the session holds. Closing twice is fine. */
  @Override
  void close();

  /**
   * A prompt does not fit the model's context. Whoever asks in a conversation leaves out the oldest
   * turn and tries again.
   */
  final class ContextExceededException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message how many tokens the prompt has, how many fit, and what to do
     */
    public ContextExceededException(String message) {
      super(message);
    }
  }
}
