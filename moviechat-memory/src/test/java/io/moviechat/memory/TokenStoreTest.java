package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.TokenShape;
import io.moviechat.internal.NativeOwner;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Both stores against arithmetic written out, at awkward sizes. */
class TokenStoreTest {
  private static final int ROWS = 9;
  private static final int WINDOW = 6;

  @ParameterizedTest
  @EnumSource(Stores.class)
  void calculatesAsWrittenOut(Stores stores) {
    for (TokenShape shape :
        new TokenShape[] {
          new TokenShape(1, 1),
          new TokenShape(3, 7),
          new TokenShape(5, 13),
          new TokenShape(32, 207),
          new TokenShape(6, 500),
          new TokenShape(50, 384)
        }) {
      int open = NativeOwner.openOwners().size();
      try (TokenStore store = stores.open(ROWS, shape, WINDOW)) {
        checkArithmetic(store, shape);
      }
      assertThat(NativeOwner.openOwners()).hasSize(open);
    }
  }

  private static void checkArithmetic(TokenStore store, TokenShape shape) {
    Random random = new Random(shape.floats());
    int n = shape.floats();
    float[][] x = new float[ROWS][n];
    float[] mean = new float[shape.width()];
    for (int row = 0; row < ROWS; row++) {
      for (int i = 0; i < n; i++) {
        x[row][i] = (float) random.nextGaussian();
      }
      store.put(row, FloatBuffer.wrap(x[row]), mean);
      assertRow(store, row, x[row]);
      checkMean(mean, x[row], shape);
      Arrays.fill(mean, Float.NaN);
      store.mean(FloatBuffer.wrap(x[row]), mean);
      checkMean(mean, x[row], shape);
    }
    double[] dots = new double[shape.tokens()];
    store.dots(1, 2, dots);
    for (int token = 0; token < shape.tokens(); token++) {
      double expected = 0;
      for (int i = token * shape.width(); i < (token + 1) * shape.width(); i++) {
        expected += (double) x[1][i] * x[2][i];
      }
      // Each of D products and sums rounds by at most half a unit of values around 1 to 10.
      assertThat(dots[token]).isCloseTo(expected, within(1e-6 * (shape.width() + 1)));
    }
    store.blend(0, 0.25f, 1, -1.5f);
    store.copy(0, 3);
    float[] expected = new float[n];
    for (int i = 0; i < n; i++) {
      expected[i] = 0.25f * x[0][i] - 1.5f * x[1][i];
    }
    assertRow(store, 0, expected);
    assertRow(store, 3, expected);
    for (int to = 5; to <= ROWS; to++) {
      store.put(4, FloatBuffer.wrap(x[4]), mean);
      store.combine(
          new int[] {4, 5, 6, 7, 8}, new float[] {1, 2, 3, 4, 5}, new int[] {0, to - 4}, 1);
      for (int i = 0; i < n; i++) {
        expected[i] = x[4][i];
        for (int k = 5; k < to; k++) {
          expected[i] += (k - 3) * x[k][i];
        }
      }
      assertRow(store, 4, expected);
    }
    put(store, x, shape);
    store.combine(new int[] {8, 7, 2, 5}, new float[] {0.5f, 1, -2, 3}, new int[] {0, 1, 3, 4}, 3);
    for (int i = 0; i < n; i++) {
      expected[i] = x[7][i] - 2 * x[2][i];
    }
    assertRow(store, 7, expected);
    for (int i = 0; i < n; i++) {
      expected[i] = 0.5f * x[8][i];
    }
    assertRow(store, 8, expected);
    for (int i = 0; i < n; i++) {
      expected[i] = 3 * x[5][i];
    }
    assertRow(store, 5, expected);
    assertRow(store, 6, x[6]);
    checkManyGroups(store, x, shape);
    checkProducts(store, x, shape);
    assertThat(store.heapBytes() + store.offHeapBytes() + store.deviceBytes())
        .isGreaterThanOrEqualTo(ROWS * shape.bytes());
  }

  private static void put(TokenStore store, float[][] x, TokenShape shape) {
    for (int row = 0; row < ROWS; row++) {
      store.put(row, FloatBuffer.wrap(x[row]), new float[shape.width()]);
    }
  }

  /** So many that they are made by one product where a few are made one by one. */
  private static void checkManyGroups(TokenStore store, float[][] x, TokenShape shape) {
    put(store, x, shape);
    store.combine(
        new int[] {2, 5, 1, 7, 8}, new float[] {3, -1, 0.5f, 2, 4}, new int[] {0, 2, 3, 4, 5}, 4);
    float[] expected = new float[shape.floats()];
    for (int i = 0; i < expected.length; i++) {
      expected[i] = 3 * x[2][i] - x[5][i];
    }
    assertRow(store, 2, expected);
    assertScaled(store, 1, x[1], 0.5f);
    assertScaled(store, 7, x[7], 2);
    assertScaled(store, 8, x[8], 4);
  }

  private static void assertScaled(TokenStore store, int row, float[] values, float factor) {
    float[] expected = new float[values.length];
    for (int i = 0; i < expected.length; i++) {
      expected[i] = factor * values[i];
    }
    assertRow(store, row, expected);
  }

  /** Rows of the window, and rows that were put when it was full. */
  private static void checkProducts(TokenStore store, float[][] x, TokenShape shape) {
    put(store, x, shape);
    int[] rows = {8, 1, 7, 0, 6};
    double[][][] products = new double[rows.length][rows.length][shape.tokens()];
    assertThat(store.products(rows, rows.length, products)).isEqualTo(store.comparesWindows());
    for (int a = 0; store.comparesWindows() && a < rows.length; a++) {
      for (int b = a; b < rows.length; b++) {
        for (int token = 0; token < shape.tokens(); token++) {
          double expected = 0;
          for (int i = token * shape.width(); i < (token + 1) * shape.width(); i++) {
            expected += (double) x[rows[a]][i] * x[rows[b]][i];
          }
          assertThat(products[a][b][token]).isCloseTo(expected, within(1e-6 * (shape.width() + 1)));
        }
      }
    }
    for (int row = 0; row < ROWS; row++) {
      assertRow(store, row, x[row]);
    }
    int[] tooMany = {0, 1, 2, 3, 4, 5, 6};
    assertThat(store.products(tooMany, tooMany.length, new double[7][7][shape.tokens()])).isFalse();
  }

  private static void checkMean(float[] mean, float[] frame, TokenShape shape) {
    float[] expected = new float[shape.width()];
    for (int i = 0; i < frame.length; i++) {
      expected[i % expected.length] += frame[i] / shape.tokens();
    }
    assertThat(mean).containsExactly(expected, within(1e-6f * shape.tokens()));
  }

  private static void assertRow(TokenStore store, int row, float[] expected) {
    float[] values = new float[expected.length];
    store.get(row, values);
    assertThat(values).containsExactly(expected, within(2e-5f));
  }

  @Test
  void anUnknownBackendIsRefused() {
    System.setProperty(TokenStores.PROPERTY, "abacus");
    try {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> TokenStores.open(1, new TokenShape(1, 1), 1))
          .withMessageContaining("auto, java or nd4j")
          .withMessageContaining("abacus");
    } finally {
      System.clearProperty(TokenStores.PROPERTY);
    }
  }

  @Test
  void javaArraysAreTheDefaultWithoutCudaAndNd4jIsUsedOnRequest() {
    try (TokenStore store = TokenStores.open(2, new TokenShape(2, 2), 2)) {
      assertThat(store).isInstanceOf(JavaStore.class);
    }
    System.setProperty(TokenStores.PROPERTY, "nd4j");
    try (TokenStore store = TokenStores.open(2, new TokenShape(2, 2), 2)) {
      assertThat(store).isInstanceOf(Nd4jStore.class);
    } finally {
      System.clearProperty(TokenStores.PROPERTY);
    }
  }
}
