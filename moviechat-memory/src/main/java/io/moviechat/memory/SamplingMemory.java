package io.moviechat.memory;

import io.moviechat.MemorySlot;
import io.moviechat.TokenShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.function.IntToLongFunction;

/**
 * Keeps single frames as they came and forgets the others: the plain baselines that every claim is
 * compared with. A {@link Rule} chooses which frame goes when there is one too many, and looks at
 * nothing but times and counts.
 */
final class SamplingMemory extends SlotMemory {
  static final int NONE = -1;

  private final List<Slot> slots;
  private final int capacity;
  private final List<Slot> view;
  private final boolean recent;
  private final Rule rule;

  /** Which of the kept frames goes for the coming one. */
  @FunctionalInterface
  interface Rule {
    /**
     * @param kept times of the kept frames by index, ascending
     * @param capacity how many are kept
     * @param seen frames before the coming one
     * @param coming its time
     * @return an index, or {@link #NONE} if the coming frame itself is not kept
     */
    int victim(IntToLongFunction kept, int capacity, long seen, long coming);
  }

  /** The last frames. ("SimpleStream", arXiv 2604.02317.) */
  static final Rule RECENT = (kept, capacity, seen, coming) -> 0;

  /**
   * Frames spread evenly over the time watched so far: the one goes whose neighbours are closest
   * together, the earliest on a tie; never the first or the newest.
   */
  static final Rule UNIFORM =
      (kept, capacity, seen, coming) -> {
        int best = capacity - 1;
        long bestGap = Long.MAX_VALUE;
        for (int i = 1; i < capacity; i++) {
          long next = i + 1 < capacity ? kept.applyAsLong(i + 1) : coming;
          long gap = next - kept.applyAsLong(i - 1);
          if (gap < bestGap) {
            best = i;
            bestGap = gap;
          }
        }
        return best;
      };

  /**
   * A random sample in which every frame is with the same probability. (Vitter, "Random sampling
   * with a reservoir", 1985, algorithm R.) The random number for frame i depends on the seed and i
   * only, so that a resumed memory draws the same ones.
   */
  static Rule reservoir(long seed) {
    return (kept, capacity, seen, coming) -> {
      long bits = mix(seed + 0x9e3779b97f4a7c15L * (seen + 1));
      // Bias below capacity / 2^63, which no test could see.
      long drawn = (bits >>> 1) % (seen + 1);
      return drawn < capacity ? (int) drawn : NONE;
    };
  }

  /**
   * @param rule {@link #RECENT} makes slots short-term
   */
  SamplingMemory(String strategy, TokenShape shape, TokenStore store, int capacity, Rule rule) {
    super(strategy, shape, capacity, store);
    this.capacity = capacity;
    this.slots = new ArrayList<>(capacity);
    this.view = Collections.unmodifiableList(slots);
    this.recent = rule == RECENT;
    this.rule = rule;
  }

  /** Indices of the frames that are kept at the end of a pass. */
  static int[] survivors(Rule rule, int capacity, long[] times) {
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < times.length; i++) {
      if (kept.size() == capacity) {
        int victim = rule.victim(at -> times[kept.get(at)], capacity, i, times[i]);
        if (victim == NONE) {
          continue;
        }
        kept.remove(victim);
      }
      kept.add(i);
    }
    return kept.stream().mapToInt(Integer::intValue).toArray();
  }

  /** The finaliser of SplitMix64. */
  private static long mix(long bits) {
    long z = (bits ^ (bits >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  @Override
  void accept(Fresh fresh) {
    if (slots.size() == capacity) {
      int victim =
          rule.victim(at -> slots.get(at).start, capacity, framesSeen(), fresh.timestamp());
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
  void replay(int longTermCount, int shortTermCount, Iterator<Slot> parts) {
    for (int i = 0; i < longTermCount + shortTermCount; i++) {
      slots.add(parts.next());
    }
  }

  @Override
  List<Slot> longTerm() {
    return recent ? List.of() : view;
  }

  @Override
  List<Slot> shortTerm() {
    return recent ? view : List.of();
  }

  @Override
  long merges() {
    return 0;
  }

  @Override
  void takeOver(List<MemorySlot> earlier) {
    requireRoomFor(earlier, capacity);
    earlier.forEach(slot -> slots.add(restore(slot)));
  }

  @Override
  void forget() {
    slots.forEach(this::giveBack);
    slots.clear();
  }
}
