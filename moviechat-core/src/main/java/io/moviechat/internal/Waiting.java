package io.moviechat.internal;

/** Waiting that an interrupt does not end. */
public final class Waiting {
  private Waiting() {}

  /**
   * Waits until a thread has ended. An interrupt meanwhile is passed on to it, as the wish to end,
   * and kept for the caller.
   */
  public static void join(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
        thread.interrupt();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
