package io.moviechat.memory;

import io.moviechat.TokenShape;

/**
 * The paper's algorithm. Consolidates whenever short-term memory is full; it then starts again with
 * the merged slots (or empty).
 */
final class PublishedMemory extends MergingMemory {
  private final int target;
  private final boolean carry;

  PublishedMemory(
      TokenShape shape,
      TokenStore store,
      boolean weighted,
      int shortTermFrames,
      int target,
      int longTermSlots,
      boolean carry) {
    super(
        (carry ? Variant.MOVIECHAT : Variant.START_EMPTY).strategy,
        shape,
        store,
        Similarity.tokenCosine(store),
        weighted,
        shortTermFrames,
        longTermSlots);
    this.target = target;
    this.carry = carry;
  }

  @Override
  void accept(Fresh fresh) {
    remember(fresh);
    if (shortTerm().size() == shortTermCapacity) {
      consolidate(target, carry);
    }
  }

  @Override
  int carried() {
    return carry ? target : 0;
  }

  @Override
  void resumed() {}
}
