package io.moviechat.bench;

import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.spi.VisionLanguageModelProvider;
import java.util.Optional;
import java.util.ServiceLoader;

/** The embedded small model, where it is on the class path. */
final class SmallModel {
  static final String MISSING = "no embedded model on the class path (moviechat-tiny-model)";

  private SmallModel() {}

  static Optional<VisionLanguageModel> find() {
    return ServiceLoader.load(VisionLanguageModelProvider.class)
        .findFirst()
        .map(VisionLanguageModelProvider::model);
  }
}
