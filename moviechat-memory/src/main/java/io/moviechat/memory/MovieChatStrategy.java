package io.moviechat.memory;

import static io.moviechat.internal.Checks.require;

import io.moviechat.MemoryBudget;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.spi.VideoMemory;

/**
 * MovieChat's memory: a short-term memory of single frames that is consolidated into a long-term
 * memory by merging the most similar adjacent frames. Song et al., "MovieChat: From Dense Token to
 * Sparse Memory for Long Video Understanding", CVPR 2024, section 3.3, algorithm 1.
 */
final class MovieChatStrategy implements VideoMemory.Factory {
  private final MemoryStrategies.Builder wanted;
  private final Variant variant;
  private final int shortTermFrames;
  private final int consolidateTo;
  private final int longTermSlots;

  /**
   * @param wanted what was set; never changed again
   */
  MovieChatStrategy(
      MemoryStrategies.Builder wanted, int shortTerm, int consolidateTo, int longTermSlots) {
    this.wanted = wanted;
    this.variant = wanted.variant;
    this.shortTermFrames = shortTerm;
    this.consolidateTo = consolidateTo;
    this.longTermSlots = longTermSlots;
    require(shortTerm >= 2, "shortTermFrames must be at least 2, was %d", shortTerm);
    require(consolidateTo >= 1, "consolidateTo must be at least 1, was %d", consolidateTo);
    require(
        consolidateTo < shortTerm,
        "consolidateTo must be below shortTermFrames (%d), was %d",
        shortTerm,
        consolidateTo);
    require(longTermSlots >= 1, "longTermSlots must be at least 1, was %d", longTermSlots);
    require(
        (long) shortTerm + longTermSlots <= 1 << 20,
        "shortTermFrames (%d) and longTermSlots (%d) must stay below 2^20 together",
        shortTerm,
        longTermSlots);
    variant.check(shortTerm, consolidateTo);
  }

  int shortTermFrames() {
    return shortTermFrames;
  }

  int consolidateTo() {
    return consolidateTo;
  }

  int longTermSlots() {
    return longTermSlots;
  }

  @Override
  public String strategy() {
    return variant.strategy;
  }

  @Override
  public String settings() {
    return String.format(
        "shortTermFrames=%d consolidateTo=%d longTermSlots=%d",
        shortTermFrames, consolidateTo, longTermSlots);
  }

  @Override
  public int maxSlots() {
    return shortTermFrames + longTermSlots;
  }

  @Override
  public VideoMemory.Factory within(MemoryBudget budget, TokenShape shape) {
    int slots = budget.slotsOf(shape);
    if (maxSlots() <= slots) {
      return this;
    }
    int least = variant.leastSlots(consolidateTo);
    require(
        slots >= least,
        "a %s memory needs room for at least %d slots of %d bytes, the budget (%d slots, %d bytes)"
            + " has room for %d",
        strategy(),
        least,
        shape.bytes(),
        budget.maxSlots(),
        budget.maxBytes(),
        slots);
    int target = wanted.consolidateTo.orElseGet(() -> variant.fittingTarget(consolidateTo, slots));
    int shortTerm =
        wanted.shortTermFrames.orElseGet(
            () ->
                variant.fittingShortTerm(
                    Math.min(shortTermFrames, Math.max(target + 1, slots / 2)), target));
    int longTerm = wanted.longTermSlots.orElse(Math.min(longTermSlots, slots - shortTerm));
    require(
        longTerm >= 1 && (long) shortTerm + longTerm <= slots,
        "shortTermFrames (%d) and longTermSlots (%s) do not fit the budget of %d slots; ask for"
            + " less or leave one of them open",
        shortTerm,
        longTerm >= 1 ? String.valueOf(longTerm) : "at least 1",
        slots);
    return new MovieChatStrategy(wanted, shortTerm, target, longTerm);
  }

  @Override
  public VideoMemory open(TokenShape shape) {
    return create(shape);
  }

  @Override
  public VideoMemory resume(MemorySnapshot earlier) {
    return create(earlier.shape()).resumeFrom(earlier);
  }

  @Override
  public VideoMemory.Parts inParts() {
    return Parts.ofWindows(
        variant.window(shortTermFrames),
        1,
        variant.mostOfWindow(consolidateTo),
        longTermSlots,
        (shape, slots) ->
            variant.open(shape, shortTermFrames, consolidateTo, slots, wanted.scorer));
  }

  @Override
  public VideoMemory.Parts inBoundedParts() {
    return Parts.bounded(strategy(), longTermSlots, this::open);
  }

  MergingMemory create(TokenShape shape) {
    return variant.open(shape, shortTermFrames, consolidateTo, longTermSlots, wanted.scorer);
  }

  @Override
  public String toString() {
    return strategy() + "[" + settings() + "]";
  }
}
