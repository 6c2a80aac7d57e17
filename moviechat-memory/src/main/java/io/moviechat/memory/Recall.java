package io.moviechat.memory;

import static io.moviechat.internal.Checks.require;

import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
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

  /** Slots whose weighted sum is kept: a merged slot adds up a few sums, not all of its slots. */
  private static final int BLOCK = 16;

  private final MemorySnapshot store;
  private final Kept kept;
  private final int[] next;
  private final int[] previous;
  private final float[] wanted;

  /** What was merged, at its first slot, as {@link Kept#directions}; a slot's own before that. */
  private final float[][][] directions;

  private final double[][] lengths;
  private final float[] products;

  /**
   * What is kept of a store from one question to the next, since reading all tokens is what takes
   * longest. A fifth of the store's size where slots have 64 tokens.
   */
  static final class Kept {
    /**
     * What slots are compared by: weighted sums of groups of adjacent tokens, of length 1 each, or
     * zero; {@code [slot][group][width]}.
     */
    private final float[][][] directions;

    /** The lengths of these sums, {@code [slot][group]}. */
    private final double[][] lengths;

    /** Mean cosine of each slot and the next. */
    private final double[] similarities;

    /** Sums of the tokens of {@value #BLOCK} slots, weighted by frames. */
    private final float[][] blocks;

    private Kept(int slots) {
      directions = new float[slots][][];
      lengths = new double[slots][];
      similarities = new double[Math.max(0, slots - 1)];
      blocks = new float[slots / BLOCK][];
    }

    static Kept of(MemorySnapshot store) {
      int slots = store.slots().size();
      Kept kept = new Kept(slots);
      IntStream.rangeClosed(0, (slots - 1) / BLOCK)
          .parallel()
          .forEach(block -> kept.read(store, block));
      IntStream.range(0, slots - 1)
          .parallel()
          .forEach(
              i ->
                  kept.similarities[i] =
                      cosine(
                          kept.directions[i],
                          kept.directions[i + 1],
                          new float[store.shape().width()]));
      return kept;
    }

    private void read(MemorySnapshot store, int block) {
      TokenShape shape = store.shape();
      int groups = Math.min(COMPARED_TOKENS, shape.tokens());
      float[] values = new float[shape.floats()];
      float[] sum = new float[block < blocks.length ? values.length : 0];
      int end = Math.min(store.slots().size(), (block + 1) * BLOCK);
      for (int i = block * BLOCK; i < end; i++) {
        MemorySlot slot = store.slots().get(i);
        slot.tokens().get(values);
        if (sum.length > 0) {
          Kernels.addScaled(sum, values, (float) slot.frames());
        }
        directions[i] = sumsOf(values, slot.frames(), shape, groups);
        lengths[i] = new double[groups];
        for (int group = 0; group < groups; group++) {
          float[] direction = directions[i][group];
          double length = Math.sqrt(Kernels.dot(direction, direction));
          lengths[i][group] = length > Float.MIN_NORMAL ? length : 0;
          Kernels.scale(direction, lengths[i][group] > 0 ? (float) (1 / length) : 0);
        }
      }
      if (sum.length > 0) {
        blocks[block] = sum;
      }
    }
  }

  private Recall(MemorySnapshot store, Kept kept, float[] relevance) {
    this.store = store;
    this.kept = kept;
    int slots = store.slots().size();
    this.next = IntStream.rangeClosed(1, slots).toArray();
    this.previous = IntStream.range(-1, slots).toArray();
    this.wanted = spread(relevance);
    this.directions = kept.directions.clone();
    this.lengths = kept.lengths.clone();
    this.products = new float[store.shape().width()];
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
    return consolidate(store, () -> Kept.of(store), relevance, slots);
  }

  /** Like {@link #consolidate(MemorySnapshot, float[], int)}, with what is kept of the store. */
  static MemorySnapshot consolidate(
      MemorySnapshot store, Supplier<Kept> kept, float[] relevance, int slots) {
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
    return new Recall(store, kept.get(), relevance).mergeTo(slots);
  }

  private static float[] spread(float[] relevance) {
    float[] spread = relevance.clone();
    for (int i = 0; i + 1 < relevance.length; i++) {
      spread[i] = Math.max(spread[i], NEIGHBOURS * relevance[i + 1]);
      spread[i + 1] = Math.max(spread[i + 1], NEIGHBOURS * relevance[i]);
    }
    return spread;
  }

  private static float[][] sumsOf(float[] values, long frames, TokenShape shape, int groups) {
    int tokens = shape.tokens();
    int width = shape.width();
    float[][] sums = new float[groups][width];
    for (int group = 0; group < groups; group++) {
      int first = group * tokens / groups;
      int end = (group + 1) * tokens / groups;
      float scale = (float) frames / (end - first);
      for (int token = first; token < end; token++) {
        for (int d = 0; d < width; d++) {
          sums[group][d] += scale * values[token * width + d];
        }
      }
    }
    return sums;
  }

  /**
   * Mean cosine of directions.
   *
   * @param products room for one
   */
  private static double cosine(float[][] a, float[][] b, float[] products) {
    int group = a.length % 2;
    if (group == 1) {
      Kernels.multiply(products, a[0], b[0]);
    } else {
      Kernels.multiply(products, a[0], b[0], a[1], b[1]);
      group = 2;
    }
    for (; group < a.length; group += 2) {
      Kernels.addProducts(products, a[group], b[group], a[group + 1], b[group + 1]);
    }
    return Kernels.sum(products) / a.length;
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
                .mapToObj(i -> new Pair(cost(i, i + 1, kept.similarities[i]), i, i + 1, 0))
                .toList());
    for (int left = size; left > slots; ) {
      Pair pair = pairs.remove();
      int a = pair.first();
      int b = pair.second();
      if (next[a] != b || version[a] + version[b] != pair.version()) {
        continue;
      }
      add(a, b);
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

  /** Adds what the second is compared by to the first. */
  @SuppressWarnings("ReferenceEquality") // whether it is still what is kept, which must not change
  private void add(int a, int b) {
    if (directions[a] == kept.directions[a]) {
      directions[a] = Arrays.stream(directions[a]).map(float[]::clone).toArray(float[][]::new);
      lengths[a] = lengths[a].clone();
    }
    for (int group = 0; group < lengths[a].length; group++) {
      float[] into = directions[a][group];
      float[] other = directions[b][group];
      double x = lengths[a][group];
      double y = lengths[b][group];
      Kernels.multiply(products, into, other);
      double length = Math.sqrt(Math.max(0, x * x + y * y + 2 * x * y * Kernels.sum(products)));
      double scale = length > 0 ? 1 / length : 0;
      Kernels.blend(into, (float) (x * scale), other, (float) (y * scale));
      lengths[a][group] = length;
    }
  }

  private Pair pair(int a, int b, int[] version) {
    double similarity = cosine(directions[a], directions[b], products);
    return new Pair(cost(a, b, similarity), a, b, version[a] + version[b]);
  }

  private double cost(int a, int b, double similarity) {
    return 1 - similarity + WANTED * Math.max(wanted[a], wanted[b]);
  }

  private MemorySnapshot result() {
    List<int[]> left = new ArrayList<>();
    for (int first = 0; first < next.length; first = next[first]) {
      left.add(new int[] {first, next[first]});
    }
    int lastMerged = -1;
    for (int i = 0; i < left.size(); i++) {
      lastMerged = left.get(i)[1] - left.get(i)[0] > 1 ? i : lastMerged;
    }
    int last = lastMerged;
    List<MemorySlot> slots =
        IntStream.range(0, left.size())
            .parallel()
            .mapToObj(i -> slot(left.get(i)[0], left.get(i)[1], i < last))
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
    long frames = members.stream().mapToLong(MemorySlot::frames).sum();
    double salience = members.stream().mapToDouble(MemorySlot::salience).max().orElse(0);
    return MemorySlot.of(
        MemorySlot.Tier.LONG_TERM,
        one.start(),
        members.get(members.size() - 1).end(),
        frames,
        nearest(first, members, frames).representative(),
        salience,
        store.shape(),
        // Its own values, not its frames times them over its frames, which rounds.
        members.size() == 1 ? one.tokens() : FloatBuffer.wrap(mean(first, end, frames)));
  }

  /** Mean of the tokens of some slots, weighted by frames. */
  private float[] mean(int first, int end, long frames) {
    float[] mean = new float[store.shape().floats()];
    float[] values = new float[mean.length];
    int firstBlock = (first + BLOCK - 1) / BLOCK;
    int endBlock = end / BLOCK;
    if (firstBlock >= endBlock) {
      addSlots(mean, first, end, 1, values);
    } else {
      addPart(mean, first, firstBlock * BLOCK, firstBlock - 1, values);
      for (int block = firstBlock; block < endBlock; block++) {
        Kernels.add(mean, kept.blocks[block]);
      }
      addPart(mean, endBlock * BLOCK, end, endBlock, values);
    }
    Kernels.scale(mean, (float) (1.0 / frames));
    return mean;
  }

  /** Adds some slots of a block: these, or the whole block without the others. */
  private void addPart(float[] sum, int first, int end, int block, float[] values) {
    if (end - first <= BLOCK / 2 || block >= kept.blocks.length) {
      addSlots(sum, first, end, 1, values);
      return;
    }
    Kernels.add(sum, kept.blocks[block]);
    addSlots(sum, block * BLOCK, first, -1, values);
    addSlots(sum, end, (block + 1) * BLOCK, -1, values);
  }

  private void addSlots(float[] sum, int first, int end, int sign, float[] values) {
    for (MemorySlot slot : store.slots().subList(first, end)) {
      slot.tokens().get(values);
      Kernels.addScaled(sum, values, (float) (sign * slot.frames()));
    }
  }

  /** The member nearest to the mean, by what they are compared by: its frame stands for all. */
  private MemorySlot nearest(int first, List<MemorySlot> members, long frames) {
    MemorySlot nearest = members.get(0);
    double best = Double.POSITIVE_INFINITY;
    float[] sums = new float[store.shape().width()];
    for (int i = 0; i < members.size(); i++) {
      MemorySlot member = members.get(i);
      double[] own = kept.lengths[first + i];
      double squares = 0;
      Arrays.fill(sums, 0);
      for (int group = 0; group < own.length; group++) {
        double length = own[group] / member.frames();
        squares += length * length;
        Kernels.addScaledProducts(
            sums,
            kept.directions[first + i][group],
            directions[first][group],
            (float) (length * lengths[first][group] / frames));
      }
      double distance = squares - 2 * Kernels.sum(sums); // the mean's own is the same for all
      if (distance < best) {
        best = distance;
        nearest = member;
      }
    }
    return nearest;
  }
}
