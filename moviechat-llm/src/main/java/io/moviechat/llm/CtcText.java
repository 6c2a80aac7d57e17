package io.moviechat.llm;

import com.google.common.collect.ImmutableList;
import java.nio.FloatBuffer;

/**
 * Text that a network of characters has read: at each step the likeliest one, each run of one as
 * one, blanks left out (connectionist temporal classification, greedily).
 *
 * @param text may be empty
 * @param probability mean of its characters', each at the first step of its run; 0 of no text
 */
record CtcText(String text, double probability) {
  private static final int BLANK = 0;

  /**
   * Decodes scores.
   *
   * @param scores probabilities {@code [steps, 1 + characters]}; the blank is the first
   */
  static CtcText of(FloatBuffer scores, ImmutableList<String> characters) {
    int count = characters.size() + 1;
    StringBuilder text = new StringBuilder();
    double sum = 0;
    int read = 0;
    int before = BLANK;
    for (int at = scores.position(); at + count <= scores.limit(); at += count) {
      int best = BLANK;
      float most = scores.get(at);
      for (int i = 1; i < count; i++) {
        float score = scores.get(at + i);
        if (score > most) {
          most = score;
          best = i;
        }
      }
      if (best != BLANK && best != before) {
        text.append(characters.get(best - 1));
        sum += most;
        read++;
      }
      before = best;
    }
    return new CtcText(text.toString(), read == 0 ? 0 : Math.min(1, Math.max(0, sum / read)));
  }
}
