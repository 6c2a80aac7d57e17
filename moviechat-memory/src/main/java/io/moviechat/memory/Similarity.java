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

  /**
   * Compares all slots with each other at once, where the store finds that cheaper. Until {@link
   * #compared} no tokens are read: merges are told to {@link #merged} and may be carried out later.
   *
   * @return false, with nothing done, where it is not cheaper, or would not be exact
   */
  boolean compareAll(Slot[] slots, int count) {
    return false;
  }

  /** Ends what {@link #compareAll} began; the slots that are left hold their tokens again. */
  void compared(Slot[] slots, int left) {}

  /**
   * Told that the tokens of {@code into} become {@code a * into + b * other}.
   *
   * @return whether what follows from that is exact; if not, the tokens must be read
   */
  boolean merged(Slot into, float a, Slot other, float b) {
    return true;
  }

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

    /** Outside of these float arithmetic may have overflowed or lost everything. */
    private static final double SMALLEST = 1e-20;

    private static final double LARGEST = 1e30;

    private final TokenStore store;

    /** Whether {@link #products} hold. */
    private boolean all;

    /**
     * Inner products of the tokens of two slots by their places, {@code [a][b][N]} with {@code a <=
     * b}: inner products of sums are sums of inner products, so these follow every merge.
     */
    private double[][][] products = new double[0][][];

    private int[] rows = new int[0];
    private boolean[] gone = new boolean[0];

    TokenCosine(TokenStore store) {
      this.store = store;
    }

    @Override
    boolean compareAll(Slot[] slots, int count) {
      if (!store.comparesWindows()) {
        return false;
      }
      makeRoom(count, slots[0].lengths.length);
      for (int i = 0; i < count; i++) {
        slots[i].place = i;
        rows[i] = slots[i].row;
      }
      for (int place = 0; place < gone.length; place++) {
        gone[place] = place >= count;
      }
      all = store.products(rows, count, products) && exact(count);
      return all;
    }

    private void makeRoom(int count, int tokens) {
      if (rows.length < count) {
        rows = new int[count];
        gone = new boolean[count];
        products = new double[count][count][];
        for (int a = 0; a < count; a++) {
          for (int b = a; b < count; b++) {
            products[a][b] = new double[tokens];
          }
        }
      }
    }

    private boolean exact(int count) {
      for (int a = 0; a < count; a++) {
        for (double squared : products[a][a]) {
          // A product of two frames is never larger than the larger of their squares.
          if (!(squared == 0 || (squared > SMALLEST && squared < LARGEST))) {
            return false;
          }
        }
      }
      return true;
    }

    private double[] product(int a, int b) {
      return products[Math.min(a, b)][Math.max(a, b)];
    }

    @Override
    void compared(Slot[] slots, int left) {
      for (int i = 0; all && i < left; i++) {
        double[] squared = product(slots[i].place, slots[i].place);
        for (int token = 0; token < squared.length; token++) {
          slots[i].lengths[token] = Math.sqrt(squared[token]);
        }
        slots[i].lengthsKnown = true;
      }
      all = false;
    }

    @Override
    double calculate(Slot a, Slot b) {
      if (all) {
        return calculateFromProducts(a, b);
      }
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

    private double calculateFromProducts(Slot a, Slot b) {
      double[] dots = product(a.place, b.place);
      double[] squaredA = product(a.place, a.place);
      double[] squaredB = product(b.place, b.place);
      double sum = 0;
      for (int token = 0; token < dots.length; token++) {
        double scale = Math.sqrt(squaredA[token]) * Math.sqrt(squaredB[token]);
        if (scale > 0) {
          sum += dots[token] / scale;
        }
      }
      System.arraycopy(dots, 0, a.dotsWithNext, 0, dots.length);
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

    /** No pass over the tokens is needed, unless they cancel each other out. */
    @Override
    boolean merged(Slot into, float a, Slot other, float b) {
      if (all) {
        return mergedProducts(into.place, a, other.place, b);
      }
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
      return known;
    }

    private boolean mergedProducts(int into, float a, int other, float b) {
      boolean exact = true;
      double[] squared = products[into][into];
      double[] squaredOther = products[other][other];
      double[] between = product(into, other);
      for (int token = 0; token < squared.length; token++) {
        double parts = (double) a * a * squared[token] + (double) b * b * squaredOther[token];
        double merged = parts + 2.0 * a * b * between[token];
        exact &= merged > CANCELLED * parts || parts == 0;
        squared[token] = Math.max(0, merged);
      }
      gone[other] = true;
      for (int place = 0; place < rows.length; place++) {
        if (place != into && !gone[place]) {
          double[] x = product(into, place);
          double[] y = product(other, place);
          for (int token = 0; token < x.length; token++) {
            x[token] = a * x[token] + b * y[token];
          }
        }
      }
      return exact;
    }
  }
}
