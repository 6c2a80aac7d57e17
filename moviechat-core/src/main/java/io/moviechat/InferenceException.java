package io.moviechat;

/** A model failed on one input. The model stays usable for other inputs. */
public final class InferenceException extends MovieChatException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a message that names the thing, what was found and what to do. */
  public InferenceException(String message) {
    super(message);
  }

  /** Creates the exception with its cause. */
  public InferenceException(String message, Throwable cause) {
    super(message, cause);
  }
}
