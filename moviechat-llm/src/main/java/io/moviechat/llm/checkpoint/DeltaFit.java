package io.moviechat.llm.checkpoint;

import io.moviechat.ModelException;

/**
 * Whether a delta of float16 was made from a base, told by the numbers alone.
 *
 * <p>A delta is {@code target - base}, both of float16 and near each other; such a difference is
 * exact (Sterbenz), so adding the base again gives a number of float16 without any rounding. Added
 * to the numbers of another model, two thirds of the sums or fewer come out even, because their
 * last places do not match. Of tuned models, whose delta is a hundredth of the base, over 99 % do;
 * the more the two differ, the fewer.
 *
 * <p>What this cannot see: a base that is itself nearly the right one (tuned from it, or the right
 * one after a passage through bfloat16), since most of its numbers are the right ones; and anything
 * if the delta was not made of numbers of float16, for then hardly any sum comes out even.
 */
final class DeltaFit {
  /** Values looked at in each matrix, in as many places. */
  private static final int SPAN = 1024;

  private static final int PLACES = 4;

  /** A tuned model is nearer than this to its base; a delta as large as its base is a model. */
  private static final double LARGEST_RATIO = 0.9;

  /** Below this the delta was not made of numbers of float16. */
  private static final double UNROUNDED = 0.45;

  private static final int LEAST_VALUES = 1024;

  private final float[] origin = new float[SPAN];
  private final float[] difference = new float[SPAN];
  private long values;
  private long even;
  private double baseSquares;
  private double deltaSquares;

  /** Looks at a tensor and its difference, of which the difference may have more rows. */
  void look(Tensor base, Tensor delta) {
    if (delta.type() != ElementType.FLOAT16 || delta.shape().size() != 2) {
      return;
    }
    long shared = Math.min(base.size(), delta.size());
    int span = (int) Math.min(SPAN, shared / PLACES);
    for (int place = 0; place < PLACES; place++) {
      long first = shared / PLACES * place;
      base.read(first, origin, 0, span);
      delta.read(first, difference, 0, span);
      for (int i = 0; i < span; i++) {
        count(Halves.rounded(origin[i], ElementType.FLOAT16), difference[i]);
      }
    }
  }

  private void count(double base, double delta) {
    baseSquares += base * base;
    deltaSquares += delta * delta;
    if (delta != 0) {
      double sum = base + delta;
      values++;
      even += Halves.rounded((float) sum, ElementType.FLOAT16) == sum ? 1 : 0;
    }
  }

  /**
   * @throws ModelException if the delta is a whole model, or was made from another base
   */
  void check(String base, String delta) {
    if (values < LEAST_VALUES) {
      return;
    }
    double ratio = Math.sqrt(deltaSquares / baseSquares);
    if (!(ratio < LARGEST_RATIO)) {
      throw new ModelException(
          "%s is no delta for %s: its numbers are %.1f times as large as those of the base, where a delta's are a small part. A whole model needs no base: give it alone"
              .formatted(delta, base, ratio));
    }
    double share = (double) even / values;
    double least = Math.max(0.8, 0.95 - 0.3 * ratio);
    if (share > UNROUNDED && share < least) {
      throw new ModelException(
          "%s is no delta for %s: of %,d sums of the two, %.0f %% need no rounding; with the base that the delta was made from it would be over %.0f %%. Give that base"
              .formatted(delta, base, values, 100 * share, 100 * least));
    }
  }
}
