package io.moviechat;

/** A video cannot be opened, read or decoded. Another video, or the same one repaired, may work. */
public final class VideoException extends MovieChatException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a message that names the thing, what was found and what to do. */
  public VideoException(String message) {
    super(message);
  }

  /** Creates the exception with its cause. */
  public VideoException(String message, Throwable cause) {
    super(message, cause);
  }
}
