package io.moviechat.llm.remote;

import io.moviechat.FinishReason;
import java.time.Duration;
import java.util.Optional;

/** How one attempt at an answer ended, unless it failed for good. */
sealed interface Outcome {
  /** There is an answer, or the asker wants none any more. */
  record Finished(FinishReason reason) implements Outcome {}

  /**
   * Nothing came, and another attempt may help.
   *
   * @param why what went wrong
   * @param pause how long the server wants us to wait
   */
  record Failed(String why, Optional<Duration> pause) implements Outcome {}

  /**
   * The server does not take this request.
   *
   * @param status HTTP's
   * @param body what the server said
   */
  record Refused(int status, String body) implements Outcome {}
}
