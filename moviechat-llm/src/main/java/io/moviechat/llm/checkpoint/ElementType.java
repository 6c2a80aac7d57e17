package io.moviechat.llm.checkpoint;

import java.util.Locale;
import java.util.Optional;

/** The element types that checkpoints store, with their names in the two file formats. */
enum ElementType {
  FLOAT32(4, "FloatStorage", "F32"),
  FLOAT16(2, "HalfStorage", "F16"),
  BFLOAT16(2, "BFloat16Storage", "BF16"),
  FLOAT64(8, "DoubleStorage", "F64"),
  INT64(8, "LongStorage", "I64"),
  INT32(4, "IntStorage", "I32"),
  INT16(2, "ShortStorage", "I16"),
  INT8(1, "CharStorage", "I8"),
  UINT8(1, "ByteStorage", "U8"),
  BOOL(1, "BoolStorage", "BOOL");

  private final int bytes;
  private final String torchStorage;
  private final String safetensors;

  ElementType(int bytes, String torchStorage, String safetensors) {
    this.bytes = bytes;
    this.torchStorage = torchStorage;
    this.safetensors = safetensors;
  }

  int bytes() {
    return bytes;
  }

  boolean isFloating() {
    return switch (this) {
      case FLOAT32, FLOAT16, BFLOAT16, FLOAT64 -> true;
      default -> false;
    };
  }

  static Optional<ElementType> ofTorchStorage(String name) {
    for (ElementType type : values()) {
      if (type.torchStorage.equals(name)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  static Optional<ElementType> ofSafetensors(String name) {
    for (ElementType type : values()) {
      if (type.safetensors.equals(name)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
