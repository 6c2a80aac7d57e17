package io.moviechat.video;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOInterruptCB;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * Tells FFmpeg to give up: when a video is closed while a call is running, and when reading makes
 * no progress for too long.
 *
 * <p>JavaCPP has few slots for native function pointers, so one callback serves all videos; the
 * opaque pointer that FFmpeg hands back is the video's number, never an address.
 */
final class Watchdog implements AutoCloseable {
  private static final ConcurrentHashMap<Long, Watchdog> ALL = new ConcurrentHashMap<>();
  private static final AtomicLong NUMBERS = new AtomicLong(1);
  private static final AVIOInterruptCB.Callback_Pointer CALLBACK =
      new AVIOInterruptCB.Callback_Pointer() {
        @Override
        public int call(Pointer number) {
          @Nullable Watchdog watchdog = ALL.get(number.address());
          return watchdog == null || watchdog.shouldStop() ? 1 : 0;
        }
      };

  private final long number = NUMBERS.getAndIncrement();
  private final long timeoutNanos;
  private final @Nullable Watchdog parent;
  private volatile long deadline;
  private volatile boolean stopped;

  Watchdog(long timeoutNanos) {
    this(timeoutNanos, null);
  }

  /**
   * @param parent whose stop stops this one too
   */
  private Watchdog(long timeoutNanos, @Nullable Watchdog parent) {
    this.timeoutNanos = timeoutNanos;
    this.parent = parent;
    progress();
    ALL.put(number, this);
  }

  /** A pointer that carries a number. */
  static final class Handle extends Pointer {
    Handle(long number) {
      address = number;
    }
  }

  /** One with a deadline and a stop of its own, which also stops when this one does. */
  Watchdog child() {
    return new Watchdog(timeoutNanos, this);
  }

  void guard(AVFormatContext format) {
    format.interrupt_callback().callback(CALLBACK).opaque(new Handle(number));
  }

  /** Reading went on: the time until the next progress starts now. */
  void progress() {
    deadline = System.nanoTime() + timeoutNanos;
  }

  /** Makes every call that is running or comes later end soon. */
  void stop() {
    stopped = true;
  }

  boolean isStopped() {
    return stopped || (parent != null && parent.isStopped());
  }

  boolean shouldStop() {
    return isStopped() || System.nanoTime() - deadline > 0;
  }

  @Override
  public void close() {
    stopped = true;
    ALL.remove(number);
  }
}
