package io.moviechat;

import java.time.Duration;

/**
 * A memory slot that the model was given.
 *
 * @param tier where in the memory it came from
 * @param start time of its first frame
 * @param end time at which it ends
 * @param frames how many frames it stands for
 * @param representative time of the real frame nearest to its mean
 */
public record Evidence(
    MemoryTier tier, Duration start, Duration end, long frames, Duration representative) {
  static Evidence of(MemorySlot slot) {
    return new Evidence(
        slot.tier(), slot.start(), slot.end(), slot.frames(), slot.representative());
  }
}
