package io.moviechat;

import org.jspecify.annotations.Nullable;

/**
 * A model cannot be found, opened or used as it is. The message lists all that is wrong with it.
 */
public final class ModelException extends MovieChatException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a message that names the thing, what was found and what to do. */
  public ModelException(String message) {
    super(message, null, false);
  }

  /** Creates the exception with its cause; as retriable as that is. */
  public ModelException(String message, Throwable cause) {
    super(message, cause, mayPass(cause));
  }

  private ModelException(String message, @Nullable Throwable cause, boolean retriable) {
    super(message, cause, retriable);
  }

  /** One that is {@linkplain #isRetriable() worth another try} a little later. */
  public static ModelException retriable(String message, @Nullable Throwable cause) {
    return new ModelException(message, cause, true);
  }
}
