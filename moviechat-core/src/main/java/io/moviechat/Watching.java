package io.moviechat;

import java.util.concurrent.CompletionStage;

/** A movie being watched. Thread-safe. */
public final class Watching {
  private final Task<Movie> task;
  private final WatchSignal signal;

  Watching(Task<Movie> task, WatchSignal signal) {
    this.task = task;
    this.signal = signal;
  }

  /** Gives up: no movie comes of it. Takes effect within one frame; does not wait. */
  public void cancel() {
    signal.cancel();
  }

  /**
   * Ends the pass here: the movie is what has been watched until now. The way to end a live stream.
   * Takes effect within one frame; does not wait.
   */
  public void stop() {
    signal.stop();
  }

  /**
   * Waits for the movie, which the caller closes.
   *
   * @throws java.util.concurrent.CancellationException if it was cancelled
   * @throws VideoException if the video could not be read to its end
   * @throws InferenceException if the encoder failed
   */
  public Movie join() {
    return task.join();
  }

  /** Whether {@link #join()} would return or throw at once. */
  public boolean isDone() {
    return task.isDone();
  }

  /** Completes with the movie, which whoever receives it closes. */
  public CompletionStage<Movie> stage() {
    return task.stage();
  }
}
