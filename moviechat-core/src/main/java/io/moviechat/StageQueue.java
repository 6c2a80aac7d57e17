package io.moviechat;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What one stage hands to the next, bounded. To wake a stage costs the one that wakes it some
 * microseconds, so neither is woken for each item: a stage that found it full goes on when half of
 * it is free, and one that found too little when there is as much as it wants. For one thread at
 * each end.
 */
final class StageQueue<T> {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition filled = lock.newCondition();
  private final Condition drained = lock.newCondition();
  private final ArrayDeque<T> items;
  private final int capacity;
  private int wanted;
  private volatile boolean ended;

  /** Of the stage that takes: what it has taken together and not yet one by one. */
  private final ArrayDeque<T> taken = new ArrayDeque<>();

  /**
   * @param capacity 1 or more
   */
  StageQueue(int capacity) {
    this.capacity = capacity;
    this.items = new ArrayDeque<>(capacity);
  }

  /**
   * Appends an item, waiting for room if there is none.
   *
   * @return false if there was none in time
   */
  boolean offer(T item, long millis) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(millis);
      for (boolean full = items.size() == capacity; full; full = items.size() > capacity / 2) {
        if (left <= 0) {
          return false;
        }
        left = drained.awaitNanos(left);
      }
      items.add(item);
      if (items.size() >= wanted) {
        filled.signal();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Nothing more will come: nobody waits for it any longer. */
  void end() {
    lock.lock();
    try {
      ended = true;
      filled.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Whether nothing more will come. What came before may still be there. */
  boolean isEnded() {
    return ended;
  }

  /**
   * Takes the first item; null if none came in time.
   *
   * @param most how many are taken together when none are left of those before, and waited for as
   *     far as half of the queue holds so many; at least 1
   */
  @Nullable T poll(int most, long millis) throws InterruptedException {
    if (taken.isEmpty()) {
      take(most, millis);
    }
    return taken.poll();
  }

  private void take(int most, long millis) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      // No more than half: else both stages could wait, one for more and one for room.
      wanted = Math.min(most, Math.max(1, capacity / 2));
      long left = TimeUnit.MILLISECONDS.toNanos(millis);
      while (items.size() < wanted && !ended && left > 0) {
        left = filled.awaitNanos(left);
      }
      for (int i = Math.min(most, items.size()); i > 0; i--) {
        taken.add(items.remove());
      }
      if (items.size() <= capacity / 2) {
        drained.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether a stage waits, for room or for items. */
  boolean isAwaited() {
    lock.lock();
    try {
      return lock.hasWaiters(drained) || lock.hasWaiters(filled);
    } finally {
      lock.unlock();
    }
  }

  /** Takes everything that is left, when the stages have ended. */
  Collection<T> drain() {
    lock.lock();
    try {
      Collection<T> left = new ArrayDeque<>(taken);
      left.addAll(items);
      taken.clear();
      items.clear();
      return left;
    } finally {
      lock.unlock();
    }
  }
}
