package io.moviechat.tinymodel;

import io.moviechat.GenerationOptions;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VisionLanguageModel;
import java.util.Optional;

/** A model that sees and was never shown words, with {@link QuotingGenerator} for those. */
record QuotingModel(VisionLanguageModel seeing) implements VisionLanguageModel {
  @Override
  public String name() {
    return seeing.name();
  }

  @Override
  public FrameEncoder openEncoder() {
    return seeing.openEncoder();
  }

  @Override
  public AnswerGenerator openGenerator() {
    return new QuotingGenerator(seeing.openGenerator());
  }

  @Override
  public Optional<SlotScorer> openScorer() {
    return seeing.openScorer();
  }

  @Override
  public ModelDefaults defaults() {
    return seeing.defaults();
  }

  @Override
  public Optional<GenerationOptions> generationDefaults() {
    return seeing.generationDefaults();
  }
}
