package io.moviechat.llm.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class HalfTest {
  @Test
  void everyHalfComesBackAsItself() {
    for (int bits = 0; bits < 0x10000; bits++) {
      short half = (short) bits;
      float value = Half.toFloat(half);
      if (Float.isNaN(value)) {
        assertThat(Float.isNaN(Half.toFloat(Half.fromFloat(value)))).isTrue();
      } else {
        assertThat(Half.fromFloat(value)).as("%04x", bits).isEqualTo(half);
      }
    }
  }

  @Test
  void knownValues() {
    assertThat(Half.toFloat((short) 0x3c00)).isEqualTo(1f);
    assertThat(Half.toFloat((short) 0xc000)).isEqualTo(-2f);
    assertThat(Half.toFloat((short) 0x7bff)).isEqualTo(65504f);
    assertThat(Half.toFloat((short) 0x0001)).isEqualTo(0x1p-24f);
    assertThat(Half.fromFloat(65519f)).isEqualTo((short) 0x7bff);
    assertThat(Half.fromFloat(65520f)).isEqualTo((short) 0x7c00);
    assertThat(Half.fromFloat(1e-9f)).isEqualTo((short) 0);
  }

  @Test
  void roundsToTheNearestAndTiesToEven() {
    Random random = new Random(1);
    for (int i = 0; i < 200_000; i++) {
      float value = Float.intBitsToFloat(random.nextInt());
      if (!(Math.abs(value) < 65000f)) {
        continue;
      }
      int bits = Half.fromFloat(value) & 0xffff;
      double error = Math.abs(Half.toFloat((short) bits) - (double) value);
      for (int neighbour : new int[] {bits - 1, bits + 1}) {
        double other = Half.toFloat((short) neighbour);
        if (!Double.isFinite(other) || (neighbour & 0x8000) != (bits & 0x8000)) {
          continue;
        }
        double otherError = Math.abs(other - value);
        assertThat(error).isLessThanOrEqualTo(otherError);
        if (error == otherError) {
          assertThat(bits & 1).isZero();
        }
      }
    }
  }
}
