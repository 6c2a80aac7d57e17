package io.moviechat.spi;

import io.moviechat.GenerationOptions;
import io.moviechat.ModelException;
import io.moviechat.recall.SlotScorer;
import java.util.Optional;

/**
 * A model that a chat can open: an encoder and a generator that belong together. A description:
 * nothing is open until one of the methods is called. Thread-safe.
 */
public interface VisionLanguageModel {
  /** Names the model, for messages. */
  String name();

  /**
   * Opens the encoder; the caller closes it.
   *
   * @throws ModelException listing all that is wrong with the model
   */
  FrameEncoder openEncoder();

  /**
   * Opens the generator; the caller closes it.
   *
   * @throws ModelException listing all that is wrong with the model
   */
  AnswerGenerator openGenerator();

  /**
   * Opens the model's own scorer of slots, with which memories larger than the prompt are asked;
   * the caller closes it. Empty if it has none.
   *
   * @throws ModelException listing all that is wrong with it
   */
  default Optional<SlotScorer> openScorer() {
    return Optional.empty();
  }

  /** Settings that suit this model. */
  default ModelDefaults defaults() {
    return ModelDefaults.NONE;
  }

  /** Generation options that suit this model. */
  default Optional<GenerationOptions> generationDefaults() {
    return Optional.empty();
  }
}
