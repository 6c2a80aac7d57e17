package io.moviechat;

import io.moviechat.internal.Checks;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * Keeps a model open as long as something uses it: held shared by whatever does, alone by whoever
 * closes the model. Nobody waits to use it: from the moment that it is to be closed, they are
 * refused, so that work which waits for other work of the same model cannot wait for ever.
 */
final class ModelLease {
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private volatile boolean closed;

  /**
   * Uses the model.
   *
   * @throws IllegalStateException if it is closed
   */
  <T> T use(Supplier<T> work) {
    // The untimed tryLock passes by a closer who waits, and fails only while one closes.
    if (!lock.readLock().tryLock()) {
      throw refused();
    }
    try {
      requireOpen();
      return work.get();
    } finally {
      lock.readLock().unlock();
    }
  }

  /**
   * @throws IllegalStateException if the model is closed
   */
  void requireOpen() {
    Checks.requireOpen(!closed, "MovieChat");
  }

  private static IllegalStateException refused() {
    return new IllegalStateException("MovieChat is closed");
  }

  boolean isClosed() {
    return closed;
  }

  /**
   * Whether this thread is inside {@link #use}, so that waiting for all users would be for ever.
   */
  boolean isHeldByThisThread() {
    return lock.getReadHoldCount() > 0;
  }

  /** Refuses new users from now on. */
  void close() {
    closed = true;
  }

  /** Waits until nobody uses the model, and does something before anybody could. */
  void whenUnused(Runnable work) {
    lock.writeLock().lock();
    try {
      work.run();
    } finally {
      lock.writeLock().unlock();
    }
  }
}
