package io.moviechat.memory;

import static io.moviechat.internal.Checks.require;

import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Consolidation at question time: a memory larger than the prompt becomes one that fits, by
 * MovieChat's own rule with one term more. The cheapest adjacent pair merges first, where a merge
 * costs
 *
 * <pre>{@code dissimilarity(a, b) + 2 max(wanted(a), wanted(b))}</pre>
 *
 * <p>Dissimilarity is one minus the mean cosine of matching tokens (the paper's equation 3), from 0
 * to 2. Wanted is the slot's relevance to the question, or half of its neighbour's where that is
 * more: what comes just before and after a thing is asked for with it. Without relevance this is
 * plain MovieChat; with it, what the question is about stays sharp and everything else is context.
 * The slots given still tile the time watched, in order.
 *
 * <p>Slots of many tokens are compared by the means of {@value #COMPARED_TOKENS} groups of adjacent
 * tokens; what is merged are always the tokens themselves, weighted by frames. Deterministic; ties
 * go to the earlier pair.
 */
final class Recall {
  /** What relevance 1 adds to the cost of a merge. */
  static final double WANTED = 2;

  /** The share of a slot's relevance that the slots beside it get. */
  static final float NEIGHBOURS = 0.5f;

  static final int COMPARED_TOKENS = 8;

  private final MemorySnapshot store;
  private final int[] next;
  private final int[] previous;
  private final float[] wanted;

  /** What each slot is compared by, before any merge. */
  private final Compared slotsAlone;

  /** The same of what was merged, at its first slot; a slot's own until its first merge. */
  private final float[][] sums;

  private final double[][] squares;
  private final int groups;
  private final int width;

  /**
   * What the slots of a store are compared by, the same for every question: reading all tokens is
   * what takes longest. An eighth of the store's size where slots have 64 tokens.
   */
  static final class Compared {
    /** Weighted sums of groups of adjacent tokens, of each slot. */
    private final float[][] sums;

    /** Their squared lengths. */
    private final double[][] squares;

    private Compared(int slots) {
      sums = new float[slots][];
      squares = new double[slots][];
    }

    static Compared of(MemorySnapshot store) {
      int slots = store.slots().size();
      Compared compared = new Compared(slots);
      int groups = Math.min(COMPARED_TOKENS, store.shape().tokens());
      IntStream.range(0, slots)
          .parallel()
          .forEach(
              i -> {
                compared.sums[i] = sumOf(store.slots().get(i), store.shape(), groups);
                compared.squares[i] = squaresOf(compared.sums[i], groups, store.shape().width());
              });
      return compared;
    }
  }

  private Recall(MemorySnapshot store, Compared compared, float[] relevance) {
    this.store = store;
    int slots = store.slots().size();
    TokenShape shape = store.shape();
    this.groups = Math.min(COMPARED_TOKENS, shape.tokens());
    this.width = shape.width();
    this.next = IntStream.rangeClosed(1, slots).toArray();
    this.previous = IntStream.range(-1, slots).toArray();
    this.wanted = spread(relevance);
    this.slotsAlone = compared;
    this.sums = compared.sums.clone();
    this.squares = compared.squares.clone();
  }

  /**
   * Consolidates a memory to a number of slots.
   *
   * @param store any number of slots
   * @param relevance how much the question wants each slot, in [0, 1]
   * @param slots at most so many are left, at least 1
   * @return the store itself if it has no more slots than that
   * @throws IllegalArgumentException if there is not one relevance per slot, or one is outside [0,
   *     1]
   */
  static MemorySnapshot consolidate(MemorySnapshot store, float[] relevance, int slots) {
    return consolidate(store, () -> Compared.of(store), relevance, slots);
  }

  /** Like {@link #consolidate(MemorySnapshot, float[], int)}, with what is kept of the store. */
  static MemorySnapshot consolidate(
      MemorySnapshot store, Supplier<Compared> compared, float[] relevance, int slots) {
    require(slots >= 1, "a prompt holds at least 1 slot, was %d", slots);
    require(
        relevance.length == store.slots().size(),
        "there are %d relevances for %d slots",
        relevance.length,
        store.slots().size());
    for (int i = 0; i < relevance.length; i++) {
      require(
          relevance[i] >= 0 && relevance[i] <= 1,
          "the relevance of slot %d is %s, not in [0, 1]",
          i,
          relevance[i]);
    }
    if (store.slots().size() <= slots) {
      return store;
    }
    return new Recall(store, compared.get(), relevance).mergeTo(slots);
  }

  private static float[] spread(float[] relevance) {
    float[] spread = relevance.clone();
    for (int i = 0; i + 1 < relevance.length; i++) {
      spread[i] = Math.max(spread[i], NEIGHBOURS * relevance[i + 1]);
      spread[i + 1] = Math.max(spread[i + 1], NEIGHBOURS * relevance[i]);
    }
    return spread;
  }

  private static float[] sumOf(MemorySlot slot, TokenShape shape, int groups) {
    int tokens = shape.tokens();
    int width = shape.width();
    float[] values = new float[shape.floats()];
    slot.tokens().get(values);
    float[] sum = new float[groups * width];
    for (int group = 0; group < groups; group++) {
      int first = group * tokens / groups;
      int end = (group + 1) * tokens / groups;
      float scale = (float) slot.frames() / (end - first);
      for (int token = first; token < end; token++) {
        for (int d = 0; d < width; d++) {
          sum[group * width + d] += scale * values[token * width + d];
        }
      }
    }
    return sum;
  }

  private static double[] squaresOf(float[] sum, int groups, int width) {
    double[] squares = new double[groups];
    for (int group = 0; group < groups; group++) {
      squares[group] = Kernels.dot(sum, sum, group * width, width);
    }
    return squares;
  }

  /** A merge that could be made; stale once one of the two has changed. */
  private record Pair(double cost, int first, int second, int version) implements Comparable<Pair> {
    @Override
    public int compareTo(Pair other) {
      int byCost = Double.compare(cost, other.cost);
      return byCost != 0 ? byCost : Integer.compare(first, other.first);
    }
  }

  private MemorySnapshot mergeTo(int slots) {
    int size = next.length;
    int[] version = new int[size];
    PriorityQueue<Pair> pairs =
        new PriorityQueue<>(
            IntStream.range(0, size - 1)
                .parallel()
                .mapToObj(i -> new Pair(cost(i, i + 1), i, i + 1, 0))
                .toList());
    for (int left = size; left > slots; ) {
      Pair pair = pairs.remove();
      int a = pair.first();
      int b = pair.second();
      if (next[a] != b || version[a] + version[b] != pair.version()) {
        continue;
      }
      if (sums[a] == slotsAlone.sums[a]) {
        sums[a] = sums[a].clone();
      }
      Kernels.add(sums[a], sums[b]);
      squares[a] = squaresOf(sums[a], groups, width);
      sums[b] = new float[0];
      wanted[a] = Math.max(wanted[a], wanted[b]);
      version[a] += version[b] + 1;
      next[a] = next[b];
      if (next[b] < size) {
        previous[next[b]] = a;
        pairs.add(pair(a, next[a], version));
      }
      if (previous[a] >= 0) {
        pairs.add(pair(previous[a], a, version));
      }
      next[b] = -1;
      left--;
    }
    return result();
  }

  private Pair pair(int a, int b, int[] version) {
    return new Pair(cost(a, b), a, b, version[a] + version[b]);
  }

  private double cost(int a, int b) {
    double similarity = 0;
    for (int group = 0; group < groups; group++) {
      double lengths = Math.sqrt(squares[a][group]) * Math.sqrt(squares[b][group]);
      similarity += lengths > 0 ? Kernels.dot(sums[a], sums[b], group * width, width) / lengths : 0;
    }
    return 1 - similarity / groups + WANTED * Math.max(wanted[a], wanted[b]);
  }

  private MemorySnapshot result() {
    List<int[]> kept = new ArrayList<>();
    for (int first = 0; first < next.length; first = next[first]) {
      kept.add(new int[] {first, next[first]});
    }
    int lastMerged = -1;
    for (int i = 0; i < kept.size(); i++) {
      lastMerged = kept.get(i)[1] - kept.get(i)[0] > 1 ? i : lastMerged;
    }
    int last = lastMerged;
    List<MemorySlot> slots =
        IntStream.range(0, kept.size())
            .parallel()
            .mapToObj(i -> slot(kept.get(i)[0], kept.get(i)[1], i < last))
            .toList();
    return new MemorySnapshot(store.shape(), slots, store.framesSeen(), store.framesForgotten());
  }

  /** One slot for several; a single one before a merged one is long-term too. */
  private MemorySlot slot(int first, int end, boolean beforeMerged) {
    List<MemorySlot> members = store.slots().subList(first, end);
    MemorySlot one = members.get(0);
    if (members.size() == 1 && (!beforeMerged || one.tier() == MemorySlot.Tier.LONG_TERM)) {
      return one;
    }
    float[] mean = new float[store.shape().floats()];
    float[] values = new float[mean.length];
    long frames = members.stream().mapToLong(MemorySlot::frames).sum();
    double salience = 0;
    for (MemorySlot member : members) {
      member.tokens().get(values);
      Kernels.addScaled(mean, values, (float) ((double) member.frames() / frames));
      salience = Math.max(salience, member.salience());
    }
    return MemorySlot.of(
        MemorySlot.Tier.LONG_TERM,
        one.start(),
        members.get(members.size() - 1).end(),
        frames,
        nearest(first, members, frames).representative(),
        salience,
        store.shape(),
        FloatBuffer.wrap(mean));
  }

  /** The member nearest to the mean, by what they are compared by: its frame stands for all. */
  private MemorySlot nearest(int first, List<MemorySlot> members, long frames) {
    MemorySlot nearest = members.get(0);
    double best = Double.POSITIVE_INFINITY;
    for (int i = 0; i < members.size(); i++) {
      MemorySlot member = members.get(i);
      double distance = 0;
      for (int group = 0; group < groups; group++) {
        double own = slotsAlone.squares[first + i][group] / member.frames();
        double product = Kernels.dot(slotsAlone.sums[first + i], sums[first], group * width, width);
        distance += (own - 2 * product / frames) / member.frames(); // the mean's own is the same
      }
      if (distance < best) {
        best = distance;
        nearest = member;
      }
    }
    return nearest;
  }
}
