package io.moviechat;

/** What a watcher may tell the pipeline while it runs. */
final class WatchSignal {
  private enum State {
    RUNNING,
    STOPPED,
    CANCELLED
  }

  private volatile State state = State.RUNNING;

  synchronized void cancel() {
    state = State.CANCELLED;
  }

  synchronized void stop() {
    if (state == State.RUNNING) {
      state = State.STOPPED;
    }
  }

  boolean isCancelled() {
    return state == State.CANCELLED;
  }

  /** Whether decoding should end, for whatever reason. */
  boolean isEnded() {
    return state != State.RUNNING;
  }
}
