package io.moviechat.memory;

import static io.moviechat.internal.Checks.require;

import io.moviechat.MemorySlot;
import io.moviechat.TokenShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Short-term memory that is consolidated into long-term memory. A subclass decides when, in {@link
 * #accept}.
 */
abstract class MergingMemory extends SlotMemory {
  /** Sees what happens inside. For tests. */
  interface Observer extends Consolidator.MergeListener {
    /** Short-term memory before it is merged. */
    void consolidating(List<Slot> shortTerm);

    /** What it became, before that goes to long-term memory. */
    void consolidated(List<Slot> merged);
  }

  final int shortTermCapacity;
  private final Consolidator consolidator;
  private final LongTerm longTerm;
  private final List<Slot> shortTerm;
  private final List<Slot> shortTermView;
  private final Slot[] window;
  private @Nullable Observer observer;

  MergingMemory(
      String strategy,
      TokenShape shape,
      TokenStore store,
      Similarity similarity,
      boolean weighted,
      int shortTermCapacity,
      int longTermCapacity) {
    super(strategy, shape, shortTermCapacity + longTermCapacity, store);
    this.shortTermCapacity = shortTermCapacity;
    this.consolidator = new Consolidator(store, similarity, weighted, shortTermCapacity);
    this.longTerm = new LongTerm(this, store, similarity, longTermCapacity);
    this.shortTerm = new ArrayList<>(shortTermCapacity);
    this.shortTermView = Collections.unmodifiableList(shortTerm);
    this.window = new Slot[shortTermCapacity];
  }

  final void observe(Observer newObserver) {
    observer = newObserver;
    consolidator.listener = newObserver;
  }

  @Override
  final List<Slot> longTerm() {
    return longTerm.slots();
  }

  @Override
  final List<Slot> shortTerm() {
    return shortTermView;
  }

  @Override
  final long merges() {
    return consolidator.merges() + longTerm.merges();
  }

  /**
   * Puts a frame at the end of short-term memory, which has room for it. Compares it with the one
   * before at once, while its tokens are in the cache, unless the window is compared as a whole.
   */
  final void remember(Fresh fresh) {
    Slot slot = fresh.take();
    if (!shortTerm.isEmpty() && !store.comparesWindows()) {
      consolidator.similarity().known(shortTerm.get(shortTerm.size() - 1), slot);
    }
    shortTerm.add(slot);
  }

  /** Drops the oldest frame of short-term memory. */
  final void evictOldest() {
    Slot oldest = shortTerm.remove(0);
    forgotten(oldest.frames);
    giveBack(oldest);
  }

  /**
   * Merges short-term memory and appends the result to long-term memory.
   *
   * @param target slots to merge to
   * @param carry whether short-term memory goes on with the merged slots instead of empty
   */
  final void consolidate(int target, boolean carry) {
    consolidate(shortTerm.size(), target, carry);
  }

  /** The same for the oldest slots of short-term memory only. */
  final void consolidate(int oldest, int target, boolean carry) {
    ConsolidationEvent event = new ConsolidationEvent();
    event.begin();
    long longTermMerges = longTerm.merges();
    int before = oldest;
    if (observer != null) {
      observer.consolidating(shortTermView);
    }
    for (int i = 0; i < before; i++) {
      window[i] = shortTerm.get(i);
    }
    int after = consolidator.consolidate(window, before, target);
    shortTerm.subList(0, before).clear();
    if (after > 0) {
      // What it remembers is how alike it is to a frame that will merge with others first.
      window[after - 1].next = null;
    }
    for (int i = after; i < before; i++) {
      giveBack(window[i]);
    }
    if (carry) {
      for (int i = 0; i < after; i++) {
        shortTerm.add(i, window[i]);
      }
    }
    if (observer != null) {
      observer.consolidated(Arrays.asList(window).subList(0, after));
    }
    for (int i = 0; i < after; i++) {
      Slot slot = window[i];
      if (!carry) {
        longTerm.append(slot);
      } else if (slot.frames > 0) {
        longTerm.appendCopy(slot);
        slot.frames = 0;
      }
      // Else the slot is exactly what long-term memory got the last time.
    }
    if (event.shouldCommit()) {
      event.strategy = strategy();
      event.before = before;
      event.after = after;
      event.longTermSlots = longTerm.slots().size();
      event.longTermMerges = longTerm.merges() - longTermMerges;
      event.framesSeen = framesSeen() + 1;
      event.commit();
    }
  }

  @Override
  final void replay(int longTermCount, int shortTermCount, Iterator<Slot> slots) {
    for (int i = 0; i < longTermCount; i++) {
      longTerm.append(slots.next());
    }
    for (int i = 0; i < shortTermCount; i++) {
      shortTerm.add(slots.next());
    }
  }

  /** How many merged slots short-term memory starts with after a consolidation. */
  abstract int carried();

  /** Told after an earlier memory was taken over. */
  abstract void resumed();

  /**
   * Takes over an earlier memory. What short-term memory carried is not told by a snapshot: the
   * newest long-term slots, which it was copied from, take its place.
   */
  @Override
  final void takeOver(List<MemorySlot> slots) {
    int longTermCount = 0;
    for (MemorySlot slot : slots) {
      if (slot.tier() == MemorySlot.Tier.LONG_TERM) {
        longTerm.append(restore(slot));
        longTermCount++;
      }
    }
    int recent = slots.size() - longTermCount;
    int taken = longTermCount == 0 ? 0 : Math.min(carried(), longTermCount);
    require(
        recent + taken < shortTermCapacity,
        "the earlier memory has %d short-term frames, this strategy's settings (%d short-term"
            + " frames) would have consolidated them; go on with the settings that made it",
        recent,
        shortTermCapacity);
    for (int i = longTermCount - taken; i < longTermCount; i++) {
      Slot slot = restore(slots.get(i));
      slot.frames = 0;
      shortTerm.add(slot);
    }
    for (MemorySlot slot : slots.subList(longTermCount, slots.size())) {
      shortTerm.add(restore(slot));
    }
    resumed();
  }

  @Override
  void forget() {
    longTerm.forget();
    shortTerm.forEach(this::giveBack);
    shortTerm.clear();
    consolidator.forgetCounts();
  }
}
