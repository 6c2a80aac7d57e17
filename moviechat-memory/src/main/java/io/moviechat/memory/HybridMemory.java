package io.moviechat.memory;

import io.moviechat.TokenShape;

/**
 * Long-term slots and a recent window in full detail. When the window and a group of frames before
 * it are full, the group is consolidated as in {@link PublishedMemory}, starting empty; the window
 * stays as it is.
 */
final class HybridMemory extends MergingMemory {
  private final int group;
  private final int target;

  /**
   * @param recentFrames newest frames that are never merged
   * @param group older frames that are consolidated together
   */
  HybridMemory(
      TokenShape shape,
      TokenStore store,
      int recentFrames,
      int group,
      int target,
      int longTermSlots) {
    super(
        MemoryStrategies.HYBRID,
        shape,
        store,
        Similarity.tokenCosine(store),
        true,
        recentFrames + group,
        longTermSlots);
    this.group = group;
    this.target = target;
  }

  @Override
  void accept(Fresh fresh) {
    remember(fresh);
    if (shortTerm().size() == shortTermCapacity) {
      consolidate(group, target, false);
    }
  }

  @Override
  void finishPart() {
    while (shortTerm().size() >= group) {
      consolidate(group, target, false);
    }
  }

  @Override
  int carried() {
    return 0;
  }

  @Override
  void resumed() {}
}
