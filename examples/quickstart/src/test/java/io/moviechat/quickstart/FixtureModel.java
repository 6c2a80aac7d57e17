package io.moviechat.quickstart;

import io.moviechat.llm.ModelBundle;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.spi.VisionLanguageModelProvider;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;

/** A model on the class path for {@code MovieChat.create()}: random weights, nonsense answers. */
public final class FixtureModel implements VisionLanguageModelProvider {
  /** For {@link java.util.ServiceLoader}. */
  public FixtureModel() {}

  @Override
  public String name() {
    return "fixture";
  }

  @Override
  public VisionLanguageModel model() {
    try {
      return ModelBundle.at(
          Path.of(
                  Objects.requireNonNull(FixtureModel.class.getResource("/bundle/config.json"))
                      .toURI())
              .getParent());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
