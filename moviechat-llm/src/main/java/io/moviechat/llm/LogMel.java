package io.moviechat.llm;

import java.util.Arrays;

/**
 * The features that Whisper hears: for each hundredth of a second the power in bands of the mel
 * scale, as logarithms. Not thread-safe; buffers are reused.
 *
 * <p>Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022), section
 * 2.2, with the bands of Slaney's Auditory Toolbox. Normalised by the largest value of the window,
 * as the Hugging Face extractor does: the maximum of a whole film cannot be known in one pass.
 */
final class LogMel {
  /** Frames of a window of 30 seconds. */
  static final int FRAMES = 3000;

  /** Samples from one frame to the next. */
  static final int HOP = 160;

  /** Samples of a window. */
  static final int SAMPLES = FRAMES * HOP;

  private static final int SIZE = 400;
  private static final int BINS = SIZE / 2 + 1;
  private static final double HERTZ_PER_BIN = 16_000.0 / SIZE;
  private static final double HIGHEST_HERTZ = 8_000;

  /** Powers below this are silence. */
  private static final double SILENCE = 1e-10;

  /** How far below the loudest place of a window anything is heard, in powers of ten. */
  private static final float RANGE = 8;

  private final int bands;
  private final int[] firstBins;
  private final double[][] weights;
  private final double[] hann = new double[SIZE];
  private final double[] frame = new double[SIZE];
  private final double[] power = new double[BINS];
  private final RealFourier fourier = new RealFourier(SIZE);
  private final float[] values;

  /**
   * @param bands of the mel scale up to 8 kHz
   */
  LogMel(int bands) {
    this.bands = bands;
    firstBins = new int[bands];
    weights = new double[bands][];
    values = new float[bands * FRAMES];
    for (int i = 0; i < SIZE; i++) {
      hann[i] = 0.5 - 0.5 * Math.cos(2 * Math.PI * i / SIZE);
    }
    double highest = mel(HIGHEST_HERTZ);
    for (int band = 0; band < bands; band++) {
      double left = hertz(highest * band / (bands + 1));
      double centre = hertz(highest * (band + 1) / (bands + 1));
      double right = hertz(highest * (band + 2) / (bands + 1));
      int first = (int) Math.floor(left / HERTZ_PER_BIN) + 1;
      int last = Math.min(BINS - 1, (int) Math.ceil(right / HERTZ_PER_BIN) - 1);
      firstBins[band] = first;
      weights[band] = new double[Math.max(0, last - first + 1)];
      for (int bin = first; bin <= last; bin++) {
        double at = bin * HERTZ_PER_BIN;
        double height = Math.min((at - left) / (centre - left), (right - at) / (right - centre));
        weights[band][bin - first] = height * 2 / (right - left);
      }
    }
  }

  /** Slaney's scale: linear up to 1 kHz, then a factor of 6.4 in 27 mels. */
  private static double mel(double hertz) {
    return hertz < 1000 ? hertz * 3 / 200 : 15 + 27 * Math.log(hertz / 1000) / Math.log(6.4);
  }

  private static double hertz(double mel) {
    return mel < 15 ? mel * 200 / 3 : 1000 * Math.exp((mel - 15) * Math.log(6.4) / 27);
  }

  int bands() {
    return bands;
  }

  /**
   * The features of a window.
   *
   * @param pcm holds its samples
   * @param from the first one
   * @param count at most {@link #SAMPLES}; behind them is silence
   * @return [bands, {@link #FRAMES}], overwritten by the next call
   */
  float[] of(float[] pcm, int from, int count) {
    float floor = (float) Math.log10(SILENCE);
    float loudest = floor;
    // Frames behind this one touch no sample.
    int heard = Math.min(FRAMES, (count + SIZE / 2 + HOP - 1) / HOP);
    for (int t = 0; t < heard; t++) {
      cut(pcm, from, count, t * HOP - SIZE / 2);
      fourier.power(frame, power);
      for (int band = 0; band < bands; band++) {
        double[] triangle = weights[band];
        int first = firstBins[band];
        double sum = 0;
        for (int i = 0; i < triangle.length; i++) {
          sum += triangle[i] * power[first + i];
        }
        float value = (float) Math.log10(Math.max(sum, SILENCE));
        values[band * FRAMES + t] = value;
        loudest = Math.max(loudest, value);
      }
    }
    float quietest = loudest - RANGE;
    for (int band = 0; band < bands; band++) {
      int row = band * FRAMES;
      for (int i = row; i < row + heard; i++) {
        values[i] = (Math.max(values[i], quietest) + 4) / 4;
      }
      Arrays.fill(values, row + heard, row + FRAMES, (Math.max(floor, quietest) + 4) / 4);
    }
    return values;
  }

  /** Cuts a frame out of the window, which is mirrored at both of its ends. */
  private void cut(float[] pcm, int from, int count, int start) {
    if (start >= 0 && start + SIZE <= count) {
      for (int i = 0; i < SIZE; i++) {
        frame[i] = pcm[from + start + i] * hann[i];
      }
      return;
    }
    for (int i = 0; i < SIZE; i++) {
      int at = Math.abs(start + i);
      if (at >= SAMPLES) {
        at = 2 * (SAMPLES - 1) - at;
      }
      frame[i] = at < count ? pcm[from + at] * hann[i] : 0;
    }
  }
}
