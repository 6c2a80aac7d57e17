package io.moviechat.llm;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.TokenShape;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.testing.SlotScorerContract;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Nested;

/** Dual encoders keep the contract of scorers. */
class DualEncoderContractTest {
  @MustBeClosed
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

  /** The contract for one of the fixtures. */
  private abstract static class Dual extends SlotScorerContract {
    private final String name;

    Dual(String name) {
      this.name = name;
    }

    @Override
    @MustBeClosed
    protected SlotScorer open() {
      return DualEncoderContractTest.open(name);
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
  class Clip extends Dual {
    Clip() {
      super("dual-tiny-clip");
    }
  }

  @Nested
  class Siglip extends Dual {
    Siglip() {
      super("dual-tiny-siglip");
    }
  }
}
