package io.moviechat.spi;

import io.moviechat.FrameSampling;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Settings that a model was made for; what the user sets wins.
 *
 * @param sampling how its movies were sampled
 * @param memoryStrategy name of a memory strategy
 * @param shortTermFrames frames held one by one until they are consolidated
 * @param consolidateTo slots that one full short-term memory becomes
 * @param longTermSlots most slots of long-term memory
 * @param systemPrompt what the model is told first
 * @param notice one line that a user should read before believing its answers
 */
public record ModelDefaults(
    Optional<FrameSampling> sampling,
    Optional<String> memoryStrategy,
    OptionalInt shortTermFrames,
    OptionalInt consolidateTo,
    OptionalInt longTermSlots,
    Optional<String> systemPrompt,
    Optional<String> notice) {
  /** No settings. */
  public static final ModelDefaults NONE =
      new ModelDefaults(
          Optional.empty(),
          Optional.empty(),
          OptionalInt.empty(),
          OptionalInt.empty(),
          OptionalInt.empty(),
          Optional.empty(),
          Optional.empty());

  /** Refuses nulls. */
  public ModelDefaults {
    Objects.requireNonNull(sampling, "sampling");
    Objects.requireNonNull(memoryStrategy, "memoryStrategy");
    Objects.requireNonNull(shortTermFrames, "shortTermFrames");
    Objects.requireNonNull(consolidateTo, "consolidateTo");
    Objects.requireNonNull(longTermSlots, "longTermSlots");
    Objects.requireNonNull(systemPrompt, "systemPrompt");
    Objects.requireNonNull(notice, "notice");
  }
}
