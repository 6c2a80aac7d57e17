package io.moviechat.tinymodel;

import io.moviechat.TokenShape;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.testing.SlotScorerContract;

/** The embedded model's scorer keeps the contract. */
class ScorerContractTest extends SlotScorerContract {
  @Override
  protected SlotScorer open() {
    return new EmbeddedModel().model().openScorer().orElseThrow();
  }

  @Override
  protected TokenShape shape() {
    try (FrameEncoder encoder = new EmbeddedModel().model().openEncoder()) {
      return encoder.shape();
    }
  }

  @Override
  protected String question() {
    return "Was there a red fish?";
  }
}
