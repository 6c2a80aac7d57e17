package io.moviechat.spi;

import io.moviechat.MemorySnapshot;
import java.util.Objects;
import java.util.Optional;

/**
 * A memory with what made it.
 *
 * @param snapshot the slots
 * @param encoderId {@link FrameEncoder#id()} of the encoder that made the tokens
 * @param strategy {@link VideoMemoryFactory#strategy()}
 * @param settings {@link VideoMemoryFactory#settings()}
 * @param sampling how the frames were sampled, as text
 * @param video where the video was
 * @param videoFingerprint a hash of the video's content, empty for a stream
 */
public record SavedMemory(
    MemorySnapshot snapshot,
    String encoderId,
    String strategy,
    String settings,
    String sampling,
    String video,
    Optional<String> videoFingerprint) {
  /** Refuses nulls. */
  public SavedMemory {
    Objects.requireNonNull(snapshot, "snapshot");
    Objects.requireNonNull(encoderId, "encoderId");
    Objects.requireNonNull(strategy, "strategy");
    Objects.requireNonNull(settings, "settings");
    Objects.requireNonNull(sampling, "sampling");
    Objects.requireNonNull(video, "video");
    Objects.requireNonNull(videoFingerprint, "videoFingerprint");
  }
}
