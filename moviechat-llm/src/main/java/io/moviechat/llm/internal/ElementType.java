package io.moviechat.llm.internal;

import java.util.Locale;

/** Element types of tensors, with ONNX's numbers for them. */
public enum ElementType {
  UNDEFINED(0, 0),
  FLOAT(1, 4),
  UINT8(2, 1),
  INT8(3, 1),
  UINT16(4, 2),
  INT16(5, 2),
  INT32(6, 4),
  INT64(7, 8),
  STRING(8, 0),
  BOOL(9, 1),
  FLOAT16(10, 2),
  DOUBLE(11, 8),
  UINT32(12, 4),
  UINT64(13, 8),
  BFLOAT16(16, 2);

  private final int code;
  private final int bytes;

  ElementType(int code, int bytes) {
    this.code = code;
    this.bytes = bytes;
  }

  /** The number in ONNX files and in ONNX Runtime's API. */
  int code() {
    return code;
  }

  /** Bytes of one element, 0 if they vary. */
  public int bytes() {
    return bytes;
  }

  /** Whether float32 values can be converted to this type and back. */
  public boolean isReal() {
    return this == FLOAT || this == FLOAT16;
  }

  static ElementType of(int code) {
    for (ElementType type : values()) {
      if (type.code == code) {
        return type;
      }
    }
    return UNDEFINED;
  }

  @Override
  public String toString() {
    return switch (this) {
      case FLOAT -> "float32";
      default -> name().toLowerCase(Locale.ROOT);
    };
  }
}
