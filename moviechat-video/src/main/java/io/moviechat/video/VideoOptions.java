package io.moviechat.video;

import java.time.Duration;
import java.util.Objects;

/**
 * Limits and settings of opened videos. A value: start from {@link #DEFAULT}.
 *
 * @param timeout longest time without any progress of reading, above zero; a video that exceeds it
 *     fails with a {@link io.moviechat.VideoException}
 * @param threads threads that decode, at least 1: those of one decoder, or of several that share a
 *     sparse pass over a file
 * @param maxBytes largest input in bytes, where its size is known
 * @param maxPixels largest coded picture in pixels
 * @param maxDuration latest timestamp that is accepted
 * @param probeBytes bytes that may be read to find out what an input is, at least 4096
 * @param deinterlace whether of a frame that is marked as interlaced only the field taken first is
 *     shown, without the combs of movement, at half the height before scaling; otherwise both
 *     fields are woven
 * @param hardware what decodes
 */
public record VideoOptions(
    Duration timeout,
    int threads,
    long maxBytes,
    long maxPixels,
    Duration maxDuration,
    int probeBytes,
    boolean deinterlace,
    Hardware hardware) {
  /**
   * 30 s without progress, one thread per core, any size in bytes, pictures of up to 64 million
   * pixels, 100 hours, 5 MB for probing, deinterlacing, no hardware decoder.
   */
  public static final VideoOptions DEFAULT =
      new VideoOptions(
          Duration.ofSeconds(30),
          Math.min(16, Runtime.getRuntime().availableProcessors()),
          Long.MAX_VALUE,
          64_000_000,
          Duration.ofHours(100),
          5_000_000,
          true,
          Hardware.NONE);

  /**
   * @throws IllegalArgumentException if a component is out of its range
   */
  public VideoOptions {
    Objects.requireNonNull(timeout, "timeout");
    Objects.requireNonNull(maxDuration, "maxDuration");
    Objects.requireNonNull(hardware, "hardware");
    require(!timeout.isNegative() && !timeout.isZero(), "timeout", timeout, "above zero");
    require(threads >= 1 && threads <= 64, "threads", threads, "1 to 64");
    require(maxBytes >= 1, "maxBytes", maxBytes, "at least 1");
    require(maxPixels >= 1, "maxPixels", maxPixels, "at least 1");
    require(
        !maxDuration.isNegative() && maxDuration.compareTo(Duration.ofDays(10_000)) <= 0,
        "maxDuration",
        maxDuration,
        "0 to 10,000 days");
    require(probeBytes >= 4096, "probeBytes", probeBytes, "at least 4096");
  }

  private static void require(boolean holds, String name, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(name + " must be " + expected + ", was " + value);
    }
  }

  /** The same with another {@link #timeout()}. */
  public VideoOptions withTimeout(Duration newTimeout) {
    return new VideoOptions(
        newTimeout, threads, maxBytes, maxPixels, maxDuration, probeBytes, deinterlace, hardware);
  }

  /** The same with another {@link #threads()}. */
  public VideoOptions withThreads(int newThreads) {
    return new VideoOptions(
        timeout, newThreads, maxBytes, maxPixels, maxDuration, probeBytes, deinterlace, hardware);
  }

  /** The same with another {@link #maxBytes()}. */
  public VideoOptions withMaxBytes(long bytes) {
    return new VideoOptions(
        timeout, threads, bytes, maxPixels, maxDuration, probeBytes, deinterlace, hardware);
  }

  /** The same with another {@link #maxPixels()}. */
  public VideoOptions withMaxPixels(long pixels) {
    return new VideoOptions(
        timeout, threads, maxBytes, pixels, maxDuration, probeBytes, deinterlace, hardware);
  }

  /** The same with another {@link #maxDuration()}. */
  public VideoOptions withMaxDuration(Duration duration) {
    return new VideoOptions(
        timeout, threads, maxBytes, maxPixels, duration, probeBytes, deinterlace, hardware);
  }

  /** The same with another {@link #deinterlace()}. */
  public VideoOptions withDeinterlace(boolean newDeinterlace) {
    return new VideoOptions(
        timeout, threads, maxBytes, maxPixels, maxDuration, probeBytes, newDeinterlace, hardware);
  }

  /** The same with another {@link #hardware()}. */
  public VideoOptions withHardware(Hardware newHardware) {
    return new VideoOptions(
        timeout, threads, maxBytes, maxPixels, maxDuration, probeBytes, deinterlace, newHardware);
  }

  /**
   * Whether a video is decoded by hardware. Where that cannot be, it is decoded in software, and
   * the log says why. Pictures come back to the memory of the processor to be scaled.
   */
  public enum Hardware {
    /** Software only. */
    NONE,
    /** The first of the others that can be opened. */
    ANY,
    /** NVDEC of an NVIDIA GPU. */
    CUDA,
    /** The decoder of an Intel or AMD GPU, on Linux. */
    VAAPI,
    /** The decoder of macOS. */
    VIDEOTOOLBOX
  }
}
