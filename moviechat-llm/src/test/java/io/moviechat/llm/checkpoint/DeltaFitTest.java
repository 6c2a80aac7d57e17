package io.moviechat.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.ModelException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeltaFitTest {
  private static final int ROWS = 64;
  private static final int COLUMNS = 128;

  @SuppressWarnings("ArrayRecordComponent") // carries, is not compared
  private record Values(ElementType type, float[] values) implements Tensor {
    @Override
    public List<Long> shape() {
      return List.of((long) ROWS, (long) COLUMNS);
    }

    @Override
    public void read(long first, float[] into, int at, int count) {
      System.arraycopy(values, (int) first, into, at, count);
    }
  }

  private static float half(double value) {
    return Halves.rounded((float) value, ElementType.FLOAT16);
  }

  private static float[] model(int seed, double width) {
    Random random = new Random(seed);
    float[] values = new float[ROWS * COLUMNS];
    for (int i = 0; i < values.length; i++) {
      values[i] = half(width * random.nextGaussian());
    }
    return values;
  }

  /** Every value changed a little; the result in float16 or as it comes. */
  private static float[] tuned(float[] base, double by, boolean rounded) {
    Random random = new Random(99);
    float[] values = new float[base.length];
    for (int i = 0; i < values.length; i++) {
      double value = base[i] + by * random.nextGaussian();
      values[i] = rounded ? half(value) : (float) value;
    }
    return values;
  }

  private static float[] difference(float[] target, float[] base) {
    float[] values = new float[base.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = half((double) target[i] - base[i]);
    }
    return values;
  }

  private static float[] map(float[] values, DoubleUnaryOperator change) {
    float[] changed = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      changed[i] = half(change.applyAsDouble(values[i]));
    }
    return changed;
  }

  private static Checkpoint applied(float[] base, float[] delta) {
    return applied(new Values(ElementType.FLOAT16, base), new Values(ElementType.FLOAT16, delta));
  }

  private static Checkpoint applied(Tensor base, Tensor delta) {
    return DeltaTensors.apply(
        new Checkpoint("base", Map.of("w", base), () -> {}),
        new Checkpoint("delta", Map.of("w", delta), () -> {}));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.0001, 0.001, 0.01, 0.1, 0.5})
  void theBaseOfTheDeltaFits(double change) {
    float[] base = model(1, 0.02);
    float[] delta = difference(tuned(base, 0.02 * change, true), base);
    assertThatCode(() -> applied(base, delta)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.001, 0.01, 0.1, 0.4})
  void anotherModelDoesNot(double change) {
    float[] base = model(1, 0.02);
    float[] delta = difference(tuned(base, 0.02 * change, true), base);
    for (double width : new double[] {0.01, 0.02, 0.03}) {
      assertThatThrownBy(() -> applied(model(2, width), delta))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("delta is no delta for base")
          .hasMessageContaining("need no rounding");
    }
  }

  @Test
  void aWholeModelIsNoDelta() {
    float[] base = model(1, 0.02);
    float[] target = tuned(base, 0.0002, true);
    assertThatThrownBy(() -> applied(base, target))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("whole model");
    assertThatThrownBy(() -> applied(difference(target, base), base))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("times as large");
  }

  @Test
  void aModelTunedFromTheBaseIsNotToldFromIt() {
    float[] base = model(1, 0.02);
    float[] delta = difference(tuned(base, 0.0002, true), base);
    float[] sibling = map(base, value -> value * 1.001);
    assertThatCode(() -> applied(sibling, delta)).doesNotThrowAnyException();
  }

  @Test
  void aDeltaOfOtherNumbersIsNotJudged() {
    float[] base = model(1, 0.02);
    float[] unrounded = difference(tuned(base, 0.0002, false), base);
    assertThatCode(() -> applied(base, unrounded)).doesNotThrowAnyException();
    assertThatCode(
            () ->
                applied(
                    new Values(ElementType.FLOAT32, model(2, 0.02)),
                    new Values(ElementType.FLOAT32, unrounded)))
        .doesNotThrowAnyException();
    assertThatCode(() -> applied(base, new float[base.length])).doesNotThrowAnyException();
  }
}
