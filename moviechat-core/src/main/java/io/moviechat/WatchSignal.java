package io.moviechat;

/** What a watcher may tell the pipeline while it runs, and the pipeline the watcher. */
final class WatchSignal {
  private enum State {
    RUNNING,
    STOPPED,
    CANCELLED
  }

  private volatile State state = State.RUNNING;
  private volatile Watching.Progress progress = Watching.Progress.NONE;

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

  void progress(Watching.Progress now) {
    progress = now;
  }

  Watching.Progress progress() {
    return progress;
  }
}
