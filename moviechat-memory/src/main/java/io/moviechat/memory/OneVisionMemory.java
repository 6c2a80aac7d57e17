package io.moviechat.memory;

import io.moviechat.TokenShape;

/**
 * The loop of the released LLaVA-OneVision variant: the released similarity and plain averages, but
 * the merged slots stay in short-term memory. Whether to consolidate is looked at after each
 * sliding window only; a window that does not divide the number of new frames wanted never
 * consolidates, which {@link Variant#check} refuses.
 */
final class OneVisionMemory extends MergingMemory {
  private final int target;
  private final int newFrames;
  private final int slidingWindow;
  private long sinceConsolidation;
  private long received;

  OneVisionMemory(
      TokenShape shape,
      TokenStore store,
      int shortTermFrames,
      int target,
      int longTermSlots,
      int slidingWindow) {
    super(
        Variant.ONE_VISION.strategy,
        shape,
        store,
        Similarity.meanDot(),
        false,
        shortTermFrames,
        longTermSlots);
    this.target = target;
    this.newFrames = shortTermFrames - target;
    this.slidingWindow = slidingWindow;
  }

  @Override
  void accept(Fresh fresh) {
    if (sinceConsolidation < newFrames) {
      if (shortTerm().size() == shortTermCapacity) {
        evictOldest();
      }
      remember(fresh);
    } else {
      forgotten(1);
    }
    sinceConsolidation++;
    received++;
    if (received % slidingWindow == 0 && sinceConsolidation == newFrames) {
      consolidate(target, true);
      sinceConsolidation = 0;
    }
  }

  @Override
  int carried() {
    return target;
  }

  @Override
  void resumed() {
    sinceConsolidation = shortTerm().stream().filter(slot -> slot.frames > 0).count();
    received = sinceConsolidation;
  }

  @Override
  void forget() {
    super.forget();
    sinceConsolidation = 0;
    received = 0;
  }
}
