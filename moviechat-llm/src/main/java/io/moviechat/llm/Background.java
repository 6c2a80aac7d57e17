package io.moviechat.llm;

import com.google.common.base.Throwables;
import com.google.common.util.concurrent.Uninterruptibles;
import io.moviechat.internal.ResourceStack;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Something native that is opened on a thread of its own, beside what else is opened. Owns it:
 * closing waits for the opening to end, and closes what came of it.
 */
final class Background<T extends AutoCloseable> implements AutoCloseable {
  private final FutureTask<T> task;

  /**
   * Begins.
   *
   * @param what for the name of the thread
   */
  Background(String what, Callable<T> open) {
    task = new FutureTask<>(open);
    Thread thread = new Thread(task, "moviechat-open-" + what);
    thread.setDaemon(true);
    thread.start();
  }

  /** Waits for the opening and throws what it threw. What is given stays owned by this. */
  T get() {
    try {
      return Objects.requireNonNull(Uninterruptibles.getUninterruptibly(task));
    } catch (ExecutionException e) {
      Throwable cause = Objects.requireNonNull(e.getCause());
      Throwables.throwIfUnchecked(cause);
      throw new IllegalStateException(cause);
    }
  }

  @Override
  public void close() {
    try (ResourceStack opened = new ResourceStack()) {
      opened.push(Objects.requireNonNull(Uninterruptibles.getUninterruptibly(task)));
    } catch (ExecutionException e) {
      // Nothing was opened, and get() tells why.
    }
  }
}
