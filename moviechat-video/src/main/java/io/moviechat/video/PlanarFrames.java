package io.moviechat.video;

import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.spi.VideoSource;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.NoSuchElementException;

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
  private final FfmpegVideoSource.Pass pass;
  private final float[][] tables;
  private final int floats;
  private long time = Ffmpeg.NO_TIME;

  private PlanarFrames(FfmpegVideoSource.Pass pass, float[][] tables, int floats) {
    this.pass = pass;
    this.tables = tables;
    this.floats = floats;
  }

  /**
   * Starts a pass.
   *
   * @param video opened by {@link FfmpegVideoSourceProvider}; stays the caller's
   * @param format of a fixed size: {@link FrameFormat.Fit#STRETCH}, {@link
   *     FrameFormat.Fit#COVER_AND_CROP} or {@link FrameFormat.Fit#PAD}, whose border becomes what a
   *     black byte becomes
   * @throws IllegalArgumentException if the video comes from elsewhere, or the size is not fixed
   */
  public static PlanarFrames of(
      VideoSource video, FrameSampling sampling, FrameFormat format, Normalization normalization) {
    if (!(video instanceof FfmpegVideoSource source)) {
      throw new IllegalArgumentException(
          "planar frames need a video that FfmpegVideoSourceProvider opened, this is a "
              + video.getClass().getName());
    }
    if (format.fit() == FrameFormat.Fit.ORIGINAL || format.fit() == FrameFormat.Fit.INSIDE) {
      throw new IllegalArgumentException(
          "planar frames need a fixed size (STRETCH, COVER_AND_CROP or PAD), not " + format.fit());
    }
    return new PlanarFrames(
        (FfmpegVideoSource.Pass) source.frames(sampling, format),
        normalization.tables(),
        3 * format.width() * format.height());
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
    long next = pass.next(target, tables);
    if (next == Ffmpeg.NO_TIME) {
      return false;
    }
    time = next;
    return true;
  }

  /**
   * The time of the frame written last.
   *
   * @throws NoSuchElementException if there is none yet
   */
  public Duration timestamp() {
    if (time == Ffmpeg.NO_TIME) {
      throw new NoSuchElementException("no frame was written yet");
    }
    return Duration.ofNanos(time);
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
