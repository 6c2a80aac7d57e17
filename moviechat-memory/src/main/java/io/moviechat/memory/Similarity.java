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

  /**
   * Equation 3 of the paper: the mean over tokens j of the cosine of token j of one frame with
   * token j of the other. The cosine with a zero vector is 0.
   */
  static Similarity tokenCosine(TokenStore store, int tokens) {
    return new TokenCosine(store, tokens);
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
    private final TokenStore store;
    private final double[] dots;

    TokenCosine(TokenStore store, int tokens) {
      this.store = store;
      this.dots = new double[tokens];
    }

    @Override
    double between(Slot a, Slot b) {
      knowNorms(a);
      knowNorms(b);
      store.dots(a.row, b.row, dots);
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
  }
}
