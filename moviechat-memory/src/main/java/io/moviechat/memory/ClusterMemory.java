package io.moviechat.memory;

import io.moviechat.MemorySlot;
import io.moviechat.TokenShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Clusters with real key frames, and a recent window; after the STAR memory of Flash-VStream (Zhang
 * et al., 2024), in our own words. A long-term slot is a cluster: it stands for the frames of the
 * cluster, but its tokens are those of the one real frame nearest to the cluster's centre,
 * unmerged.
 *
 * <p>Differences: clusters are stretches of time (slots must tile the movie), which makes the
 * weighted k-means problem solvable exactly, by dynamic programming over the cuts instead of
 * Lloyd's iteration. Distances are between token means.
 *
 * <p>When the window is full its older half joins the clusters: the points are the old clusters,
 * with their weights, and the new frames; the cuts minimise the weighted sum of squared distances
 * to the centres.
 */
final class ClusterMemory extends SlotMemory {
  private final int clusters;
  private final int window;
  private final List<Slot> longTerm;
  private final List<Slot> longTermView;
  private final List<Slot> recent;
  private final List<Slot> recentView;
  private final double[] pointCosts;
  private final double[][] segmentCosts;
  private final double[][] bestCosts;
  private final int[][] bestCuts;
  private final double[] sum;
  private long merges;

  ClusterMemory(TokenShape shape, TokenStore store, int clusters, int window) {
    super(MemoryStrategies.CLUSTERS, shape, clusters + window, store);
    this.clusters = clusters;
    this.window = window;
    this.longTerm = new ArrayList<>(clusters + window);
    this.longTermView = Collections.unmodifiableList(longTerm);
    this.recent = new ArrayList<>(window);
    this.recentView = Collections.unmodifiableList(recent);
    int points = clusters + window;
    this.pointCosts = new double[points];
    this.segmentCosts = new double[points][points];
    this.bestCosts = new double[clusters + 1][points + 1];
    this.bestCuts = new int[clusters + 1][points + 1];
    this.sum = new double[shape.width()];
  }

  @Override
  void accept(Fresh fresh) {
    recent.add(fresh.take());
    if (recent.size() == window) {
      List<Slot> older = recent.subList(0, (window + 1) / 2);
      longTerm.addAll(older);
      older.clear();
      if (longTerm.size() > clusters) {
        cluster();
      }
    }
  }

  private void cluster() {
    int points = longTerm.size();
    for (int from = 0; from < points; from++) {
      pointCosts[from] = longTerm.get(from).weight * Kernels.dot(mean(from), mean(from));
    }
    for (int from = 0; from < points; from++) {
      costsFrom(from, points);
    }
    for (int end = 1; end <= points; end++) {
      bestCosts[1][end] = segmentCosts[0][end - 1];
      bestCuts[1][end] = 0;
    }
    for (int count = 2; count <= clusters; count++) {
      for (int end = count; end <= points; end++) {
        bestCosts[count][end] = Double.POSITIVE_INFINITY;
        for (int cut = count - 1; cut < end; cut++) {
          double cost = bestCosts[count - 1][cut] + segmentCosts[cut][end - 1];
          if (cost < bestCosts[count][end]) {
            bestCosts[count][end] = cost;
            bestCuts[count][end] = cut;
          }
        }
      }
    }
    int end = points;
    for (int count = clusters; count >= 1; count--) {
      int cut = bestCuts[count][end];
      join(cut, end);
      end = cut;
    }
  }

  /** Weighted squared distances to the centre of points {@code from .. to}, for every to. */
  private void costsFrom(int from, int points) {
    double weight = 0;
    double squares = 0;
    Arrays.fill(sum, 0);
    for (int to = from; to < points; to++) {
      double w = longTerm.get(to).weight;
      float[] mean = mean(to);
      weight += w;
      squares += pointCosts[to];
      double length = 0;
      for (int d = 0; d < sum.length; d++) {
        sum[d] += w * mean[d];
        length += sum[d] * sum[d];
      }
      segmentCosts[from][to] = Math.max(0, squares - length / weight);
    }
  }

  private float[] mean(int point) {
    return longTerm.get(point).mean;
  }

  /** Makes one cluster of slots {@code from .. to - 1}. */
  private void join(int from, int to) {
    Slot first = longTerm.get(from);
    if (to - from == 1) {
      return;
    }
    double weight = first.weight;
    float[] centre = first.mean.clone();
    float @Nullable [] embedding = first.embedding == null ? null : first.embedding.clone();
    for (int i = from + 1; i < to; i++) {
      Slot other = longTerm.get(i);
      double share = other.weight / (weight + other.weight);
      Kernels.blend(centre, (float) (1 - share), other.mean, (float) share);
      if (embedding != null && other.embedding != null) {
        Kernels.blend(embedding, (float) (1 - share), other.embedding, (float) share);
      }
      weight += other.weight;
    }
    Slot nearest = first;
    long frames = 0;
    for (int i = from; i < to; i++) {
      Slot candidate = longTerm.get(i);
      frames += candidate.frames;
      if (candidate.distanceTo(centre) < nearest.distanceTo(centre)) {
        nearest = candidate;
      }
    }
    nearest.start = first.start;
    nearest.frames = frames;
    nearest.weight = weight;
    System.arraycopy(centre, 0, nearest.mean, 0, centre.length);
    nearest.embedding = embedding;
    List<Slot> joined = longTerm.subList(from, to);
    for (Slot slot : joined) {
      if (slot != nearest) {
        giveBack(slot);
        merges++;
      }
    }
    joined.clear();
    longTerm.add(from, nearest);
  }

  @Override
  List<Slot> longTerm() {
    return longTermView;
  }

  @Override
  List<Slot> shortTerm() {
    return recentView;
  }

  @Override
  long merges() {
    return merges;
  }

  /** The centres are not told by a snapshot; the key frames take their place. */
  @Override
  void takeOver(List<MemorySlot> earlier) {
    requireRoomFor(earlier, clusters + window - 1);
    for (MemorySlot slot : earlier) {
      (slot.tier() == MemorySlot.Tier.LONG_TERM ? longTerm : recent).add(restore(slot));
    }
    while (recent.size() >= window) {
      longTerm.add(recent.remove(0));
    }
    if (longTerm.size() > clusters) {
      cluster();
    }
  }

  @Override
  void forget() {
    longTerm.forEach(this::giveBack);
    longTerm.clear();
    recent.forEach(this::giveBack);
    recent.clear();
    merges = 0;
  }
}
