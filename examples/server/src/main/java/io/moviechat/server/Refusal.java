package io.moviechat.server;

import io.moviechat.MovieChatException;
import io.moviechat.VideoException;

/** A request that cannot be carried out, with a message for whoever asked and an HTTP status. */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  static final int BAD_REQUEST = 400;
  static final int FORBIDDEN = 403;
  static final int NOT_FOUND = 404;
  static final int CONFLICT = 409;
  static final int TOO_LARGE = 413;
  static final int NOT_A_VIDEO = 422;
  static final int TOO_MANY = 429;
  static final int UNAVAILABLE = 503;
  static final int DISK_FULL = 507;

  private final int status;

  Refusal(int status, String message) {
    super(message);
    this.status = status;
  }

  Refusal(int status, String message, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  int status() {
    return status;
  }

  /** What a failure is for whoever asked; what is nobody's fault but ours keeps its cause. */
  static Refusal of(Throwable failure) {
    if (failure instanceof Refusal refusal) {
      return refusal;
    }
    String message = String.valueOf(failure.getMessage());
    if (failure instanceof IllegalArgumentException) {
      return new Refusal(BAD_REQUEST, message, failure);
    }
    if (failure instanceof IllegalStateException) {
      return new Refusal(CONFLICT, message, failure);
    }
    if (failure instanceof MovieChatException passing && passing.isRetriable()) {
      return new Refusal(UNAVAILABLE, message, failure);
    }
    if (failure instanceof VideoException) {
      return new Refusal(NOT_A_VIDEO, message, failure);
    }
    if (failure instanceof MovieChatException) {
      return new Refusal(500, message, failure);
    }
    return new Refusal(500, "unexpected failure: " + failure, failure);
  }
}
