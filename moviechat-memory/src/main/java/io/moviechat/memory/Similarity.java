package io.moviechat.memory;

/** How alike two slots are; larger is more alike. Reads the tokens, changes nothing but caches. */
abstract class Similarity {
  /** The similarity of two slots of the same store, which the first remembers. */
  final double between(Slot a, Slot b) {
    double likeness = calculate(a, b);
    a.next = b;
    a.similarityToNext = likeness;
    return likeness;
  }

  /** The same, if the first does not remember it. */
  final double known(Slot a, Slot b) {
    return a.next == b ? a.similarityToNext : between(a, b);
  }

  abstract double calculate(Slot a, Slot b);

  /**
   * Whether {@link #between} reads tokens, so that merges must be carried out at once. If not, the
   * token means of the slots are enough and tokens may be merged later.
   */
  abstract boolean readsTokens();

  /** Told that the tokens of {@code into} became {@code a * into + b * other}. */
  void merged(Slot into, float a, Slot other, float b) {}

  /**
   * Equation 3 of the paper: the mean over tokens j of the cosine of token j of one frame with
   * token j of the other. The cosine with a zero vector is 0.
   */
  static Similarity tokenCosine(TokenStore store) {
    return new TokenCosine(store);
  }

  /**
   * The released code's rule: the mean of all N x N inner products of the tokens of one frame with
   * those of the other, which is exactly the inner product of the two token means.
   */
  static Similarity meanDot() {
    return new MeanDot();
  }

  /** The cosine of the two token means: cheap, and blind to where in the picture things are. */
  static Similarity meanCosine() {
    return new MeanCosine();
  }

  private static final class MeanCosine extends Similarity {
    @Override
    double calculate(Slot a, Slot b) {
      return Kernels.cosine(a.mean, b.mean);
    }

    @Override
    boolean readsTokens() {
      return false;
    }
  }

  private static final class MeanDot extends Similarity {
    @Override
    double calculate(Slot a, Slot b) {
      return Kernels.dot(a.mean, b.mean);
    }

    @Override
    boolean readsTokens() {
      return false;
    }
  }

  private static final class TokenCosine extends Similarity {
    /** Below this share of what was added up, a squared norm is mostly rounding. */
    private static final double CANCELLED = 1e-3;

    private final TokenStore store;

    TokenCosine(TokenStore store) {
      this.store = store;
    }

    @Override
    double calculate(Slot a, Slot b) {
      knowLengths(a);
      knowLengths(b);
      double[] dots = a.dotsWithNext;
      store.dots(a.row, b.row, dots);
      double sum = 0;
      for (int token = 0; token < dots.length; token++) {
        double scale = a.lengths[token] * b.lengths[token];
        if (scale > 0) {
          sum += dots[token] / scale;
        }
      }
      return sum / dots.length;
    }

    private void knowLengths(Slot slot) {
      if (!slot.lengthsKnown) {
        double[] lengths = slot.lengths;
        store.dots(slot.row, slot.row, lengths);
        for (int token = 0; token < lengths.length; token++) {
          lengths[token] = Math.sqrt(lengths[token]);
        }
        slot.lengthsKnown = true;
      }
    }

    @Override
    boolean readsTokens() {
      return true;
    }

    /** Inner products of sums are sums of inner products: no pass over the tokens is needed. */
    @Override
    void merged(Slot into, float a, Slot other, float b) {
      boolean known = into.lengthsKnown && other.lengthsKnown && into.next == other;
      double[] lengths = into.lengths;
      for (int token = 0; known && token < lengths.length; token++) {
        double x = a * lengths[token];
        double y = b * other.lengths[token];
        double parts = x * x + y * y;
        double squared = parts + 2.0 * a * b * into.dotsWithNext[token];
        known = squared > CANCELLED * parts || parts == 0;
        lengths[token] = Math.sqrt(Math.max(0, squared));
      }
      into.lengthsKnown = known;
    }
  }
}
