package io.moviechat.cli;

import io.moviechat.FrameSampling;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which frames are watched: at most one of these options. */
final class SamplingSettings {
  @Option(
      names = "--frames",
      paramLabel = "N",
      description = "Watch N frames spread evenly over the video.")
  private @Nullable Integer frames;

  @Option(
      names = "--interval",
      paramLabel = "TIME",
      converter = MomentConverter.class,
      description = "Watch one frame per this time (default: the model's wish, else 1 second).")
  private @Nullable Duration interval;

  @Option(
      names = "--sampling",
      paramLabel = "NAME",
      converter = SamplingNames.class,
      completionCandidates = SamplingNames.class,
      description = "Watch ${COMPLETION-CANDIDATES} (original: 128 fragments of 8 frames).")
  private @Nullable FrameSampling named;

  /**
   * What was chosen.
   *
   * @throws IllegalArgumentException naming the value and its range
   */
  FrameSampling sampling() {
    if (frames != null) {
      return FrameSampling.uniform(frames);
    }
    if (interval != null) {
      return FrameSampling.every(interval);
    }
    if (named != null) {
      return named;
    }
    throw new IllegalStateException("an empty group of options");
  }
}
