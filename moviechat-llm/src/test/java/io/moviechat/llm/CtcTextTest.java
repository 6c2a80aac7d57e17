package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;

class CtcTextTest {
  private static final ImmutableList<String> CHARACTERS = ImmutableList.of("a", "\u6728", " ");

  /** One step for each digit: which is likeliest, by a probability of its own. */
  private static CtcText decode(String steps, double... probabilities) {
    FloatBuffer scores = FloatBuffer.allocate(4 * steps.length());
    for (int i = 0; i < steps.length(); i++) {
      int best = steps.charAt(i) - '0';
      for (int c = 0; c < 4; c++) {
        double p = probabilities[i];
        scores.put((float) (c == best ? p : (1 - p) / 3));
      }
    }
    return CtcText.of(scores.flip(), CHARACTERS);
  }

  @Test
  void runsAreOneAndBlanksPartThem() {
    CtcText text = decode("0110132", 1, 0.5, 0.9, 1, 0.7, 0.6, 0.8);
    assertThat(text.text()).isEqualTo("aa \u6728");
    assertThat(text.probability()).isCloseTo((0.5 + 0.7 + 0.6 + 0.8) / 4, within(1e-6));
  }

  @Test
  void nothingIsNoText() {
    assertThat(decode("000", 1, 1, 1)).isEqualTo(new CtcText("", 0));
    assertThat(decode("")).isEqualTo(new CtcText("", 0));
  }
}
