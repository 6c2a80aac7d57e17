package io.moviechat.spi.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.internal.NativeOwner;
import io.moviechat.recall.SlotScorer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link SlotScorer} must do. */
public abstract class SlotScorerContract {
  private static final List<String> STRANGE =
      List.of(
          "",
          " ",
          "?!",
          "赤い魚はどこ",
          "где рыба",
          "\uD83D\uDC1F",
          "\uD83D",
          "a\u0000b",
          "fish ".repeat(3000));

  private List<String> ownersBefore = List.of();

  /** Opens the scorer under test. */
  protected abstract SlotScorer open();

  /** The shape of memories that it scores. */
  protected abstract TokenShape shape();

  /** A question that it understands. */
  protected abstract String question();

  /** Whether it looks at tokens, and so needs its own shape and something to look with. */
  protected boolean looksAtTokens() {
    return true;
  }

  @BeforeEach
  void rememberOpenOwners() {
    ownersBefore = NativeOwner.openOwners();
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEqualTo(ownersBefore);
  }

  /** A memory of random slots, one a second. */
  protected static MemorySnapshot memory(int slots, TokenShape shape, long seed) {
    Random random = new Random(seed);
    List<MemorySlot> all = new ArrayList<>();
    for (int i = 0; i < slots; i++) {
      float[] values = new float[shape.floats()];
      for (int k = 0; k < values.length; k++) {
        values[k] = (float) random.nextGaussian();
      }
      all.add(
          MemorySlot.of(
              MemorySlot.Tier.LONG_TERM,
              Duration.ofSeconds(i),
              Duration.ofSeconds(i + 1),
              1,
              Duration.ofSeconds(i),
              0.5,
              shape,
              FloatBuffer.wrap(values)));
    }
    return new MemorySnapshot(shape, all, slots, 0);
  }

  private static void check(Optional<float[]> scores, int slots, float least) {
    scores.ifPresent(
        values -> {
          assertThat(values).hasSize(slots);
          for (float value : values) {
            assertThat(value).isBetween(least, 1f);
          }
        });
  }

  @Test
  void hasAName() {
    try (SlotScorer scorer = open()) {
      assertThat(scorer.name()).isNotBlank();
      scorer.encoder().ifPresent(encoder -> assertThat(encoder.shape()).isEqualTo(shape()));
    }
  }

  @Test
  void givesOneRelevancePerSlotHoweverFewOrManyThereAre() {
    try (SlotScorer scorer = open()) {
      assertThat(scorer.score(question(), memory(30, shape(), 1))).isPresent();
      for (int slots : new int[] {1, 2, 30, 700}) {
        MemorySnapshot memory = memory(slots, shape(), slots);
        check(scorer.score(question(), memory), slots, 0);
        check(scorer.fit(question(), memory), slots, -1);
      }
    }
  }

  @Test
  void saysTheSameAgain() {
    MemorySnapshot memory = memory(20, shape(), 2);
    MemorySnapshot equal = memory(20, shape(), 2);
    try (SlotScorer scorer = open()) {
      float[] first = scorer.score(question(), memory).orElseThrow();
      check(scorer.score("something else", memory(9, shape(), 3)), 9, 0);
      assertThat(scorer.score(question(), memory).orElseThrow()).containsExactly(first);
      assertThat(scorer.score(question(), equal).orElseThrow()).containsExactly(first);
    }
  }

  @Test
  void howWellASlotFitsDoesNotDependOnTheOthers() {
    MemorySnapshot memory = memory(6, shape(), 4);
    try (SlotScorer scorer = open()) {
      boolean compares = scorer.fit(question(), memory).isPresent();
      float[] together =
          (compares ? scorer.fit(question(), memory) : scorer.score(question(), memory))
              .orElseThrow();
      for (int i = 0; looksAtTokens() && i < together.length; i++) {
        MemorySnapshot alone = new MemorySnapshot(shape(), memory.slots().subList(i, i + 1), 1, 0);
        float[] one =
            (compares ? scorer.fit(question(), alone) : scorer.score(question(), alone))
                .orElseThrow();
        assertThat(one[0]).isCloseTo(together[i], within(1e-5f));
      }
    }
  }

  @Test
  void anyTextIsAQuestion() {
    MemorySnapshot memory = memory(5, shape(), 5);
    try (SlotScorer scorer = open()) {
      for (String question : STRANGE) {
        check(scorer.score(question, memory), 5, 0);
        check(scorer.fit(question, memory), 5, -1);
      }
    }
  }

  @Test
  void refusesAnotherShapeWithBoth() {
    TokenShape other = new TokenShape(shape().tokens(), shape().width() + 1);
    try (SlotScorer scorer = open()) {
      if (looksAtTokens()) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> scorer.score(question(), memory(3, other, 6)))
            .withMessageContaining(String.valueOf(shape().width()))
            .withMessageContaining(String.valueOf(other.width()));
      }
      assertThat(scorer.score(question(), memory(3, shape(), 6))).isPresent();
    }
  }

  @Test
  void isSharedByThreads() {
    List<MemorySnapshot> memories =
        IntStream.range(0, 4).mapToObj(i -> memory(10 + i, shape(), 10 + i)).toList();
    try (SlotScorer scorer = open()) {
      List<float[]> alone =
          memories.stream().map(m -> scorer.score(question(), m).orElseThrow()).toList();
      IntStream.range(0, 40)
          .parallel()
          .forEach(
              i ->
                  assertThat(scorer.score(question(), memories.get(i % 4)).orElseThrow())
                      .containsExactly(alone.get(i % 4)));
    }
  }

  @Test
  void refusesWhenClosedAndIsClosedTwice() {
    SlotScorer scorer = open();
    scorer.close();
    scorer.close();
    if (looksAtTokens()) {
      assertThatIllegalStateException()
          .isThrownBy(() -> scorer.score(question(), memory(3, shape(), 7)));
    }
  }
}
