package io.moviechat.llm;

import com.google.common.collect.ImmutableSet;
import io.moviechat.GenerationOptions;
import io.moviechat.InferenceException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;

/**
 * Chooses the next token from logits, in the order that Hugging Face's generation uses: repetition
 * penalty, least length, temperature, top-k, top-p, min-p. Deterministic for a seed. Not
 * thread-safe.
 */
final class Sampler {
  private final GenerationOptions options;
  private final ImmutableSet<Integer> endIds;
  private final BitSet seen = new BitSet();
  private final Random random;
  private int generated;
  private long[] order = new long[0];

  Sampler(GenerationOptions options, ImmutableSet<Integer> endIds) {
    this.options = options;
    this.endIds = endIds;
    this.random = new Random(options.seed());
  }

  /** Counts an id of the prompt as seen. */
  void see(int id) {
    if (id >= 0) {
      seen.set(id);
    }
  }

  /** Ids of the prompt and of the answer so far. */
  BitSet seen() {
    return seen;
  }

  /**
   * Applies the penalties that hold for greedy answers and beams too. Changes the logits.
   *
   * @param generated tokens of the answer so far
   */
  static void penalise(
      float[] logits,
      GenerationOptions options,
      BitSet seen,
      int generated,
      ImmutableSet<Integer> endIds) {
    float penalty = (float) options.repetitionPenalty();
    if (penalty != 1) {
      for (int id = seen.nextSetBit(0);
          id >= 0 && id < logits.length;
          id = seen.nextSetBit(id + 1)) {
        logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
      }
    }
    if (generated < options.minTokens()) {
      for (int end : endIds) {
        if (end < logits.length) {
          logits[end] = Float.NEGATIVE_INFINITY;
        }
      }
    }
  }

  /**
   * The next token. Changes the logits.
   *
   * @throws InferenceException if no score is a number
   */
  int next(float[] logits) {
    penalise(logits, options, seen, generated, endIds);
    int best = best(logits);
    int chosen = options.temperature() == 0 ? best : sample(logits, logits[best]);
    generated++;
    seen.set(chosen);
    return chosen;
  }

  /** The first of the largest scores. */
  static int best(float[] logits) {
    int best = -1;
    float most = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < logits.length; i++) {
      if (logits[i] > most) {
        most = logits[i];
        best = i;
      }
    }
    if (best < 0 || most == Float.POSITIVE_INFINITY) {
      throw new InferenceException(
          "the model's scores of the next token are not numbers; a wrong precision (float16 that"
              + " overflows) or damaged weights do that");
    }
    return best;
  }

  private int sample(float[] logits, float most) {
    int n = logits.length;
    double temperature = options.temperature();
    // Sorted by probability only where a limit asks for it.
    int kept;
    if (order.length != n) {
      order = new long[n];
    }
    int finite = 0;
    for (int i = 0; i < n; i++) {
      if (logits[i] > Float.NEGATIVE_INFINITY) {
        // The order of floats as sortable integers, largest first, ties by the smaller id.
        int bits = Float.floatToIntBits(logits[i]);
        int sortable = bits ^ ((bits >> 31) & 0x7fffffff);
        order[finite++] = ((long) ~sortable << 32) | i;
      }
    }
    kept = finite;
    boolean sorted = options.topK() > 0 || options.topP() < 1;
    if (sorted) {
      Arrays.sort(order, 0, finite);
      if (options.topK() > 0) {
        kept = Math.min(kept, options.topK());
      }
    }
    double sum = 0;
    for (int i = 0; i < kept; i++) {
      sum += Math.exp((logits[(int) order[i]] - most) / temperature);
    }
    if (options.topP() < 1) {
      double limit = options.topP() * sum;
      double mass = 0;
      int count = 0;
      while (count < kept && mass < limit) {
        mass += Math.exp((logits[(int) order[count]] - most) / temperature);
        count++;
      }
      kept = Math.max(1, count);
    }
    double least = options.minP();
    sum = 0;
    for (int i = 0; i < kept; i++) {
      double p = Math.exp((logits[(int) order[i]] - most) / temperature);
      if (p >= least) {
        sum += p;
      }
    }
    double target = random.nextDouble() * sum;
    double mass = 0;
    int last = -1;
    for (int i = 0; i < kept; i++) {
      double p = Math.exp((logits[(int) order[i]] - most) / temperature);
      if (p >= least) {
        last = (int) order[i];
        mass += p;
        if (mass > target) {
          return last;
        }
      }
    }
    return last;
  }
}
