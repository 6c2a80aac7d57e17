package io.moviechat.server;

/** What happens when the process is told to end. */
final class Signals {
  private static final long GRACE_MILLIS = 20_000;

  private Signals() {}

  /**
   * Runs something when the process is told to end, then gives the calling thread, which will have
   * been told by it, time to end on its own.
   */
  static void onEnd(Runnable told) {
    Thread main = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  told.run();
                  try {
                    main.join(GRACE_MILLIS);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                },
                "moviechat-end"));
  }
}
