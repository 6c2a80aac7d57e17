package io.moviechat;

/** A saved memory cannot be written, read or trusted. Nothing already stored is lost. */
public final class MemoryFileException extends MovieChatException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a message that names the thing, what was found and what to do. */
  public MemoryFileException(String message) {
    super(message, null, false);
  }

  /** Creates the exception with its cause. */
  public MemoryFileException(String message, Throwable cause) {
    super(message, cause, false);
  }
}
