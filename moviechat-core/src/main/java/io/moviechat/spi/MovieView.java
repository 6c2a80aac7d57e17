package io.moviechat.spi;

import io.moviechat.MemorySnapshot;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * What a question is asked about: the whole movie (global mode) or a moment of it (breakpoint
 * mode).
 *
 * @param memory what is remembered; in breakpoint mode nothing later than the moment
 * @param breakpoint the moment, empty in global mode
 * @param keyframes pictures of the movie, for generators that read pictures
 */
public record MovieView(
    MemorySnapshot memory, Optional<Duration> breakpoint, KeyframeSource keyframes) {
  /** Refuses nulls. */
  public MovieView {
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(breakpoint, "breakpoint");
    Objects.requireNonNull(keyframes, "keyframes");
  }
}
