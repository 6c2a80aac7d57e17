package io.moviechat;

import static io.moviechat.internal.Checks.require;
import static io.moviechat.internal.Checks.requireOpen;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One picture of a video: packed RGB, 8 bits per channel, rows from top to bottom without padding,
 * so that the red byte of pixel (x, y) is at {@code 3 * (y * width + x)}.
 *
 * <p>A frame may hold a buffer borrowed from its source's pool. Whoever receives a frame closes it;
 * afterwards its pixels must not be read. Frames are handed from thread to thread but not shared.
 */
public final class Frame implements AutoCloseable {
  private static final Runnable NOTHING = () -> {};

  private final Duration timestamp;
  private final int width;
  private final int height;
  private final ByteBuffer rgb;
  private final AtomicReference<@Nullable Runnable> release;

  private Frame(Duration timestamp, int width, int height, ByteBuffer rgb, Runnable release) {
    this.timestamp = Objects.requireNonNull(timestamp, "timestamp");
    require(width >= 1 && height >= 1, "a frame of %d x %d pixels has no picture", width, height);
    long bytes = 3L * width * height;
    require(
        rgb.remaining() == bytes,
        "a frame of %d x %d RGB pixels needs %d bytes, the buffer has %d",
        width,
        height,
        bytes,
        rgb.remaining());
    this.width = width;
    this.height = height;
    this.rgb = rgb.slice();
    this.release = new AtomicReference<>(release);
  }

  /**
   * Wraps pixels without copying them. The buffer must not change while the frame is open.
   *
   * @param timestamp presentation time since the start of the video
   * @param width pixels per row, at least 1
   * @param height rows, at least 1
   * @param rgb {@code 3 * width * height} remaining bytes, direct or not
   * @throws IllegalArgumentException if the buffer's size does not match
   */
  public static Frame of(Duration timestamp, int width, int height, ByteBuffer rgb) {
    return new Frame(timestamp, width, height, rgb, NOTHING);
  }

  /**
   * Like {@link #of(Duration, int, int, ByteBuffer)}, for a buffer that goes back to its owner.
   *
   * @param release run once, by the first {@link #close()}, on the closing thread
   */
  public static Frame of(
      Duration timestamp, int width, int height, ByteBuffer rgb, Runnable release) {
    return new Frame(timestamp, width, height, rgb, release);
  }

  /** Presentation time since the start of the video. */
  public Duration timestamp() {
    return timestamp;
  }

  /** Pixels per row. */
  public int width() {
    return width;
  }

  /** Rows. */
  public int height() {
    return height;
  }

  /**
   * The pixels: a read-only view from position 0, {@code 3 * width * height} bytes.
   *
   * @throws IllegalStateException if this frame is closed
   */
  public ByteBuffer rgb() {
    requireOpen(release.get() != null, "Frame at " + timestamp);
    return rgb.asReadOnlyBuffer();
  }

  /** Gives the pixels back to their owner. Closing twice is fine. */
  @Override
  public void close() {
    @Nullable Runnable action = release.getAndSet(null);
    if (action != null) {
      action.run();
    }
  }

  @Override
  public String toString() {
    return "Frame[" + timestamp + ", " + width + " x " + height + "]";
  }
}
