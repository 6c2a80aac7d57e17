package io.moviechat.bench.memory;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The algorithms as one would first write them down: every similarity computed again after every
 * merge. Peers of {@link MemoryConsolidation}; nothing in them is slow on purpose.
 */
final class MemoryPeers {
  private MemoryPeers() {}

  /** Takes frames, consolidates when {@code window} of them are there, goes on with the rest. */
  interface Naive {
    void add(float[] frame);
  }

  static Naive java(boolean released, int tokens, int width, int window, int target) {
    return new NaiveJava(released, tokens, width, window, target);
  }

  static Naive nd4j(boolean released, int tokens, int width, int window, int target) {
    return new NaiveNd4j(released, tokens, width, window, target);
  }

  private static int best(double[] similarities, int pairs) {
    int best = 0;
    for (int i = 1; i < pairs; i++) {
      if (similarities[i] > similarities[best]) {
        best = i;
      }
    }
    return best;
  }

  private static final class NaiveJava implements Naive {
    private final boolean released;
    private final int tokens;
    private final int width;
    private final int window;
    private final int target;
    private final List<float[]> frames = new ArrayList<>();
    private final List<Integer> weights = new ArrayList<>();

    NaiveJava(boolean released, int tokens, int width, int window, int target) {
      this.released = released;
      this.tokens = tokens;
      this.width = width;
      this.window = window;
      this.target = target;
    }

    @Override
    public void add(float[] frame) {
      frames.add(frame.clone());
      weights.add(1);
      if (frames.size() < window) {
        return;
      }
      while (frames.size() > target) {
        double[] similarities = new double[frames.size() - 1];
        for (int i = 0; i < similarities.length; i++) {
          similarities[i] =
              released
                  ? meanOfAllProducts(frames.get(i), frames.get(i + 1))
                  : meanCosine(frames.get(i), frames.get(i + 1));
        }
        int i = best(similarities, similarities.length);
        frames.set(i, average(i));
        weights.set(i, weights.get(i) + weights.get(i + 1));
        frames.remove(i + 1);
        weights.remove(i + 1);
      }
    }

    private float[] average(int i) {
      float[] a = frames.get(i);
      float[] b = frames.get(i + 1);
      float share =
          released ? 0.5f : (float) weights.get(i) / (weights.get(i) + weights.get(i + 1));
      float[] merged = new float[a.length];
      for (int k = 0; k < merged.length; k++) {
        merged[k] = share * a[k] + (1 - share) * b[k];
      }
      return merged;
    }

    private double meanOfAllProducts(float[] x, float[] y) {
      double sum = 0;
      for (int j = 0; j < tokens; j++) {
        for (int k = 0; k < tokens; k++) {
          float dot = 0;
          for (int d = 0; d < width; d++) {
            dot += x[j * width + d] * y[k * width + d];
          }
          sum += dot;
        }
      }
      return sum / tokens / tokens;
    }

    private double meanCosine(float[] x, float[] y) {
      double sum = 0;
      for (int j = 0; j < tokens; j++) {
        float xy = 0;
        float xx = 0;
        float yy = 0;
        for (int i = j * width; i < (j + 1) * width; i++) {
          xy += x[i] * y[i];
          xx += x[i] * x[i];
          yy += y[i] * y[i];
        }
        sum += xy / Math.sqrt((double) xx * yy);
      }
      return sum / tokens;
    }
  }

  private static final class NaiveNd4j implements Naive {
    private final boolean released;
    private final int tokens;
    private final int width;
    private final int window;
    private final int target;
    private final List<INDArray> frames = new ArrayList<>();
    private final List<Integer> weights = new ArrayList<>();

    NaiveNd4j(boolean released, int tokens, int width, int window, int target) {
      this.released = released;
      this.tokens = tokens;
      this.width = width;
      this.window = window;
      this.target = target;
    }

    @Override
    public void add(float[] frame) {
      frames.add(Nd4j.createFromArray(frame).reshape(tokens, width));
      weights.add(1);
      if (frames.size() < window) {
        return;
      }
      while (frames.size() > target) {
        double[] similarities = new double[frames.size() - 1];
        for (int i = 0; i < similarities.length; i++) {
          similarities[i] = similarity(frames.get(i), frames.get(i + 1));
        }
        int i = best(similarities, similarities.length);
        double share =
            released ? 0.5 : 1.0 * weights.get(i) / (weights.get(i) + weights.get(i + 1));
        INDArray merged = frames.get(i).mul(share).addi(frames.get(i + 1).mul(1 - share));
        weights.set(i, weights.get(i) + weights.get(i + 1));
        weights.remove(i + 1);
        frames.get(i).close();
        frames.remove(i + 1).close();
        frames.set(i, merged);
      }
    }

    private double similarity(INDArray x, INDArray y) {
      if (released) {
        try (INDArray products = x.mmul(y.transpose())) {
          return products.meanNumber().doubleValue();
        }
      }
      try (INDArray xy = x.mul(y);
          INDArray dots = xy.sum(1);
          INDArray xn = x.norm2(1);
          INDArray yn = y.norm2(1);
          INDArray scale = xn.mul(yn);
          INDArray cosines = dots.div(scale)) {
        return cosines.meanNumber().doubleValue();
      }
    }
  }
}
