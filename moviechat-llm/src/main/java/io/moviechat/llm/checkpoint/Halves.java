package io.moviechat.llm.checkpoint;

import io.moviechat.internal.HalfFloats;

/**
 * bfloat16, and values as they are after being stored in a 16-bit format. IEEE's format is {@link
 * HalfFloats}.
 */
final class Halves {
  private Halves() {}

  /** The value of a bfloat16: the upper half of a float32. */
  static float fromBfloat16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** The nearest bfloat16. */
  static short toBfloat16(float value) {
    if (Float.isNaN(value)) {
      return (short) 0x7fc0;
    }
    int bits = Float.floatToRawIntBits(value);
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  /** The value as it would be after being stored in a type. */
  static float rounded(float value, ElementType type) {
    return switch (type) {
      case FLOAT16 -> HalfFloats.toFloat(HalfFloats.fromFloat(value));
      case BFLOAT16 -> fromBfloat16(toBfloat16(value));
      default -> value;
    };
  }
}
