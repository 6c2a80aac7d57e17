package io.moviechat.llm;

import com.google.common.primitives.ImmutableIntArray;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Which token may follow, and how it is chosen: the rules by which Whisper writes times between its
 * words. After the decoding rules of openai/whisper ({@code ApplyTimestampRules} and its
 * neighbours), whose weights were trained to be read by them.
 */
final class SpeechScores {
  private static final float NEVER = Float.NEGATIVE_INFINITY;

  private static final double LN_2 = Math.log(2);

  /** A sum of times is never this much above the largest of them, in logarithms. */
  private static final double TIMES_MOST = Math.log(WhisperTokens.STEPS + 1);

  /** Differences of scores beyond this are no probability worth counting. */
  private static final float FAR = 25;

  private final WhisperTokens tokens;
  private final ImmutableIntArray firstSuppressed;

  /**
   * @param firstSuppressed what is not written first
   */
  SpeechScores(WhisperTokens tokens, ImmutableIntArray firstSuppressed) {
    this.tokens = tokens;
    this.firstSuppressed = firstSuppressed;
  }

  /**
   * Forbids what must not follow.
   *
   * @param scores of all tokens; forbidden ones become negative infinity
   * @param written so far
   * @param count of them
   * @param times whether times are written
   */
  void forbid(float[] scores, int[] written, int count, boolean times) {
    if (count == 0) {
      firstSuppressed.forEach(id -> scores[id] = NEVER);
    }
    tokens.suppressed().forEach(id -> scores[id] = NEVER);
    if (!times) {
      return;
    }
    int first = tokens.firstTime();
    scores[tokens.noTimestamps()] = NEVER;
    boolean afterTime = count >= 1 && tokens.isTime(written[count - 1]);
    boolean afterTwo = count < 2 || tokens.isTime(written[count - 2]);
    if (afterTime && afterTwo) {
      Arrays.fill(scores, first, scores.length, NEVER);
    } else if (afterTime) {
      Arrays.fill(scores, 0, tokens.end(), NEVER);
    }
    for (int i = count - 1; i >= 0; i--) {
      if (tokens.isTime(written[i])) {
        // The last time once more, right behind it, opens the next segment there.
        int allowed = afterTime && !afterTwo ? written[i] : written[i] + 1;
        Arrays.fill(scores, first, Math.min(allowed, scores.length), NEVER);
        break;
      }
    }
    if (count == 0) {
      Arrays.fill(scores, 0, first, NEVER);
      int behind = first + tokens.latestFirst() + 1;
      if (behind < scores.length) {
        Arrays.fill(scores, behind, scores.length, NEVER);
      }
    }
    float word = max(scores, 0, first);
    float time = max(scores, first, scores.length);
    // All times together are likelier than the best word; seldom is their sum needed to know it.
    if (time > NEVER
        && (time > word
            || (time + TIMES_MOST > word
                && time + Math.log(sum(scores, first, scores.length, time)) > word))) {
      Arrays.fill(scores, 0, first, NEVER);
    }
  }

  /** The best token; the first of equals. */
  static int best(float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }

  /** A token drawn by its probability at a temperature above 0. */
  static int draw(float[] scores, double temperature, SplittableRandom random) {
    float max = max(scores, 0, scores.length);
    double total = 0;
    for (float score : scores) {
      total += Math.exp((score - max) / temperature);
    }
    double left = random.nextDouble() * total;
    int last = best(scores);
    for (int i = 0; i < scores.length; i++) {
      if (scores[i] > NEVER) {
        left -= Math.exp((scores[i] - max) / temperature);
        last = i;
        if (left < 0) {
          break;
        }
      }
    }
    return last;
  }

  /** The natural logarithm of a token's probability. */
  static double logProbability(float[] scores, int id) {
    return logProbability(scores, id, max(scores, 0, scores.length));
  }

  /** The same where the largest score is known. */
  static double logProbability(float[] scores, int id, float max) {
    return scores[id] - max - Math.log(sum(scores, 0, scores.length, max));
  }

  private static float max(float[] scores, int from, int to) {
    float max = NEVER;
    for (int i = from; i < to; i++) {
      max = Math.max(max, scores[i]);
    }
    return max;
  }

  /** Sum of exponentials of the differences to the largest. */
  private static double sum(float[] scores, int from, int to, float max) {
    double sum = 0;
    float least = max - FAR;
    for (int i = from; i < to; i++) {
      if (scores[i] > least) {
        sum += exp(scores[i] - max);
      }
    }
    return sum;
  }

  private static final int PARTS = 256;
  private static final double[] PART = new double[PARTS];

  static {
    for (int i = 0; i < PARTS; i++) {
      PART[i] = Math.pow(2, i / (double) PARTS);
    }
  }

  /**
   * The exponential of a number in [-700, 0], within 1e-12 of it and several times as fast as
   * {@link Math#exp}: all tokens are summed for each one that is written. Powers of two by table
   * and exponent, what is left by Taylor's series.
   */
  static double exp(double x) {
    double scaled = x * (PARTS / LN_2);
    int whole = (int) Math.floor(scaled);
    double r = (scaled - whole) * (LN_2 / PARTS);
    double power = Double.longBitsToDouble((1023L + (whole >> 8)) << 52);
    return power * PART[whole & (PARTS - 1)] * (1 + r * (1 + r * (0.5 + r * (1.0 / 6))));
  }
}
