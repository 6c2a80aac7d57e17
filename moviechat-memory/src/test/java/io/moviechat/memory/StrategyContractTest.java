package io.moviechat.memory;

import io.moviechat.MemoryBudget;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.testing.VideoMemoryContract;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;

/** Every strategy keeps the contract of a video memory. */
class StrategyContractTest {
  @Nested
  class Published extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.moviechat().shortTermFrames(8).longTermSlots(12).build();
    }
  }

  @Nested
  class PublishedWithDefaults extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.moviechat().build().within(MemoryBudget.ofSlots(30), SHAPE);
    }
  }

  @Nested
  class PublishedStartingEmpty extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.moviechatStartEmpty().shortTermFrames(8).longTermSlots(12).build();
    }
  }

  @Nested
  class SmallestPublished extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.moviechat().build().within(MemoryBudget.ofSlots(3), SHAPE);
    }
  }

  @Nested
  class Released extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.released().longTermSlots(12).build();
    }
  }

  @Nested
  class OneVision extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.oneVision().longTermSlots(12).build();
    }
  }

  @Nested
  class Plus extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.plus(frame -> frame.values().get(0)).longTermSlots(12).build();
    }
  }

  @Nested
  class Uniform extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.uniform(12);
    }
  }

  @Nested
  class Recent extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.recent(12);
    }
  }

  @Nested
  class Reservoir extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.reservoir(12, 3);
    }
  }

  @Nested
  class MemoryBank extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.memoryBank(12);
    }
  }

  @Nested
  class Clusters extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.clusters(16);
    }
  }

  @Nested
  class Events extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.events(12);
    }
  }

  @Nested
  class Hybrid extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.hybrid(16);
    }
  }

  @Nested
  class SmallestHybrid extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.hybrid(6);
    }
  }

  @Nested
  class SmallestClusters extends VideoMemoryContract {
    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.clusters(4);
    }
  }

  /** The default strategy on ND4J arrays. */
  @Nested
  class PublishedOnNd4j extends VideoMemoryContract {
    @BeforeEach
    void chooseNd4j() {
      System.setProperty(TokenStores.PROPERTY, "nd4j");
    }

    @AfterEach
    void chooseAgain() {
      System.clearProperty(TokenStores.PROPERTY);
    }

    @Override
    protected VideoMemory.Factory factory() {
      return MemoryStrategies.moviechat().shortTermFrames(8).longTermSlots(12).build();
    }
  }
}
