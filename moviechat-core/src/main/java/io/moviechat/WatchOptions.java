package io.moviechat;

import static io.moviechat.Checks.require;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * How one movie is watched.
 *
 * @param sampling which frames; empty takes the chat's sampling
 * @param breakpoints moments whose memory is kept exactly as it was then, so that {@link
 *     Movie#at(Duration)} knows everything before them and nothing after; not negative, sorted and
 *     without repeats
 * @param timeout time allowed for the whole pass, above zero; empty is none
 * @param checkpoint where and how often the memory is saved meanwhile; empty is never
 */
public record WatchOptions(
    Optional<FrameSampling> sampling,
    List<Duration> breakpoints,
    Optional<Duration> timeout,
    Optional<Checkpoint> checkpoint) {
  /** The chat's sampling, no breakpoints, no timeout, no checkpoints. */
  public static final WatchOptions DEFAULT =
      new WatchOptions(Optional.empty(), List.of(), Optional.empty(), Optional.empty());

  /**
   * @throws IllegalArgumentException if a breakpoint is negative or the timeout is not above zero
   */
  public WatchOptions {
    Objects.requireNonNull(sampling, "sampling");
    Objects.requireNonNull(checkpoint, "checkpoint");
    breakpoints = breakpoints.stream().sorted().distinct().toList();
    breakpoints.forEach(b -> require(!b.isNegative(), "the breakpoint %s is negative", b));
    timeout.ifPresent(
        t -> require(!t.isNegative() && !t.isZero(), "the timeout must be above zero, was %s", t));
  }

  /** The same options with a sampling of its own. */
  public WatchOptions withSampling(FrameSampling newSampling) {
    return new WatchOptions(Optional.of(newSampling), breakpoints, timeout, checkpoint);
  }

  /** The same options with other breakpoints. */
  public WatchOptions withBreakpoints(List<Duration> newBreakpoints) {
    return new WatchOptions(sampling, newBreakpoints, timeout, checkpoint);
  }

  /** The same options with a timeout. */
  public WatchOptions withTimeout(Duration newTimeout) {
    return new WatchOptions(sampling, breakpoints, Optional.of(newTimeout), checkpoint);
  }

  /** The same options with checkpoints. */
  public WatchOptions withCheckpoint(Checkpoint newCheckpoint) {
    return new WatchOptions(sampling, breakpoints, timeout, Optional.of(newCheckpoint));
  }
}
