package io.moviechat.memory;

import io.moviechat.MemorySlot;
import io.moviechat.TokenShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Keeps single frames as they came and forgets the others: the plain baselines that every claim is
 * compared with. A subclass chooses which frame goes when there is one too many.
 */
abstract class SamplingMemory extends SlotMemory {
  final List<Slot> slots;
  final int capacity;
  private final List<Slot> view;
  private final boolean recent;

  /**
   * @param recent whether what is kept is the newest, so that slots are short-term
   */
  SamplingMemory(
      String strategy, TokenShape shape, TokenStore store, int capacity, boolean recent) {
    super(strategy, shape, capacity, store);
    this.capacity = capacity;
    this.slots = new ArrayList<>(capacity);
    this.view = Collections.unmodifiableList(slots);
    this.recent = recent;
  }

  /** The last {@code capacity} frames. ("SimpleStream", arXiv 2604.02317.) */
  static SamplingMemory recent(TokenShape shape, TokenStore store, int capacity) {
    return new SamplingMemory(MemoryStrategies.RECENT, shape, store, capacity, true) {
      @Override
      int victim(long timestamp) {
        return 0;
      }
    };
  }

  /**
   * Frames spread evenly over the time watched so far: the one goes whose neighbours are closest
   * together, the earliest on a tie; never the first or the newest.
   */
  static SamplingMemory uniform(TokenShape shape, TokenStore store, int capacity) {
    return new SamplingMemory(MemoryStrategies.UNIFORM, shape, store, capacity, false) {
      @Override
      int victim(long timestamp) {
        int best = capacity - 1;
        long bestGap = Long.MAX_VALUE;
        for (int i = 1; i < capacity; i++) {
          long next = i + 1 < capacity ? slots.get(i + 1).start : timestamp;
          long gap = next - slots.get(i - 1).start;
          if (gap < bestGap) {
            best = i;
            bestGap = gap;
          }
        }
        return best;
      }
    };
  }

  /**
   * A random sample in which every frame is with the same probability. (Vitter, "Random sampling
   * with a reservoir", 1985, algorithm R.) The random number for frame i depends on the seed and i
   * only, so that a resumed memory draws the same ones.
   */
  static SamplingMemory reservoir(TokenShape shape, TokenStore store, int capacity, long seed) {
    return new SamplingMemory(MemoryStrategies.RESERVOIR, shape, store, capacity, false) {
      @Override
      int victim(long timestamp) {
        long bits = mix(seed + 0x9e3779b97f4a7c15L * (framesSeen() + 1));
        // Bias below capacity / 2^63, which no test could see.
        long drawn = (bits >>> 1) % (framesSeen() + 1);
        return drawn < capacity ? (int) drawn : NONE;
      }
    };
  }

  /** The finaliser of SplitMix64. */
  private static long mix(long bits) {
    long z = (bits ^ (bits >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  static final int NONE = -1;

  /**
   * Which of the kept frames goes for the coming one.
   *
   * @param timestamp of the coming frame
   * @return an index in {@link #slots}, or {@link #NONE} if the coming frame itself is not kept
   */
  abstract int victim(long timestamp);

  @Override
  final void accept(Fresh fresh) {
    if (slots.size() == capacity) {
      int victim = victim(fresh.timestamp());
      forgotten(1);
      if (victim == NONE) {
        return;
      }
      Slot gone = slots.remove(victim);
      // A resumed memory may have been made by merging.
      forgotten(gone.frames - 1);
      giveBack(gone);
    }
    slots.add(fresh.take());
  }

  @Override
  final List<Slot> longTerm() {
    return recent ? List.of() : view;
  }

  @Override
  final List<Slot> shortTerm() {
    return recent ? view : List.of();
  }

  @Override
  final long merges() {
    return 0;
  }

  @Override
  final void takeOver(List<MemorySlot> earlier) {
    requireRoomFor(earlier, capacity);
    earlier.forEach(slot -> slots.add(restore(slot)));
  }

  @Override
  final void forget() {
    slots.forEach(this::giveBack);
    slots.clear();
  }
}
