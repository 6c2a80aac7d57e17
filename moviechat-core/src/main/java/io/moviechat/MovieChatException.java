package io.moviechat;

/**
 * Root of the failures that are not the caller's mistake. A caller's mistake is an {@link
 * IllegalArgumentException} or {@link IllegalStateException}; a cancelled task throws {@link
 * java.util.concurrent.CancellationException}.
 */
public abstract class MovieChatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a message that says what was tried, on what, and what to do. */
  protected MovieChatException(String message) {
    super(message);
  }

  /** Creates the exception with its cause. */
  protected MovieChatException(String message, Throwable cause) {
    super(message, cause);
  }
}
