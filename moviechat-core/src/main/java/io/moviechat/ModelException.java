package io.moviechat;

/**
 * A model cannot be found, opened or used as it is. The message lists all that is wrong with it.
 */
public final class ModelException extends MovieChatException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a message that names the thing, what was found and what to do. */
  public ModelException(String message) {
    super(message);
  }

  /** Creates the exception with its cause. */
  public ModelException(String message, Throwable cause) {
    super(message, cause);
  }
}
