package io.moviechat.video;

import static io.moviechat.internal.Checks.require;

import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Limits and settings of opened videos. Immutable and thread-safe: each {@code with} method gives
 * options that differ in one thing.
 */
public final class VideoOptions {
  /** Every setting at the default that its {@code with} method names. */
  public static final VideoOptions DEFAULT = new VideoOptions();

  private Duration timeout = Duration.ofSeconds(30);
  private int threads = Math.min(16, Runtime.getRuntime().availableProcessors());
  private long maxBytes = Long.MAX_VALUE;
  private long maxPixels = 64_000_000;
  private Duration maxDuration = Duration.ofHours(100);
  private int probeBytes = 5_000_000;
  private boolean deinterlace = true;
  private Hardware hardware = Hardware.NONE;
  private Duration shortestSegment = Duration.ofSeconds(4);

  private VideoOptions() {}

  private VideoOptions with(Consumer<VideoOptions> change) {
    VideoOptions copy = new VideoOptions();
    copy.timeout = timeout;
    copy.threads = threads;
    copy.maxBytes = maxBytes;
    copy.maxPixels = maxPixels;
    copy.maxDuration = maxDuration;
    copy.probeBytes = probeBytes;
    copy.deinterlace = deinterlace;
    copy.hardware = hardware;
    copy.shortestSegment = shortestSegment;
    change.accept(copy);
    return copy;
  }

  /**
   * The same with a longest time without any progress of reading; a video that exceeds it fails
   * with a {@link io.moviechat.VideoException}. Default: 30 s.
   *
   * @throws IllegalArgumentException unless above zero
   */
  public VideoOptions withTimeout(Duration value) {
    require(!value.isNegative() && !value.isZero(), "timeout must be above zero, was %s", value);
    return with(copy -> copy.timeout = value);
  }

  /**
   * The same with threads that decode: those of one decoder, or of several that share a pass over a
   * file. Small pictures take fewer, which is as fast. Default: one for each core, 16 at most.
   *
   * @throws IllegalArgumentException unless 1 to 64
   */
  public VideoOptions withThreads(int count) {
    require(count >= 1 && count <= 64, "threads must be 1 to 64, was %s", count);
    return with(copy -> copy.threads = count);
  }

  /**
   * The same with a largest input in bytes, where its size is known. Default: any size.
   *
   * @throws IllegalArgumentException if below 1
   */
  public VideoOptions withMaxBytes(long bytes) {
    require(bytes >= 1, "maxBytes must be at least 1, was %s", bytes);
    return with(copy -> copy.maxBytes = bytes);
  }

  /**
   * The same with a largest coded picture in pixels. Default: 64 million.
   *
   * @throws IllegalArgumentException if below 1
   */
  public VideoOptions withMaxPixels(long pixels) {
    require(pixels >= 1, "maxPixels must be at least 1, was %s", pixels);
    return with(copy -> copy.maxPixels = pixels);
  }

  /**
   * The same with a latest timestamp that is accepted. Default: 100 hours.
   *
   * @throws IllegalArgumentException unless 0 to 10,000 days
   */
  public VideoOptions withMaxDuration(Duration value) {
    require(
        !value.isNegative() && value.compareTo(Duration.ofDays(10_000)) <= 0,
        "maxDuration must be 0 to 10,000 days, was %s",
        value);
    return with(copy -> copy.maxDuration = value);
  }

  /**
   * The same with bytes that may be read to find out what an input is. Default: 5 million.
   *
   * @throws IllegalArgumentException if below 4096
   */
  public VideoOptions withProbeBytes(int bytes) {
    require(bytes >= 4096, "probeBytes must be at least 4096, was %s", bytes);
    return with(copy -> copy.probeBytes = bytes);
  }

  /**
   * The same with another way of showing frames that are marked as interlaced: {@code true}, the
   * default, shows only the field taken first, without the combs of movement, at half the height
   * before scaling; {@code false} weaves both fields.
   */
  public VideoOptions withDeinterlace(boolean value) {
    return with(copy -> copy.deinterlace = value);
  }

  /** The same with another decoder. Default: {@link Hardware#NONE}. */
  public VideoOptions withHardware(Hardware value) {
    Objects.requireNonNull(value, "hardware");
    return with(copy -> copy.hardware = value);
  }

  /** Longest time without any progress of reading. */
  public Duration timeout() {
    return timeout;
  }

  /** Threads that decode. */
  public int threads() {
    return threads;
  }

  /** Largest input in bytes. */
  public long maxBytes() {
    return maxBytes;
  }

  /** Largest coded picture in pixels. */
  public long maxPixels() {
    return maxPixels;
  }

  /** Latest timestamp that is accepted. */
  public Duration maxDuration() {
    return maxDuration;
  }

  /** Bytes that may be read to find out what an input is. */
  public int probeBytes() {
    return probeBytes;
  }

  /** Whether interlaced frames show only the field taken first. */
  public boolean deinterlace() {
    return deinterlace;
  }

  /** What decodes. */
  public Hardware hardware() {
    return hardware;
  }

  /**
   * The same with another length below which a part of a dense pass gets no decoder of its own:
   * tests divide short files. Default: 4 s.
   */
  VideoOptions withShortestSegment(Duration value) {
    return with(copy -> copy.shortestSegment = value);
  }

  Duration shortestSegment() {
    return shortestSegment;
  }

  @Override
  public String toString() {
    return "VideoOptions[timeout=%s, threads=%d, maxBytes=%d, maxPixels=%d, maxDuration=%s, probeBytes=%d, deinterlace=%s, hardware=%s]"
        .formatted(
            timeout, threads, maxBytes, maxPixels, maxDuration, probeBytes, deinterlace, hardware);
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
