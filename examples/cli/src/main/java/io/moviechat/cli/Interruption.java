package io.moviechat.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Ends what is running when the process is asked to end (Ctrl-C, SIGTERM) and waits until it has
 * closed what it had opened. Thread-safe.
 */
final class Interruption {
  /**
   * A frame or a token of a large model may take a while, a user's patience does not last longer.
   */
  private static final long PATIENCE_SECONDS = 20;

  private final CountDownLatch finished = new CountDownLatch(1);
  private @Nullable Runnable cancel;
  private boolean requested;

  /** Makes the process's end wait for {@link #finished()}. */
  void install() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::request, "moviechat-shutdown"));
  }

  /** The program is through: nothing is open any more. */
  void finished() {
    finished.countDown();
  }

  /** Whether the process is ending. */
  synchronized boolean requested() {
    return requested;
  }

  /**
   * Waits for something that another thread can cancel.
   *
   * @param canceller ends it soon; may be called more than once
   */
  <T> T during(Runnable canceller, Supplier<T> work) {
    synchronized (this) {
      cancel = canceller;
      if (requested) {
        canceller.run();
      }
    }
    try {
      return work.get();
    } finally {
      synchronized (this) {
        cancel = null;
      }
    }
  }

  void request() {
    synchronized (this) {
      requested = true;
      if (cancel != null) {
        cancel.run();
      }
    }
    try {
      // Past that the process just ends, and the operating system takes everything back.
      boolean unused = finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
