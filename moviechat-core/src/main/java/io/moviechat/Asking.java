package io.moviechat;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;

/** A question being answered. Thread-safe. */
public final class Asking {
  private final Task<Answer> task;
  private final AtomicBoolean cancelled;

  Asking(Task<Answer> task, AtomicBoolean cancelled) {
    this.task = task;
    this.cancelled = cancelled;
  }

  /**
   * Ends the answer within one token; {@link #join()} then returns the text so far with {@link
   * FinishReason#CANCELLED}. Does not wait.
   */
  public void cancel() {
    cancelled.set(true);
  }

  /**
   * Waits for the answer.
   *
   * @throws IllegalArgumentException if the prompt does not fit the model's context
   * @throws InferenceException if the model failed
   */
  public Answer join() {
    return task.join();
  }

  /** Whether {@link #join()} would return or throw at once. */
  public boolean isDone() {
    return task.isDone();
  }

  /** Completes with the answer. */
  public CompletionStage<Answer> stage() {
    return task.stage();
  }
}
