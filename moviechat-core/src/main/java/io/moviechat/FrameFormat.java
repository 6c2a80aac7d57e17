package io.moviechat;

import static io.moviechat.internal.Checks.require;

import java.util.Objects;

/**
 * The picture size that an encoder wants, so that a source can scale while it decodes.
 *
 * @param fit how the wanted size is meant
 * @param width wanted pixels per row; meaningless ({@code 1}) for {@link Fit#ORIGINAL}
 * @param height wanted rows; meaningless ({@code 1}) for {@link Fit#ORIGINAL}
 * @param resampling how pixels are interpolated
 */
public record FrameFormat(Fit fit, int width, int height, Resampling resampling) {
  /** How a picture takes on the wanted size. */
  public enum Fit {
    /** The picture's own size, upright and with square pixels. */
    ORIGINAL,
    /** Exactly width x height; the aspect ratio is not kept. */
    STRETCH,
    /** The largest picture of the same aspect ratio inside width x height. */
    INSIDE,
    /** The same aspect ratio, covering width x height, then the centre cut out. */
    COVER_AND_CROP,
    /** {@link #INSIDE}, centred on black so that the result is width x height. */
    PAD
  }

  /** Interpolation; every kind widens its kernel when it shrinks (antialiasing). */
  public enum Resampling {
    /** Triangle kernel. */
    BILINEAR,
    /** Cubic kernel. */
    BICUBIC,
    /** Windowed sinc with three lobes. */
    LANCZOS
  }

  /** The picture's own size. */
  public static final FrameFormat ORIGINAL =
      new FrameFormat(Fit.ORIGINAL, 1, 1, Resampling.BICUBIC);

  /**
   * @throws IllegalArgumentException if a side is below 1 or above 16384
   */
  public FrameFormat {
    Objects.requireNonNull(fit, "fit");
    Objects.requireNonNull(resampling, "resampling");
    require(
        width >= 1 && height >= 1 && width <= 16384 && height <= 16384,
        "a frame's sides must be 1 to 16384 pixels, were %d x %d",
        width,
        height);
  }

  /** Exactly width x height, aspect ratio not kept. */
  public static FrameFormat stretch(int width, int height, Resampling resampling) {
    return new FrameFormat(Fit.STRETCH, width, height, resampling);
  }

  /** The largest picture of the same aspect ratio inside width x height. */
  public static FrameFormat inside(int width, int height, Resampling resampling) {
    return new FrameFormat(Fit.INSIDE, width, height, resampling);
  }

  /** Covers width x height and cuts out the centre. */
  public static FrameFormat coverAndCrop(int width, int height, Resampling resampling) {
    return new FrameFormat(Fit.COVER_AND_CROP, width, height, resampling);
  }
}
