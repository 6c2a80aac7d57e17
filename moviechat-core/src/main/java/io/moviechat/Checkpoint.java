package io.moviechat;

import static io.moviechat.Checks.require;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;

/**
 * Saves the memory now and then while a long movie is watched, so that {@link MovieChat#resume} can
 * go on after a crash. Each save replaces the one before atomically.
 *
 * @param file where to save
 * @param every least wall time between two saves, not negative
 */
public record Checkpoint(Path file, Duration every) {
  /**
   * @throws IllegalArgumentException if the time is negative
   */
  public Checkpoint {
    Objects.requireNonNull(file, "file");
    require(!every.isNegative(), "the time between checkpoints is negative: %s", every);
  }
}
