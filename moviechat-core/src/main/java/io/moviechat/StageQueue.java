package io.moviechat;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What one stage hands to the next, bounded. A stage that found it full goes on when half of it is
 * free, not at the first free place: it is the slower stage that wakes it, and to do so for every
 * item costs that stage time. For one thread at each end.
 */
final class StageQueue<T> {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition filled = lock.newCondition();
  private final Condition drained = lock.newCondition();
  private final ArrayDeque<T> items;
  private final int capacity;

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
      filled.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Appends an item if there is room. */
  void offer(T item) {
    lock.lock();
    try {
      if (items.size() < capacity) {
        items.add(item);
        filled.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Takes the first item, waiting for one if there is none; null if none came in time. */
  @Nullable T poll(long millis) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(millis);
      while (items.isEmpty() && left > 0) {
        left = filled.awaitNanos(left);
      }
      @Nullable T item = items.poll();
      if (items.size() <= capacity / 2) {
        drained.signal();
      }
      return item;
    } finally {
      lock.unlock();
    }
  }

  /** Whether a stage waits for room. */
  boolean isAwaited() {
    lock.lock();
    try {
      return lock.hasWaiters(drained);
    } finally {
      lock.unlock();
    }
  }

  /** Takes everything that is left. */
  Collection<T> drain() {
    lock.lock();
    try {
      Collection<T> left = new ArrayDeque<>(items);
      items.clear();
      return left;
    } finally {
      lock.unlock();
    }
  }
}
