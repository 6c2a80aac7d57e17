package io.moviechat.llm;

import io.moviechat.ModelException;
import io.moviechat.llm.internal.Cuda;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where graphs run.
 *
 * @param kind which kind of device
 * @param index which of several devices of that kind, 0 for the first
 */
public record Device(Kind kind, int index) {
  private static final Logger log = LoggerFactory.getLogger(Device.class);

  /** Kinds of devices. */
  public enum Kind {
    /** The processor. */
    CPU,
    /** An NVIDIA graphics card. */
    CUDA,
    /** A graphics card if it can be used, else the processor. */
    AUTO
  }

  /**
   * One thing that was looked at.
   *
   * @param name what
   * @param found what was found
   * @param healthy whether that is fine
   * @param advice what to change; empty if nothing need be
   */
  public record Finding(String name, String found, boolean healthy, Optional<String> advice) {}

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

  /**
   * Looks at what models need on this machine: JDK, native libraries, execution providers, graphics
   * card. For the {@code doctor} command and for bug reports. A failure is a finding, not an
   * exception.
   *
   * @return what was looked at, always the same things in the same order
   */
  public static List<Finding> examine() {
    return Doctor.examine();
  }

  /**
   * The device that graphs are opened on: the processor or a graphics card.
   *
   * @param model its name, for the log
   * @throws ModelException saying what is missing, if it is to be a graphics card and cannot be
   */
  Device resolved(String model) {
    if (isCpu()) {
      return this;
    }
    Optional<String> problem = Cuda.problem(index);
    if (problem.isEmpty()) {
      return cuda(index);
    }
    if (kind == Kind.CUDA) {
      throw new ModelException(this + " was asked for, but " + problem.get());
    }
    log.info("{} runs on the processor: {}", model, problem.get());
    return CPU;
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
