package io.moviechat;

import org.jspecify.annotations.Nullable;

/** A video cannot be opened, read or decoded. Another video, or the same one repaired, may work. */
public final class VideoException extends MovieChatException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a message that names the thing, what was found and what to do. */
  public VideoException(String message) {
    super(message, null, false);
  }

  /** Creates the exception with its cause; as retriable as that is. */
  public VideoException(String message, Throwable cause) {
    super(message, cause, mayPass(cause));
  }

  private VideoException(String message, @Nullable Throwable cause, boolean retriable) {
    super(message, cause, retriable);
  }

  /** One that is {@linkplain #isRetriable() worth another try} a little later. */
  public static VideoException retriable(String message, @Nullable Throwable cause) {
    return new VideoException(message, cause, true);
  }
}
