package io.moviechat;

import org.jspecify.annotations.Nullable;

/** A model failed on one input. The model stays usable for other inputs. */
public final class InferenceException extends MovieChatException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a message that names the thing, what was found and what to do. */
  public InferenceException(String message) {
    super(message, null, false);
  }

  /** Creates the exception with its cause; as retriable as that is. */
  public InferenceException(String message, Throwable cause) {
    super(message, cause, mayPass(cause));
  }

  private InferenceException(String message, @Nullable Throwable cause, boolean retriable) {
    super(message, cause, retriable);
  }

  /** One that is {@linkplain #isRetriable() worth another try} a little later. */
  public static InferenceException retriable(String message, @Nullable Throwable cause) {
    return new InferenceException(message, cause, true);
  }
}
