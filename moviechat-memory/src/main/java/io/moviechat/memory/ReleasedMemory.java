package io.moviechat.memory;

import io.moviechat.TokenShape;
import org.jspecify.annotations.Nullable;

/**
 * The released code's algorithm. Frames come in fragments; at the end of each, short-term memory is
 * consolidated by plain averages and emptied. With a scorer it is MovieChat+: a fragment that fits
 * the question keeps more slots.
 */
final class ReleasedMemory extends MergingMemory {
  /** MovieChat+ keeps {@link #UNFITTING_TARGET} slots of a fragment that scores below this. */
  private static final double FITTING_SCORE = 0.25;

  private static final int UNFITTING_TARGET = 1;
  static final int FITTING_TARGET = 3;

  private final int target;
  private final @Nullable FrameScorer scorer;
  private final int usualLength;
  private int fragmentLength;
  private int framesUsed;
  private int received;
  private double bestScore;

  ReleasedMemory(
      TokenShape shape,
      TokenStore store,
      int shortTermFrames,
      int target,
      int longTermSlots,
      int fragmentLength,
      @Nullable FrameScorer scorer) {
    super(
        (scorer == null ? Variant.RELEASED : Variant.PLUS).strategy,
        shape,
        store,
        Similarity.meanDot(),
        false,
        shortTermFrames,
        longTermSlots);
    this.target = target;
    this.scorer = scorer;
    this.usualLength = fragmentLength;
    startFragment(fragmentLength, fragmentLength);
  }

  /**
   * Sets what the coming fragment is like.
   *
   * @param length frames that it has
   * @param used frames of it that are looked at
   */
  void startFragment(int length, int used) {
    fragmentLength = length;
    framesUsed = used;
    received = 0;
    bestScore = 0;
  }

  @Override
  void accept(Fresh fresh) {
    double score = scorer == null ? 0 : scorer.score(fresh.frame());
    if (received < framesUsed) {
      if (shortTerm().size() == shortTermCapacity) {
        evictOldest();
      }
      remember(fresh);
      bestScore = received == 0 ? score : Math.max(bestScore, score);
    } else {
      forgotten(1);
    }
    received++;
    if (received == fragmentLength) {
      consolidate(target(), false);
      startFragment(usualLength, usualLength);
    }
  }

  private int target() {
    if (scorer == null) {
      return target;
    }
    return bestScore < FITTING_SCORE ? UNFITTING_TARGET : FITTING_TARGET;
  }

  @Override
  int carried() {
    return 0;
  }

  @Override
  void resumed() {
    received = shortTerm().size();
  }

  @Override
  void forget() {
    super.forget();
    startFragment(usualLength, usualLength);
  }
}
