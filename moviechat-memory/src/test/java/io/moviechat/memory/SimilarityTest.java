package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.TokenShape;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;

class SimilarityTest {
  private static final TokenShape SHAPE = new TokenShape(2, 2);

  private static double cosine(float[] x, float[] y) {
    try (JavaStore store = new JavaStore(2, SHAPE)) {
      store.put(0, FloatBuffer.wrap(x), new float[2]);
      store.put(1, FloatBuffer.wrap(y), new float[2]);
      Slot a = new Slot(0, 2, 2);
      Slot b = new Slot(1, 2, 2);
      return Similarity.tokenCosine(store).between(a, b);
    }
  }

  @Test
  void isTheMeanOverTokensOfTheCosineOfMatchingTokens() {
    assertThat(cosine(new float[] {1, 0, 0, 2}, new float[] {3, 0, 5, 0})).isEqualTo(0.5);
  }

  @Test
  void theCosineWithAZeroVectorIsZero() {
    assertThat(cosine(new float[4], new float[] {1, 2, 3, 4})).isZero();
    assertThat(cosine(new float[4], new float[4])).isZero();
    assertThat(cosine(new float[] {0, 0, 1, 1}, new float[] {7, 7, 1, 1}))
        .isCloseTo(0.5, within(1e-9));
  }

  @Test
  void neitherOverflowsNorLosesTinyVectors() {
    assertThat(cosine(new float[] {1e30f, 0, 1e-30f, 0}, new float[] {1e30f, 0, 1e-30f, 0}))
        .isCloseTo(1, within(1e-9));
  }
}
