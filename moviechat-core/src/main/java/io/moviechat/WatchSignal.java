package io.moviechat;

import io.moviechat.spi.SavedMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** What a watcher may tell the pipeline while it runs, and the pipeline the watcher. */
final class WatchSignal {
  private enum State {
    RUNNING,
    STOPPED,
    CANCELLED
  }

  private volatile State state = State.RUNNING;
  private final Alerts alerts = new Alerts();
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

  Alerts alerts() {
    return alerts;
  }

  void progress(Watching.Progress now) {
    progress = now;
  }

  Watching.Progress progress() {
    return progress;
  }

  private final List<CompletableFuture<Optional<SavedMemory>>> asked = new ArrayList<>();
  private boolean over;

  /** Waits for the pass to say what is in memory; empty if it has ended. */
  Optional<SavedMemory> askMemory() {
    CompletableFuture<Optional<SavedMemory>> answer = new CompletableFuture<>();
    synchronized (asked) {
      if (over) {
        return Optional.empty();
      }
      asked.add(answer);
    }
    return answer.join();
  }

  /** Answers who asks, if anyone does: called by the stage that owns the memory. */
  void tellMemory(Supplier<SavedMemory> memory) {
    List<CompletableFuture<Optional<SavedMemory>>> waiting;
    synchronized (asked) {
      if (asked.isEmpty()) {
        return;
      }
      waiting = List.copyOf(asked);
      asked.clear();
    }
    SavedMemory now = memory.get();
    waiting.forEach(answer -> answer.complete(Optional.of(now)));
  }

  /** The pass has ended: nobody waits any more. */
  void over() {
    List<CompletableFuture<Optional<SavedMemory>>> waiting;
    synchronized (asked) {
      over = true;
      waiting = List.copyOf(asked);
      asked.clear();
    }
    waiting.forEach(answer -> answer.complete(Optional.empty()));
  }
}
