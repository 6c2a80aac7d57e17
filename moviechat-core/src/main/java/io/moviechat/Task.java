package io.moviechat;

import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** Work on another thread that can be waited for; what the public handles share. */
final class Task<T> {
  private final CompletableFuture<T> result = new CompletableFuture<>();

  private Task() {}

  static <T> Task<T> start(Executor executor, Callable<T> work) {
    Task<T> task = new Task<>();
    executor.execute(
        () -> {
          try {
            task.result.complete(work.call());
          } catch (Throwable failure) { // handed to whoever waits
            task.result.completeExceptionally(failure);
          }
        });
    return task;
  }

  T join() {
    try {
      return result.join();
    } catch (CompletionException e) {
      // CancellationException arrives unwrapped, everything else as the cause.
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw e;
    } catch (CancellationException e) {
      CancellationException here = new CancellationException(e.getMessage());
      here.initCause(e);
      throw here;
    }
  }

  CompletionStage<T> stage() {
    return result.minimalCompletionStage();
  }

  boolean isDone() {
    return result.isDone();
  }
}
