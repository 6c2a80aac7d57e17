package io.moviechat.server;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What happens when the process is told to end. */
final class Signals {
  private static final long GRACE_SECONDS = 20;

  private Signals() {}

  /**
   * Runs something when the process is told to end, which then waits until all is closed.
   *
   * @return to be run when all is closed
   */
  static Runnable onEnd(Runnable told) {
    CountDownLatch closed = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  told.run();
                  try {
                    // Not for the main thread: that one waits for this hook in System.exit.
                    closed.await(GRACE_SECONDS, TimeUnit.SECONDS);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                },
                "moviechat-end"));
    return closed::countDown;
  }
}
