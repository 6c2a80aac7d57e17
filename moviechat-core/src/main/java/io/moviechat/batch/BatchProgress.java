package io.moviechat.batch;

import java.time.Duration;
import java.util.Optional;

/** How far a batch has come. Immutable. */
public final class BatchProgress {
  private final int films;
  private final int finished;
  private final int failed;
  private final double fraction;
  private final Duration elapsed;

  BatchProgress(int films, int finished, int failed, double fraction, Duration elapsed) {
    this.films = films;
    this.finished = finished;
    this.failed = failed;
    this.fraction = fraction;
    this.elapsed = elapsed;
  }

  /** Films of this run, each counted once. */
  public int films() {
    return films;
  }

  /** Films that need nothing more, whatever came of them. */
  public int finished() {
    return finished;
  }

  /** Those of them that failed. */
  public int failed() {
    return failed;
  }

  /** Share of the work that is done, in [0, 1]: by bytes of the videos, which length goes with. */
  public double fraction() {
    return fraction;
  }

  /** Time since the run began. */
  public Duration elapsed() {
    return elapsed;
  }

  /** Time left at the speed until now; empty at the start. */
  public Optional<Duration> left() {
    if (fraction < 0.001) {
      return Optional.empty();
    }
    return Optional.of(Duration.ofMillis((long) (elapsed.toMillis() * (1 - fraction) / fraction)));
  }

  @Override
  public String toString() {
    return String.format("%d of %d films, %d failed", finished, films, failed);
  }
}
