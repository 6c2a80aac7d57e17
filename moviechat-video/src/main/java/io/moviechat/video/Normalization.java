package io.moviechat.video;

/**
 * How the bytes of a picture become what a vision encoder was trained on: {@code (byte / 255 -
 * mean) / deviation}, for each channel.
 *
 * @param meanRed mean of the channel, in units of 255
 * @param meanGreen likewise
 * @param meanBlue likewise
 * @param deviationRed standard deviation of the channel, above 0
 * @param deviationGreen likewise
 * @param deviationBlue likewise
 */
public record Normalization(
    float meanRed,
    float meanGreen,
    float meanBlue,
    float deviationRed,
    float deviationGreen,
    float deviationBlue) {
  /** 0 to 1. */
  public static final Normalization UNIT = new Normalization(0, 0, 0, 1, 1, 1);

  /** -1 to 1, as SigLIP wants it. */
  public static final Normalization SIGNED = new Normalization(0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f);

  /** ImageNet's means and deviations. */
  public static final Normalization IMAGENET =
      new Normalization(0.485f, 0.456f, 0.406f, 0.229f, 0.224f, 0.225f);

  /** Those of OpenAI's CLIP. */
  public static final Normalization CLIP =
      new Normalization(0.4814547f, 0.4578275f, 0.4082107f, 0.2686295f, 0.2613026f, 0.2757771f);

  /**
   * @throws IllegalArgumentException if a deviation is not above 0 or a mean is not finite
   */
  public Normalization {
    for (float mean : new float[] {meanRed, meanGreen, meanBlue}) {
      require(Float.isFinite(mean), "a mean must be finite, was ", mean);
    }
    for (float deviation : new float[] {deviationRed, deviationGreen, deviationBlue}) {
      require(
          deviation > 0 && Float.isFinite(deviation),
          "a standard deviation must be above 0, was ",
          deviation);
    }
  }

  private static void require(boolean holds, String rule, float value) {
    if (!holds) {
      throw new IllegalArgumentException(rule + value);
    }
  }

  /** For red, green and blue, what each of the 256 bytes becomes. */
  float[][] tables() {
    float[][] tables = new float[3][256];
    float[] means = {meanRed, meanGreen, meanBlue};
    float[] deviations = {deviationRed, deviationGreen, deviationBlue};
    for (int channel = 0; channel < 3; channel++) {
      for (int value = 0; value < 256; value++) {
        tables[channel][value] = (value / 255f - means[channel]) / deviations[channel];
      }
    }
    return tables;
  }
}
