package io.moviechat.recall;

import io.moviechat.Frame;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;

/** What was asked for is there. Immutable and thread-safe. */
public final class Alert {
  private final String query;
  private final Duration start;
  private final Duration moment;
  private final double score;
  private final String reason;
  private final int width;
  private final int height;
  private final ByteBuffer rgb;

  private Alert(
      String query, Duration start, double score, String reason, Frame picture, ByteBuffer rgb) {
    this.query = Objects.requireNonNull(query, "query");
    this.start = Objects.requireNonNull(start, "start");
    this.moment = picture.timestamp();
    this.score = score;
    this.reason = Objects.requireNonNull(reason, "reason");
    this.width = picture.width();
    this.height = picture.height();
    this.rgb = rgb;
  }

  /**
   * An alert as watching gives it; an application needs this only to test what it does with alerts.
   *
   * @param start time of the first fitting frame
   * @param score in [0, 1]
   * @param reason {@link SlotScorer#name()} of who found it
   * @param picture the frame that fits best; copied
   */
  public static Alert of(String query, Duration start, double score, String reason, Frame picture) {
    ByteBuffer pixels = picture.rgb();
    ByteBuffer copy = ByteBuffer.allocate(pixels.remaining()).put(pixels).flip();
    return new Alert(query, start, score, reason, picture, copy.asReadOnlyBuffer());
  }

  /** What was asked for. */
  public String query() {
    return query;
  }

  /** Time of the first fitting frame. */
  public Duration start() {
    return start;
  }

  /** Time of the frame that fits best so far. */
  public Duration moment() {
    return moment;
  }

  /** How well that frame fits, in [0, 1]. */
  public double score() {
    return score;
  }

  /** What was looked at: {@link SlotScorer#name()}. */
  public String reason() {
    return reason;
  }

  /**
   * The frame that fits best so far, in the size that the encoder was given it. On the Java heap:
   * it needs no closing, and is there when the stream is long gone.
   */
  public Frame picture() {
    return Frame.of(moment, width, height, rgb.duplicate());
  }

  @Override
  public String toString() {
    return "Alert['%s' from %s, %.2f by %s at %s]".formatted(query, start, score, reason, moment);
  }
}
