package io.moviechat;

/**
 * Root of the failures that are not the caller's mistake. A caller's mistake is an {@link
 * IllegalArgumentException} or {@link IllegalStateException}; a cancelled task throws {@link
 * java.util.concurrent.CancellationException}.
 */
public abstract sealed class MovieChatException extends RuntimeException
    permits InferenceException, MemoryFileException, ModelException, VideoException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a message that says what was tried, on what, and what to do. */
  MovieChatException(String message) {
    super(message);
  }

  /** Creates the exception with its cause. */
  MovieChatException(String message, Throwable cause) {
    super(message, cause);
  }
}
