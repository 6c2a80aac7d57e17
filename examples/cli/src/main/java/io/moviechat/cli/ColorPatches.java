package io.moviechat.cli;

import io.moviechat.ColorPatchEncoder;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VisionLanguageModel;

/** Watches by the mean colours of patches. Sees what changes; knows nothing and cannot answer. */
final class ColorPatches implements VisionLanguageModel {
  @Override
  public String name() {
    return "colour patches";
  }

  @Override
  public FrameEncoder openEncoder() {
    return new ColorPatchEncoder();
  }

  @Override
  public AnswerGenerator openGenerator() {
    return new Mute();
  }

  private static final class Mute implements AnswerGenerator {
    @Override
    public String id() {
      return "colour patches";
    }

    @Override
    public AnswerSession open(MovieView view) {
      throw new IllegalStateException("colour patches cannot answer questions; open a model");
    }

    @Override
    public void close() {}
  }
}
