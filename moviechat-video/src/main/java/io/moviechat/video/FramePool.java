package io.moviechat.video;

import io.moviechat.Frame;
import io.moviechat.internal.Nanos;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Buffers of frames, used again when a frame is closed. Bounded: who keeps too many frames open
 * waits. The buffers are ordinary direct buffers, so a frame that is never closed costs its place
 * here and no native memory.
 */
final class FramePool {
  private static final long MAX_BYTES = 512L << 20;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition returned = lock.newCondition();
  private final ArrayDeque<Buffer> free = new ArrayDeque<>();
  private final String name;
  private final long timeoutNanos;
  private int open;
  private boolean closed;

  /**
   * @param name whose frames, for messages
   */
  FramePool(String name, Duration timeout) {
    this.name = name;
    this.timeoutNanos = Nanos.saturated(timeout);
  }

  /** Room for the pixels of one frame. */
  static final class Buffer {
    private final ByteBuffer bytes;

    private Buffer(int capacity) {
      this.bytes = ByteBuffer.allocateDirect(capacity);
    }

    ByteBuffer bytes() {
      return bytes;
    }
  }

  /**
   * A buffer of at least so many bytes.
   *
   * @throws IllegalStateException if too many frames stay open, or the pool is closed
   */
  Buffer take(int bytes) {
    int limit = (int) Math.max(8, Math.min(512, MAX_BYTES / bytes));
    lock.lock();
    try {
      long left = timeoutNanos;
      while (!closed && open >= limit) {
        if (left <= 0) {
          throw new IllegalStateException(
              String.format(
                  "%d frames of %s are open and none was closed in time; close frames before asking"
                      + " for more",
                  open, name));
        }
        left = returned.awaitNanos(left);
      }
      if (closed) {
        throw new IllegalStateException(name + " is closed");
      }
      open++;
      while (!free.isEmpty()) {
        Buffer buffer = free.pop();
        if (buffer.bytes.capacity() == bytes) {
          return buffer;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a frame to be closed", e);
    } finally {
      lock.unlock();
    }
    boolean allocated = false;
    try {
      Buffer buffer = new Buffer(bytes);
      allocated = true;
      return buffer;
    } finally {
      if (!allocated) {
        giveBackPlace();
      }
    }
  }

  /** There is no memory for another buffer now: its place is free for one that comes back. */
  private void giveBackPlace() {
    lock.lock();
    try {
      open--;
      returned.signal();
    } finally {
      lock.unlock();
    }
  }

  /** A frame over the start of a buffer, which comes back when the frame is closed. */
  Frame frame(Buffer buffer, long nanos, int width, int height) {
    ByteBuffer pixels = buffer.bytes.duplicate();
    pixels.clear().limit(3 * width * height);
    return Frame.of(Duration.ofNanos(nanos), width, height, pixels, () -> giveBack(buffer));
  }

  void giveBack(Buffer buffer) {
    lock.lock();
    try {
      open--;
      if (!closed) {
        free.push(buffer);
        returned.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Wakes whoever waits. Open frames stay valid. */
  void close() {
    lock.lock();
    try {
      closed = true;
      free.clear();
      returned.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
