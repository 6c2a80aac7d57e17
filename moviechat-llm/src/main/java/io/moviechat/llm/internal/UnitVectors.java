package io.moviechat.llm.internal;

import io.moviechat.InferenceException;

/** Vectors of length 1, whose products are cosines. */
public final class UnitVectors {
  private UnitVectors() {}

  /**
   * The vector of length 1 in a direction.
   *
   * @param who gave it, for messages
   * @throws InferenceException if it has no direction
   */
  public static float[] of(float[] vector, String who) {
    double[] values = new double[vector.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = vector[i];
    }
    return of(values, who);
  }

  /** Like {@link #of(float[], String)}. */
  public static float[] of(double[] vector, String who) {
    double square = 0;
    for (double value : vector) {
      square += value * value;
    }
    if (!(square > 0) || Double.isInfinite(square)) {
      throw new InferenceException(who + " gave a vector without a direction");
    }
    float[] unit = new float[vector.length];
    for (int i = 0; i < unit.length; i++) {
      unit[i] = (float) (vector[i] / Math.sqrt(square));
    }
    return unit;
  }
}
