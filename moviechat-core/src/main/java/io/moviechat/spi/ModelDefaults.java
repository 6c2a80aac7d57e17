package io.moviechat.spi;

import io.moviechat.FrameSampling;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Settings that a model was made for; what the user sets wins. Immutable and thread-safe. */
public final class ModelDefaults {
  /** No settings. */
  public static final ModelDefaults NONE = builder().build();

  private final Optional<FrameSampling> sampling;
  private final Optional<String> memoryStrategy;
  private final OptionalInt shortTermFrames;
  private final OptionalInt consolidateTo;
  private final OptionalInt longTermSlots;
  private final Optional<String> systemPrompt;
  private final Optional<String> notice;

  private ModelDefaults(Builder builder) {
    this.sampling = builder.sampling;
    this.memoryStrategy = builder.memoryStrategy;
    this.shortTermFrames = builder.shortTermFrames;
    this.consolidateTo = builder.consolidateTo;
    this.longTermSlots = builder.longTermSlots;
    this.systemPrompt = builder.systemPrompt;
    this.notice = builder.notice;
  }

  /** A builder that starts without settings. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts with these settings. */
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.sampling = sampling;
    builder.memoryStrategy = memoryStrategy;
    builder.shortTermFrames = shortTermFrames;
    builder.consolidateTo = consolidateTo;
    builder.longTermSlots = longTermSlots;
    builder.systemPrompt = systemPrompt;
    builder.notice = notice;
    return builder;
  }

  /** How its movies were sampled. */
  public Optional<FrameSampling> sampling() {
    return sampling;
  }

  /** Name of a memory strategy. */
  public Optional<String> memoryStrategy() {
    return memoryStrategy;
  }

  /** Frames held one by one until they are consolidated. */
  public OptionalInt shortTermFrames() {
    return shortTermFrames;
  }

  /** Slots that one full short-term memory becomes. */
  public OptionalInt consolidateTo() {
    return consolidateTo;
  }

  /** Most slots of long-term memory. */
  public OptionalInt longTermSlots() {
    return longTermSlots;
  }

  /** What the model is told first. */
  public Optional<String> systemPrompt() {
    return systemPrompt;
  }

  /** One line that a user should read before believing its answers. */
  public Optional<String> notice() {
    return notice;
  }

  private List<Object> values() {
    return List.of(
        sampling,
        memoryStrategy,
        shortTermFrames,
        consolidateTo,
        longTermSlots,
        systemPrompt,
        notice);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ModelDefaults defaults && values().equals(defaults.values());
  }

  @Override
  public int hashCode() {
    return values().hashCode();
  }

  @Override
  public String toString() {
    return "ModelDefaults" + values();
  }

  /** Collects settings; each is open until it is set. Not thread-safe. */
  public static final class Builder {
    private Optional<FrameSampling> sampling = Optional.empty();
    private Optional<String> memoryStrategy = Optional.empty();
    private OptionalInt shortTermFrames = OptionalInt.empty();
    private OptionalInt consolidateTo = OptionalInt.empty();
    private OptionalInt longTermSlots = OptionalInt.empty();
    private Optional<String> systemPrompt = Optional.empty();
    private Optional<String> notice = Optional.empty();

    private Builder() {}

    /** How the model's movies were sampled. */
    public Builder sampling(FrameSampling value) {
      sampling = Optional.of(value);
      return this;
    }

    /** Name of a memory strategy. */
    public Builder memoryStrategy(String value) {
      memoryStrategy = Optional.of(value);
      return this;
    }

    /** Frames held one by one until they are consolidated. */
    public Builder shortTermFrames(int value) {
      shortTermFrames = OptionalInt.of(value);
      return this;
    }

    /** Slots that one full short-term memory becomes. */
    public Builder consolidateTo(int value) {
      consolidateTo = OptionalInt.of(value);
      return this;
    }

    /** Most slots of long-term memory. */
    public Builder longTermSlots(int value) {
      longTermSlots = OptionalInt.of(value);
      return this;
    }

    /** What the model is told first. */
    public Builder systemPrompt(String value) {
      systemPrompt = Optional.of(value);
      return this;
    }

    /** One line that a user should read before believing the model's answers. */
    public Builder notice(String value) {
      notice = Optional.of(value);
      return this;
    }

    /** The settings. */
    public ModelDefaults build() {
      return new ModelDefaults(this);
    }
  }
}
