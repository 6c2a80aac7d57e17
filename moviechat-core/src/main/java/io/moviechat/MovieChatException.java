package io.moviechat;

import org.jspecify.annotations.Nullable;

/**
 * Root of the failures that are not the caller's mistake. A caller's mistake is an {@link
 * IllegalArgumentException} or {@link IllegalStateException}; a cancelled task throws {@link
 * java.util.concurrent.CancellationException}. Some pass by themselves: {@link #isRetriable()}.
 */
public abstract sealed class MovieChatException extends RuntimeException
    permits InferenceException, MemoryFileException, ModelException, VideoException {
  private static final long serialVersionUID = 1L;

  private final boolean retriable;

  MovieChatException(String message, @Nullable Throwable cause, boolean retriable) {
    super(message, cause);
    this.retriable = retriable;
  }

  /**
   * Whether the same call may succeed if it is made again a little later: a server refused the
   * connection, was overloaded, failed, broke off or sent nothing in time. Never where the input,
   * the model or the settings are what is wrong. Who asks servers has tried again already, as often
   * as its settings allow.
   */
  public boolean isRetriable() {
    return retriable;
  }

  /** What was caused by something that may pass may pass itself. */
  static boolean mayPass(Throwable cause) {
    return cause instanceof MovieChatException failure && failure.retriable;
  }
}
