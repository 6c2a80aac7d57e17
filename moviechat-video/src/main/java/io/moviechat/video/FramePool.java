package io.moviechat.video;

import io.moviechat.Frame;
import io.moviechat.internal.Nanos;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Buffers of frames, used again when a frame is closed. Frames are bounded: who keeps too many open
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

  /** Room for the pixels of one frame, and which frame they are of. */
  static final class Buffer {
    private final ByteBuffer bytes;
    private long nanos;
    private int width;
    private int height;

    private Buffer(int capacity) {
      this.bytes = ByteBuffer.allocateDirect(capacity);
    }

    ByteBuffer bytes() {
      return bytes;
    }

    /** Says which frame the pixels are of. */
    void is(long time, int pixelsWide, int pixelsHigh) {
      nanos = time;
      width = pixelsWide;
      height = pixelsHigh;
    }

    long time() {
      return nanos;
    }

    /** Whether these are the same pixels at the same time. */
    boolean isSameAs(Buffer other) {
      return nanos == other.nanos
          && width == other.width
          && height == other.height
          && bytes.equals(other.bytes);
    }
  }

  /**
   * A buffer of so many bytes, to become a {@linkplain #frame frame} or to be {@linkplain #drop
   * given back}.
   *
   * @throws IllegalStateException if the pool is closed
   */
  Buffer take(int bytes) {
    lock.lock();
    try {
      requireOpen();
      while (!free.isEmpty()) {
        Buffer buffer = free.pop();
        if (buffer.bytes.capacity() == bytes) {
          return buffer;
        }
      }
    } finally {
      lock.unlock();
    }
    return new Buffer(bytes);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException(name + " is closed");
    }
  }

  /**
   * The frame in a buffer, which comes back when the frame is closed, or at once if this fails.
   *
   * @throws IllegalStateException if too many frames stay open, or the pool is closed
   */
  Frame frame(Buffer buffer) {
    boolean opened = false;
    try {
      waitForPlace((int) Math.max(8, Math.min(512, MAX_BYTES / buffer.bytes.capacity())));
      opened = true;
    } finally {
      if (!opened) {
        drop(buffer);
      }
    }
    return Frame.of(
        Duration.ofNanos(buffer.nanos),
        buffer.width,
        buffer.height,
        buffer.bytes.duplicate().clear(),
        () -> close(buffer));
  }

  private void waitForPlace(int limit) {
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
      requireOpen();
      open++;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a frame to be closed", e);
    } finally {
      lock.unlock();
    }
  }

  private void close(Buffer buffer) {
    lock.lock();
    try {
      open--;
      drop(buffer);
      returned.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Gives back a buffer that became no frame. */
  void drop(Buffer buffer) {
    lock.lock();
    try {
      if (!closed) {
        free.push(buffer);
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
