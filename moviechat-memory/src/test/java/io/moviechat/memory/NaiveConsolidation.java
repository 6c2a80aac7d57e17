package io.moviechat.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The oracle: greedy merging as one would write it down, in double arithmetic, with every
 * similarity computed again after every merge. Kept simple for ever.
 */
final class NaiveConsolidation {
  /** A frame, or several that were merged. */
  static final class Entry {
    private final double[] tokens;
    private final int first;
    private final int frames;

    Entry(double[] tokens, int first, int frames) {
      this.tokens = tokens;
      this.first = first;
      this.frames = frames;
    }

    double token(int i) {
      return tokens[i];
    }

    int first() {
      return first;
    }

    int frames() {
      return frames;
    }
  }

  private final int tokens;
  private final int width;
  private final boolean cosine;
  private final boolean weighted;

  NaiveConsolidation(int tokens, int width, boolean cosine, boolean weighted) {
    this.tokens = tokens;
    this.width = width;
    this.cosine = cosine;
    this.weighted = weighted;
  }

  static Entry frame(int index, float[] values) {
    double[] copy = new double[values.length];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = values[i];
    }
    return new Entry(copy, index, 1);
  }

  List<Entry> consolidate(List<Entry> entries, int target) {
    List<Entry> left = new ArrayList<>(entries);
    while (left.size() > target) {
      int best = 0;
      for (int i = 1; i + 1 < left.size(); i++) {
        if (similarity(left.get(i), left.get(i + 1))
            > similarity(left.get(best), left.get(best + 1))) {
          best = i;
        }
      }
      left.set(best, merge(left.get(best), left.remove(best + 1)));
    }
    return left;
  }

  /** How far the most similar pair is ahead of the second at each merge; small is a near tie. */
  double smallestLead(List<Entry> entries, int target) {
    List<Entry> left = new ArrayList<>(entries);
    double smallest = Double.POSITIVE_INFINITY;
    while (left.size() > target) {
      double[] sorted = new double[left.size() - 1];
      int best = 0;
      for (int i = 0; i < sorted.length; i++) {
        sorted[i] = similarity(left.get(i), left.get(i + 1));
        best = sorted[i] > sorted[best] ? i : best;
      }
      Arrays.sort(sorted);
      if (sorted.length > 1) {
        smallest = Math.min(smallest, sorted[sorted.length - 1] - sorted[sorted.length - 2]);
      }
      left.set(best, merge(left.get(best), left.remove(best + 1)));
    }
    return smallest;
  }

  private Entry merge(Entry a, Entry b) {
    double share = weighted ? (double) a.frames / (a.frames + b.frames) : 0.5;
    double[] merged = new double[a.tokens.length];
    for (int i = 0; i < merged.length; i++) {
      merged[i] = share * a.tokens[i] + (1 - share) * b.tokens[i];
    }
    return new Entry(merged, a.first, a.frames + b.frames);
  }

  double similarity(Entry a, Entry b) {
    double sum = 0;
    for (int j = 0; j < tokens; j++) {
      if (cosine) {
        double scale = Math.sqrt(dot(a, j, a, j)) * Math.sqrt(dot(b, j, b, j));
        sum += scale > 0 ? dot(a, j, b, j) / scale / tokens : 0;
      } else {
        for (int k = 0; k < tokens; k++) {
          sum += dot(a, j, b, k) / tokens / tokens;
        }
      }
    }
    return sum;
  }

  private double dot(Entry a, int j, Entry b, int k) {
    double sum = 0;
    for (int d = 0; d < width; d++) {
      sum += a.tokens[j * width + d] * b.tokens[k * width + d];
    }
    return sum;
  }
}
