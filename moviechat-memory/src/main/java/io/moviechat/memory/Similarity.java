package io.moviechat.memory;

/** How alike two slots are; larger is more alike. Reads the tokens, changes nothing but caches. */
abstract class Similarity {
  /** The similarity of two slots of the same store. */
  abstract double between(Slot a, Slot b);

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
    double between(Slot a, Slot b) {
      return Kernels.cosine(a.mean, b.mean);
    }

    @Override
    boolean readsTokens() {
      return false;
    }
  }

  private static final class MeanDot extends Similarity {
    @Override
    double between(Slot a, Slot b) {
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
    double between(Slot a, Slot b) {
      knowNorms(a);
      knowNorms(b);
      double[] dots = a.dotsWithNext;
      store.dots(a.row, b.row, dots);
      a.next = b;
      double sum = 0;
      for (int token = 0; token < dots.length; token++) {
        double scale = Math.sqrt(a.squaredNorms[token]) * Math.sqrt(b.squaredNorms[token]);
        if (scale > 0) {
          sum += dots[token] / scale;
        }
      }
      return sum / dots.length;
    }

    private void knowNorms(Slot slot) {
      if (!slot.squaredNormsKnown) {
        store.dots(slot.row, slot.row, slot.squaredNorms);
        slot.squaredNormsKnown = true;
      }
    }

    @Override
    boolean readsTokens() {
      return true;
    }

    /** Inner products of sums are sums of inner products: no pass over the tokens is needed. */
    @Override
    void merged(Slot into, float a, Slot other, float b) {
      boolean known = into.squaredNormsKnown && other.squaredNormsKnown && into.next == other;
      double[] norms = into.squaredNorms;
      for (int token = 0; known && token < norms.length; token++) {
        double x = (double) a * a * norms[token];
        double y = (double) b * b * other.squaredNorms[token];
        double norm = x + y + 2.0 * a * b * into.dotsWithNext[token];
        known = norm > CANCELLED * (x + y) || x + y == 0;
        norms[token] = norm;
      }
      into.squaredNormsKnown = known;
      into.next = null;
    }
  }
}
