package io.moviechat.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HalfFloatsTest {
  @Test
  void everyHalfSurvivesTheRoundTrip() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = HalfFloats.toFloat((short) bits);
      if (Float.isNaN(value)) {
        assertThat(HalfFloats.toFloat(HalfFloats.fromFloat(value))).isNaN();
      } else {
        assertThat(HalfFloats.fromFloat(value)).isEqualTo((short) bits);
      }
    }
  }

  @Test
  void everyFloatBetweenTwoHalvesGoesToTheNearerAndTiesToEven() {
    for (int bits = 0; bits < 0x7bff; bits++) {
      float low = HalfFloats.toFloat((short) bits);
      float high = HalfFloats.toFloat((short) (bits + 1));
      float middle = (float) (((double) low + high) / 2);
      assertThat(HalfFloats.fromFloat(Math.nextDown(middle))).isEqualTo((short) bits);
      assertThat(HalfFloats.fromFloat(Math.nextUp(middle))).isEqualTo((short) (bits + 1));
      assertThat(HalfFloats.fromFloat(middle)).isEqualTo((short) (bits + (bits & 1)));
      assertThat(HalfFloats.fromFloat(-middle)).isEqualTo((short) (0x8000 | (bits + (bits & 1))));
    }
  }

  @Test
  void knowsTheSpecialValues() {
    assertThat(HalfFloats.fromFloat(65519.996f)).isEqualTo((short) 0x7bff);
    assertThat(HalfFloats.fromFloat(65520f)).isEqualTo((short) 0x7c00);
    assertThat(HalfFloats.fromFloat(Float.NEGATIVE_INFINITY)).isEqualTo((short) 0xfc00);
    assertThat(HalfFloats.fromFloat(-0f)).isEqualTo((short) 0x8000);
    assertThat(HalfFloats.fromFloat(Float.MIN_VALUE)).isEqualTo((short) 0);
    assertThat(HalfFloats.toFloat((short) 0x3c00)).isEqualTo(1);
  }
}
