package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.moviechat.MemoryBudget;
import io.moviechat.TokenShape;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoMemoryProvider;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class MovieChatStrategyTest {
  private static final TokenShape SHAPE = new TokenShape(4, 8);

  @Test
  void defaultsAreThePapers() {
    assertThat(MemoryStrategies.moviechat().build().settings())
        .isEqualTo("shortTermFrames=18 consolidateTo=2 longTermSlots=256");
    assertThat(MemoryStrategies.oneVision().build().settings())
        .isEqualTo("shortTermFrames=18 consolidateTo=2 longTermSlots=64");
  }

  @Test
  void budgetIsAHardLimitOnAllSlots() {
    for (int slots = 3; slots < 400; slots++) {
      VideoMemory.Factory memory =
          MemoryStrategies.moviechat().build().within(MemoryBudget.ofSlots(slots), SHAPE);
      assertThat(memory.maxSlots()).isEqualTo(Math.min(slots, 274));
      MemoryBudget bytes = MemoryBudget.ofBytes(slots * SHAPE.bytes() + SHAPE.bytes() - 1);
      assertThat(MemoryStrategies.moviechat().build().within(bytes, SHAPE).settings())
          .isEqualTo(memory.settings());
    }
  }

  @Test
  void budgetShrinksLongTermMemoryFirst() {
    assertThat(
            MemoryStrategies.moviechat().build().within(MemoryBudget.ofSlots(64), SHAPE).settings())
        .isEqualTo("shortTermFrames=18 consolidateTo=2 longTermSlots=46");
  }

  @Test
  void oneVisionShrinksByWholeWindows() {
    VideoMemory.Factory memory = MemoryStrategies.oneVision().build();
    for (int slots = 11; slots < 90; slots++) {
      MovieChatStrategy fitted =
          (MovieChatStrategy) memory.within(MemoryBudget.ofSlots(slots), SHAPE);
      assertThat((fitted.shortTermFrames() - fitted.consolidateTo()) % 8).isZero();
      assertThat(fitted.maxSlots()).isEqualTo(Math.min(slots, 82));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> memory.within(MemoryBudget.ofSlots(10), SHAPE))
        .withMessageContaining("at least 11 slots");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MemoryStrategies.oneVision().shortTermFrames(17).build())
        .withMessageContaining("sliding window of 8");
  }

  @Test
  void refusesABudgetThatChosenSettingsDoNotFit() {
    VideoMemory.Factory chosen =
        MemoryStrategies.moviechat().shortTermFrames(16).longTermSlots(60).build();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> chosen.within(MemoryBudget.ofSlots(64), SHAPE))
        .withMessageContaining("shortTermFrames (16)")
        .withMessageContaining("longTermSlots (60)")
        .withMessageContaining("64 slots");
    assertThat(chosen.within(MemoryBudget.ofSlots(76), SHAPE)).isSameAs(chosen);
  }

  @Test
  void refusesABudgetWithoutRoom() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> MemoryStrategies.moviechat().build().within(MemoryBudget.ofBytes(300), SHAPE))
        .withMessageContaining("at least 3 slots of 128 bytes")
        .withMessageContaining("room for 2");
  }

  @Test
  void refusesSettingsThatContradictEachOther() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MemoryStrategies.moviechat().shortTermFrames(4).consolidateTo(4).build())
        .withMessage("consolidateTo must be below shortTermFrames (4), was 4");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MemoryStrategies.moviechat().longTermSlots(0).build())
        .withMessageContaining("longTermSlots");
  }

  @Test
  void modelDefaultsApplyUnlessTheBudgetIsTighter() {
    ModelDefaults defaults =
        ModelDefaults.builder()
            .memoryStrategy("moviechat-released")
            .shortTermFrames(16)
            .consolidateTo(4)
            .longTermSlots(64)
            .build();
    VideoMemoryProvider provider =
        ServiceLoader.load(VideoMemoryProvider.class).findFirst().orElseThrow();
    assertThat(provider.strategies())
        .startsWith("moviechat", "moviechat-start-empty", "moviechat-released");
    assertThat(provider.factory(defaults).strategy()).isEqualTo("moviechat-released");
    assertThat(provider.factory(defaults).settings())
        .isEqualTo("shortTermFrames=16 consolidateTo=4 longTermSlots=64");
    assertThat(provider.factory(defaults).within(MemoryBudget.ofSlots(20), SHAPE).maxSlots())
        .isEqualTo(20);
    assertThat(provider.factory(ModelDefaults.NONE).strategy()).isEqualTo("moviechat");
  }

  @Test
  void aModelCanAskForTheStartEmptyVariantByName() {
    ModelDefaults defaults =
        ModelDefaults.builder()
            .memoryStrategy("moviechat-start-empty")
            .shortTermFrames(16)
            .consolidateTo(4)
            .longTermSlots(64)
            .build();
    VideoMemoryProvider provider =
        ServiceLoader.load(VideoMemoryProvider.class).findFirst().orElseThrow();
    assertThat(provider.factory(defaults).strategy()).isEqualTo("moviechat-start-empty");
    assertThat(provider.factory(defaults).settings())
        .isEqualTo("shortTermFrames=16 consolidateTo=4 longTermSlots=64");
  }

  @Test
  void everyNamedStrategyOpensAndNamesItself() {
    MovieChatMemoryProvider provider = new MovieChatMemoryProvider();
    for (String name : provider.strategies()) {
      ModelDefaults defaults =
          ModelDefaults.builder().memoryStrategy(name).longTermSlots(40).build();
      assertThat(provider.factory(defaults).strategy()).isEqualTo(name);
      try (VideoMemory memory = provider.factory(defaults).open(SHAPE)) {
        assertThat(memory.shape()).isEqualTo(SHAPE);
      }
    }
  }

  @Test
  void anUnknownStrategyIsAnsweredWithThoseThatExist() {
    ModelDefaults defaults = ModelDefaults.builder().memoryStrategy("elephant").build();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new MovieChatMemoryProvider().factory(defaults))
        .withMessageContaining("elephant")
        .withMessageContaining("moviechat-released");
  }

  @Test
  void aModelsWishIsRoundedToTheSlidingWindow() {
    ModelDefaults wish = ModelDefaults.builder().shortTermFrames(16).consolidateTo(4).build();
    assertThat(MemoryStrategies.oneVision().defaults(wish).build().settings())
        .isEqualTo("shortTermFrames=12 consolidateTo=4 longTermSlots=64");
    assertThat(MemoryStrategies.moviechat().defaults(wish).build().settings())
        .isEqualTo("shortTermFrames=16 consolidateTo=4 longTermSlots=256");
  }
}
