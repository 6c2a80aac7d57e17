package io.moviechat.recall;

import static io.moviechat.internal.Checks.require;

import java.time.Duration;
import java.util.Objects;

/**
 * When an alert begins and ends. Immutable and thread-safe: each method gives options that differ
 * in one thing.
 *
 * <p>What is compared is a frame's relevance in [0, 1]. A scorer of the model's tokens says it
 * outright: the probability that the frame shows what was asked. A scorer that only compares
 * ({@link SlotScorer#fit}, dual encoders) has no such number, because its cosines differ from model
 * to model and from question to question more than between what is there and what is not: its
 * frames are judged by the film itself. Relevance is then {@code sigmoid(2 (z - 3))} of the
 * standard score z among the frames before: three deviations above the usual are half. Such an
 * alert says nothing of the first 20 frames.
 */
public final class AlertOptions {
  /** Begins at 0.75, ends below 0.25 for two seconds, one frame suffices. */
  public static final AlertOptions DEFAULT = new AlertOptions(0.75, 0.25, Duration.ofSeconds(2), 1);

  private final double found;
  private final double over;
  private final Duration quiet;
  private final int frames;

  private AlertOptions(double found, double over, Duration quiet, int frames) {
    this.found = found;
    this.over = over;
    this.quiet = quiet;
    this.frames = frames;
  }

  /**
   * The same with other thresholds. Two of them, so that what flickers around one is told once.
   *
   * @param newFound relevance from which on an alert begins
   * @param newOver relevance below which it ends, not above the other
   * @throws IllegalArgumentException if one is outside (0, 1], or they are the wrong way round
   */
  public AlertOptions withThresholds(double newFound, double newOver) {
    require(
        newOver > 0 && newOver <= newFound && newFound <= 1,
        "thresholds must be 0 < over <= found <= 1, were over %s and found %s",
        newOver,
        newFound);
    return new AlertOptions(newFound, newOver, quiet, frames);
  }

  /**
   * The same with another length of film that must pass without a fitting frame before an alert
   * ends.
   *
   * @throws IllegalArgumentException if negative
   */
  public AlertOptions withQuiet(Duration newQuiet) {
    require(!newQuiet.isNegative(), "the quiet time is negative: %s", newQuiet);
    return new AlertOptions(found, over, Objects.requireNonNull(newQuiet, "quiet"), frames);
  }

  /**
   * The same with another number of fitting frames in a row that an alert takes to begin. More of
   * them: fewer false alerts, and that many frames later.
   *
   * @throws IllegalArgumentException if below 1
   */
  public AlertOptions withFrames(int newFrames) {
    require(newFrames >= 1, "an alert takes at least 1 frame, was %d", newFrames);
    return new AlertOptions(found, over, quiet, newFrames);
  }

  /** Relevance from which on an alert begins. */
  public double found() {
    return found;
  }

  /** Relevance below which it ends. */
  public double over() {
    return over;
  }

  /** Film time without a fitting frame after which it ends. */
  public Duration quiet() {
    return quiet;
  }

  /** Fitting frames in a row that it takes. */
  public int frames() {
    return frames;
  }

  @Override
  public String toString() {
    return "AlertOptions[found %.2f, over %.2f for %s, %d frames]"
        .formatted(found, over, quiet, frames);
  }
}
