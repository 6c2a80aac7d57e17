package io.moviechat.llm;

import io.moviechat.TokenShape;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.testing.SlotScorerContract;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Nested;

/** Dual encoders keep the contract of scorers. */
class DualEncoderContractTest {
  static SlotScorer open(String name) {
    try {
      Path root =
          Path.of(
              Objects.requireNonNull(DualEncoderContractTest.class.getResource("dual")).toURI());
      return DualEncoderBundle.at(root.resolve(name)).withThreads(1).open();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  @Nested
  class Clip extends SlotScorerContract {
    @Override
    protected SlotScorer open() {
      return DualEncoderContractTest.open("dual-tiny-clip");
    }

    @Override
    protected TokenShape shape() {
      try (SlotScorer scorer = open()) {
        return scorer.encoder().orElseThrow().shape();
      }
    }

    @Override
    protected String question() {
      return "a red car";
    }
  }

  @Nested
  class Siglip extends SlotScorerContract {
    @Override
    protected SlotScorer open() {
      return DualEncoderContractTest.open("dual-tiny-siglip");
    }

    @Override
    protected TokenShape shape() {
      try (SlotScorer scorer = open()) {
        return scorer.encoder().orElseThrow().shape();
      }
    }

    @Override
    protected String question() {
      return "a red car";
    }
  }
}
