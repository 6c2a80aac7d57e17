package io.moviechat.memory;

import io.moviechat.MovieMemory;

/** A {@link MovieMemory.Precision} as the safetensors format has it. */
enum TokenType {
  FLOAT32(MovieMemory.Precision.FLOAT32, "F32", 4),
  FLOAT16(MovieMemory.Precision.FLOAT16, "F16", 2),
  INT8(MovieMemory.Precision.INT8, "I8", 1);

  private final MovieMemory.Precision precision;
  final String dtype;
  final int bytes;

  TokenType(MovieMemory.Precision precision, String dtype, int bytes) {
    this.precision = precision;
    this.dtype = dtype;
    this.bytes = bytes;
  }

  static TokenType of(MovieMemory.Precision precision) {
    for (TokenType type : values()) {
      if (type.precision == precision) {
        return type;
      }
    }
    throw new IllegalArgumentException("memory files have no tokens of " + precision);
  }
}
