package io.moviechat.memory;

import io.moviechat.TokenPrecision;

/** A {@link TokenPrecision} as the safetensors format has it. */
enum TokenType {
  FLOAT32(TokenPrecision.FLOAT32, "F32", 4),
  FLOAT16(TokenPrecision.FLOAT16, "F16", 2),
  INT8(TokenPrecision.INT8, "I8", 1);

  private final TokenPrecision precision;
  final String dtype;
  final int bytes;

  TokenType(TokenPrecision precision, String dtype, int bytes) {
    this.precision = precision;
    this.dtype = dtype;
    this.bytes = bytes;
  }

  static TokenType of(TokenPrecision precision) {
    for (TokenType type : values()) {
      if (type.precision == precision) {
        return type;
      }
    }
    throw new IllegalArgumentException("memory files have no tokens of " + precision);
  }
}
