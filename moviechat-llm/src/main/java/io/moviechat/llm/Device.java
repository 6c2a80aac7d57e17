package io.moviechat.llm;

import java.util.OptionalInt;

/**
 * Where graphs run.
 *
 * @param kind which kind of device
 * @param index which of several devices of that kind, 0 for the first
 */
public record Device(Kind kind, int index) {
  /** Kinds of devices. */
  public enum Kind {
    /** The processor. */
    CPU,
    /** An NVIDIA graphics card. */
    CUDA,
    /** A graphics card if it can be used, else the processor. */
    AUTO
  }

  /** The processor. */
  public static final Device CPU = new Device(Kind.CPU, 0);

  /** The first graphics card if it can be used, else the processor; the log says which and why. */
  public static final Device AUTO = new Device(Kind.AUTO, 0);

  /**
   * @throws IllegalArgumentException if the index is negative
   */
  public Device {
    if (index < 0) {
      throw new IllegalArgumentException("a device's index must not be negative, was " + index);
    }
  }

  /** An NVIDIA graphics card; a model on it refuses to open where CUDA cannot be used. */
  public static Device cuda(int index) {
    return new Device(Kind.CUDA, index);
  }

  boolean isCpu() {
    return kind == Kind.CPU;
  }

  /** The graphics card, empty for the processor. Not for AUTO. */
  OptionalInt cuda() {
    return isCpu() ? OptionalInt.empty() : OptionalInt.of(index);
  }

  @Override
  public String toString() {
    return kind == Kind.CUDA ? "CUDA(" + index + ")" : kind.name();
  }
}
