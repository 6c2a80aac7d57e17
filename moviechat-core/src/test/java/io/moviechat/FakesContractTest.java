package io.moviechat;

import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.spi.testing.AnswerGeneratorContract;
import io.moviechat.spi.testing.FakeEncoder;
import io.moviechat.spi.testing.FakeGenerator;
import io.moviechat.spi.testing.FakeMemory;
import io.moviechat.spi.testing.FakeVideo;
import io.moviechat.spi.testing.FrameEncoderContract;
import io.moviechat.spi.testing.SlotScorerContract;
import io.moviechat.spi.testing.VideoMemoryContract;
import io.moviechat.spi.testing.VideoSourceContract;
import java.net.URI;
import org.junit.jupiter.api.Nested;

/** The published in-memory implementations keep the contracts, and the contracts can be kept. */
class FakesContractTest {
  @Nested
  class Memory extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return FakeMemory.factory(12);
    }
  }

  @Nested
  class Encoder extends FrameEncoderContract {
    @Override
    protected FrameEncoder open() {
      return new FakeEncoder();
    }
  }

  @Nested
  class Generator extends AnswerGeneratorContract {
    @Override
    protected AnswerGenerator open() {
      return new FakeGenerator();
    }

    @Override
    protected TokenShape shape() {
      return new TokenShape(2, 3);
    }
  }

  @Nested
  class Video extends VideoSourceContract {
    @Override
    protected VideoSourceProvider provider() {
      return new FakeVideo();
    }

    @Override
    protected URI video() {
      return FakeVideo.of(90);
    }

    @Override
    protected URI missing() {
      return URI.create("fake:missing");
    }
  }

  @Nested
  class Times extends SlotScorerContract {
    @Override
    protected SlotScorer open() {
      return SlotScorer.ofTimes();
    }

    @Override
    protected TokenShape shape() {
      return new TokenShape(2, 3);
    }

    @Override
    protected String question() {
      return "What is there at the end?";
    }

    @Override
    protected boolean looksAtTokens() {
      return false;
    }
  }
}
