package io.moviechat.memory;

import org.jspecify.annotations.Nullable;

/**
 * Merges the most similar adjacent slots until few enough are left. Greedy: one pair at a time, the
 * earlier pair on a tie.
 *
 * <p>A merged slot is a linear combination of the slots that went into it, so its token mean is the
 * same combination of their token means. Where the similarity needs no more than these, nothing but
 * {@code [K, D]} means is touched while pairs are chosen, and each frame's tokens are read once, at
 * the end.
 */
final class Consolidator {
  /** Hears every merge. For tests and statistics. */
  interface MergeListener {
    /**
     * Called before a merge.
     *
     * @param index of the earlier slot of the pair
     * @param similarities of all adjacent pairs at that point; valid during the call only
     * @param pairs how many of them
     */
    void merging(int index, double[] similarities, int pairs);
  }

  private final TokenStore store;
  private final Similarity similarity;
  private final boolean weighted;
  private final double[] similarities;
  private final int[] rows;
  private final float[] coefficients;
  private final int[] groupStarts;
  private final Slot[] originals;
  private final boolean[] real;
  private long merges;
  @Nullable MergeListener listener;

  /**
   * @param weighted whether averages are weighted by {@link Slot#weight}
   * @param most most slots that one call is ever given
   */
  Consolidator(TokenStore store, Similarity similarity, boolean weighted, int most) {
    this.store = store;
    this.similarity = similarity;
    this.weighted = weighted;
    this.similarities = new double[most];
    this.rows = new int[most];
    this.coefficients = new float[most];
    this.groupStarts = new int[most + 1];
    this.originals = new Slot[most];
    this.real = new boolean[most];
  }

  Similarity similarity() {
    return similarity;
  }

  /** Pairs merged since the start. */
  long merges() {
    return merges;
  }

  void forgetCounts() {
    merges = 0;
  }

  /**
   * Merges until at most {@code target} slots are left.
   *
   * @param slots in time order; afterwards the merged ones come first, in time order, followed by
   *     those that became part of another
   * @param count how many of them to look at
   * @return how many are left
   */
  int consolidate(Slot[] slots, int count, int target) {
    if (count <= target) {
      return count;
    }
    boolean whole = similarity.compareAll(slots, count);
    boolean atOnce = similarity.readsTokens() && !whole;
    for (int i = 0; i < count; i++) {
      originals[i] = slots[i];
      real[i] = slots[i].frames > 0;
      rows[i] = slots[i].row;
      coefficients[i] = 1;
      groupStarts[i] = i;
    }
    groupStarts[count] = count;
    for (int i = 0; i + 1 < count; i++) {
      similarities[i] = similarity.known(slots[i], slots[i + 1]);
    }
    int left = count;
    while (left > target) {
      int best = 0;
      for (int i = 1; i < left - 1; i++) {
        if (similarities[i] > similarities[best]) {
          best = i;
        }
      }
      if (listener != null) {
        listener.merging(best, similarities, left - 1);
      }
      Slot into = slots[best];
      Slot other = slots[best + 1];
      float a = share(into, other);
      float b = share(other, into);
      boolean exact = similarity.merged(into, a, other, b);
      if (atOnce) {
        store.blend(into.row, a, other.row, b);
      } else {
        for (int i = groupStarts[best]; i < groupStarts[best + 1]; i++) {
          coefficients[i] *= a;
        }
        for (int i = groupStarts[best + 1]; i < groupStarts[best + 2]; i++) {
          coefficients[i] *= b;
        }
      }
      join(into, other, a, b);
      left--;
      System.arraycopy(slots, best + 2, slots, best + 1, left - best - 1);
      slots[left] = other;
      System.arraycopy(groupStarts, best + 2, groupStarts, best + 1, left - best);
      System.arraycopy(similarities, best + 1, similarities, best, left - best - 1);
      if (whole && !exact) {
        // What is left of the merged slot is mostly rounding: look at the tokens themselves.
        combine(left);
        whole = similarity.compareAll(slots, left);
        atOnce = !whole;
      }
      if (best > 0) {
        similarities[best - 1] = similarity.between(slots[best - 1], into);
      }
      if (best + 1 < left) {
        similarities[best] = similarity.between(into, slots[best + 1]);
      }
    }
    if (!atOnce) {
      combine(left);
    }
    similarity.compared(slots, left);
    for (int group = 0; group < left; group++) {
      chooseRepresentative(slots[group], groupStarts[group], groupStarts[group + 1]);
    }
    return left;
  }

  /** Carries out the merges so far. */
  private void combine(int groups) {
    store.combine(rows, coefficients, groupStarts, groups);
    for (int group = 0; group < groups; group++) {
      coefficients[groupStarts[group]] = 1;
      for (int i = groupStarts[group] + 1; i < groupStarts[group + 1]; i++) {
        coefficients[i] = 0;
      }
    }
  }

  /** Merges one slot into another, tokens included, and chooses the representative frame. */
  void merge(Slot into, Slot other) {
    float a = share(into, other);
    float b = share(other, into);
    store.blend(into.row, a, other.row, b);
    similarity.merged(into, a, other, b);
    boolean otherHasFrames = other.frames > 0;
    boolean intoHasFrames = into.frames > 0;
    join(into, other, a, b);
    if (otherHasFrames
        && (!intoHasFrames || other.distanceTo(into.mean) < into.distanceTo(into.mean))) {
      into.represent(other);
    }
  }

  private float share(Slot of, Slot other) {
    return weighted ? (float) (of.weight / (of.weight + other.weight)) : 0.5f;
  }

  private void join(Slot into, Slot other, float a, float b) {
    into.next = null;
    into.blend(a, other, b);
    // A carried slot stands for no frames of its own and must not stretch the time span.
    into.start = into.frames == 0 ? other.start : into.start;
    into.frames += other.frames;
    into.weight += other.weight;
    merges++;
  }

  /** The real frame nearest to the mean; the earliest on a tie. */
  private void chooseRepresentative(Slot slot, int from, int to) {
    int best = -1;
    double bestDistance = Double.POSITIVE_INFINITY;
    for (int i = from; i < to; i++) {
      double distance = real[i] ? originals[i].distanceTo(slot.mean) : Double.POSITIVE_INFINITY;
      if (distance < bestDistance) {
        best = i;
        bestDistance = distance;
      }
    }
    if (best > from) {
      slot.represent(originals[best]);
    }
  }
}
