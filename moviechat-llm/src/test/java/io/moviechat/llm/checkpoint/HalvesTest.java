package io.moviechat.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.HalfFloats;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HalvesTest {
  @Test
  void everyHalfSurvivesTheWayToFloatAndBack() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = HalfFloats.toFloat((short) bits);
      if (Float.isNaN(value)) {
        assertThat(Float.isNaN(HalfFloats.toFloat(HalfFloats.fromFloat(value)))).isTrue();
      } else {
        assertThat(HalfFloats.fromFloat(value)).isEqualTo((short) bits);
      }
    }
  }

  @Test
  void roundsToTheNearestHalfAndToEvenOnTies() {
    Random random = new Random(7);
    for (int i = 0; i < 2_000_000; i++) {
      float value = Float.intBitsToFloat(random.nextInt());
      if (!(Math.abs(value) < 65504)) {
        continue;
      }
      short half = HalfFloats.fromFloat(value);
      double error = Math.abs((double) HalfFloats.toFloat(half) - value);
      for (int step = -1; step <= 1; step += 2) {
        float neighbour = HalfFloats.toFloat((short) (half + step));
        double other = Math.abs((double) neighbour - value);
        if (Float.isNaN(neighbour) || Math.signum(neighbour) * Math.signum(value) < 0) {
          continue;
        }
        assertThat(error).as("%s", value).isLessThanOrEqualTo(other);
        if (error == other) {
          assertThat(half & 1).as("%s", value).isZero();
        }
      }
    }
  }

  @Test
  void largeValuesBecomeInfinite() {
    assertThat(HalfFloats.toFloat(HalfFloats.fromFloat(65519))).isEqualTo(65504);
    assertThat(HalfFloats.toFloat(HalfFloats.fromFloat(65520))).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(HalfFloats.toFloat(HalfFloats.fromFloat(-1e9f))).isEqualTo(Float.NEGATIVE_INFINITY);
  }

  @Test
  void bfloat16RoundsToEven() {
    assertThat(Halves.rounded(0x1.01p0f, ElementType.BFLOAT16)).isEqualTo(1f);
    assertThat(Halves.rounded(0x1.03p0f, ElementType.BFLOAT16)).isEqualTo(0x1.04p0f);
    assertThat(Halves.rounded(Float.NaN, ElementType.BFLOAT16)).isNaN();
  }
}
