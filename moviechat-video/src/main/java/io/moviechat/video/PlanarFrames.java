package io.moviechat.video;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A pass over a video that writes normalised floats straight into a buffer of the caller, as vision
 * models take them: shape [3, height, width], red, green, blue. The values are those of the packed
 * frames of the same pass, to the bit.
 *
 * <pre>{@code
 * FloatBuffer batch = ByteBuffer.allocateDirect(8 * 3 * 384 * 384 * 4)
 *     .order(ByteOrder.nativeOrder()).asFloatBuffer();
 * FrameFormat format = FrameFormat.stretch(384, 384, Resampling.BICUBIC);
 * try (PlanarFrames frames =
 *     PlanarFrames.of(video, FrameSampling.everyFrame(), format, Normalization.SIGNED)) {
 *   while (batch.hasRemaining() && frames.next(batch)) {
 *     times.add(frames.timestamp());
 *   }
 * }
 * }</pre>
 *
 * <p>It is the one pass of its video: starting another ends this one. One call at a time.
 */
public final class PlanarFrames implements AutoCloseable {
  private final FrameStream pass;
  private final float[][] tables;
  private final int floats;
  private final byte[] row;
  private final float[][] planes;
  private @Nullable Duration time;

  private PlanarFrames(FrameStream pass, FrameFormat format, float[][] tables) {
    this.pass = pass;
    this.tables = tables;
    this.floats = 3 * format.width() * format.height();
    this.row = new byte[3 * format.width()];
    this.planes = new float[3][format.width()];
  }

  /**
   * Starts a pass.
   *
   * @param video stays the caller's
   * @param format of a fixed size: {@link FrameFormat.Fit#STRETCH}, {@link
   *     FrameFormat.Fit#COVER_AND_CROP} or {@link FrameFormat.Fit#PAD}, whose border becomes what a
   *     black byte becomes
   * @throws IllegalArgumentException if the size is not fixed
   */
  public static PlanarFrames of(
      VideoSource video, FrameSampling sampling, FrameFormat format, Normalization normalization) {
    if (format.fit() == FrameFormat.Fit.ORIGINAL || format.fit() == FrameFormat.Fit.INSIDE) {
      throw new IllegalArgumentException(
          "planar frames need a fixed size (STRETCH, COVER_AND_CROP or PAD), not " + format.fit());
    }
    return new PlanarFrames(video.frames(sampling, format), format, normalization.tables());
  }

  /** Floats of one frame: {@code 3 * width * height}. */
  public int floatsPerFrame() {
    return floats;
  }

  /**
   * Writes the next frame at the buffer's position, which moves behind it.
   *
   * @param target direct or not, of native byte order to be fast
   * @return false at the end; then nothing was written
   * @throws IllegalArgumentException if there is less room than {@link #floatsPerFrame()}
   * @throws io.moviechat.VideoException if nothing more can be decoded
   * @throws IllegalStateException if closed
   */
  public boolean next(FloatBuffer target) {
    if (target.remaining() < floats) {
      throw new IllegalArgumentException(
          String.format(
              "a frame needs room for %d floats, the buffer has %d", floats, target.remaining()));
    }
    Optional<Frame> next = pass.next();
    if (next.isEmpty()) {
      return false;
    }
    try (Frame frame = next.get()) {
      write(frame.rgb(), target);
      time = frame.timestamp();
    }
    return true;
  }

  private void write(ByteBuffer rgb, FloatBuffer target) {
    int width = planes[0].length;
    int area = floats / 3;
    int start = target.position();
    for (int at = 0; at < area; at += width) {
      rgb.get(row);
      for (int channel = 0; channel < 3; channel++) {
        float[] plane = planes[channel];
        float[] table = tables[channel];
        for (int x = 0, from = channel; x < width; x++, from += 3) {
          plane[x] = table[row[from] & 0xff];
        }
        target.put(start + channel * area + at, plane);
      }
    }
    target.position(start + floats);
  }

  /**
   * The time of the frame written last.
   *
   * @throws NoSuchElementException if there is none yet
   */
  public Duration timestamp() {
    if (time == null) {
      throw new NoSuchElementException("no frame was written yet");
    }
    return time;
  }

  /** Frames that were damaged and left out so far. */
  public long damagedFrames() {
    return pass.damagedFrames();
  }

  /** Ends the pass; the video stays open. Twice is fine. */
  @Override
  public void close() {
    pass.close();
  }
}
