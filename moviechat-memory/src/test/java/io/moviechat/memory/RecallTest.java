package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RecallTest {
  static List<JsonNode> cases() throws IOException {
    try (InputStream in = RecallTest.class.getResourceAsStream("/recall/cases.json")) {
      List<JsonNode> cases = new ArrayList<>();
      new ObjectMapper().readTree(in).forEach(cases::add);
      return cases;
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void mergesAsTheTrainingDoes(JsonNode golden) {
    TokenShape shape = new TokenShape(golden.get("tokens").asInt(), golden.get("width").asInt());
    float[] values = floats(golden.get("values"));
    long[] frames = new long[golden.get("frames").size()];
    for (int i = 0; i < frames.length; i++) {
      frames[i] = golden.get("frames").get(i).asLong();
    }
    MemorySnapshot store = store(shape, values, frames);

    MemorySnapshot recalled =
        Recall.consolidate(store, floats(golden.get("relevance")), golden.get("limit").asInt());

    assertThat(recalled.slots().stream().mapToLong(MemorySlot::frames).boxed().toList())
        .isEqualTo(
            new ObjectMapper()
                .convertValue(
                    golden.get("expected_frames"),
                    new com.fasterxml.jackson.core.type.TypeReference<List<Long>>() {}));
    float[] expected = floats(golden.get("expected_values"));
    int at = 0;
    for (MemorySlot slot : recalled.slots()) {
      FloatBuffer tokens = slot.tokens();
      while (tokens.hasRemaining()) {
        assertThat(tokens.get()).isCloseTo(expected[at++], within(1e-5f));
      }
    }
    assertThat(at).isEqualTo(expected.length);
  }

  private static float[] floats(JsonNode array) {
    float[] values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).floatValue();
    }
    return values;
  }

  private static MemorySnapshot store(TokenShape shape, float[] values, long[] frames) {
    List<MemorySlot> slots = new ArrayList<>();
    long from = 0;
    for (int i = 0; i < frames.length; i++) {
      long to = from + frames[i];
      slots.add(
          MemorySlot.of(
              i < frames.length - 3 ? MemorySlot.Tier.LONG_TERM : MemorySlot.Tier.SHORT_TERM,
              Duration.ofMillis(from),
              Duration.ofMillis(to),
              frames[i],
              Duration.ofMillis(from),
              0.5,
              shape,
              FloatBuffer.wrap(values, i * shape.floats(), shape.floats())));
      from = to;
    }
    return new MemorySnapshot(shape, slots, from, 0);
  }

  private static MemorySnapshot random(int slots, TokenShape shape, long seed) {
    Random random = new Random(seed);
    float[] values = new float[slots * shape.floats()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return store(shape, values, random.longs(slots, 1, 50).toArray());
  }

  @Property(tries = 60)
  void tilesTheTimeWatchedAndKeepsWhatIsWanted(
      @ForAll @IntRange(min = 1, max = 90) int slots,
      @ForAll @IntRange(min = 1, max = 40) int limit,
      @ForAll @IntRange(min = 1, max = 20) int tokens,
      @ForAll long seed) {
    MemorySnapshot store = random(slots, new TokenShape(tokens, 3), seed);
    float[] relevance = new float[slots];
    int wanted = Math.floorMod(seed, slots);
    relevance[wanted] = 1;

    MemorySnapshot recalled = Recall.consolidate(store, relevance, limit);

    assertThat(recalled.slots()).hasSize(Math.min(slots, limit));
    assertThat(recalled.framesSeen()).isEqualTo(store.framesSeen());
    assertThat(recalled.end()).isEqualTo(store.end());
    for (int i = 1; i < recalled.slots().size(); i++) {
      assertThat(recalled.slots().get(i).start()).isEqualTo(recalled.slots().get(i - 1).end());
    }
    // The wanted slot and its neighbours merge only when nothing else is left to merge.
    if (limit >= 6) {
      MemorySlot one = store.slots().get(wanted);
      assertThat(recalled.slots())
          .anySatisfy(
              slot -> {
                assertThat(slot.start()).isEqualTo(one.start());
                assertThat(slot.frames()).isEqualTo(one.frames());
                assertThat(slot.tokens()).isEqualTo(one.tokens());
              });
    }
  }

  /**
   * A short-term slot before merged ones becomes long-term. 41 frames of 0.1 over 41 frames would
   * be 0.099999994.
   */
  @Test
  void aSingleSlotThatBecomesLongTermKeepsItsValues() {
    float[] values = {1, 0, 0, 0.1f, 0.7f, 0.3f, 0, 0, 1, 0, 0, 1};
    MemorySnapshot store = store(new TokenShape(1, 3), values, new long[] {1, 41, 3, 5});

    MemorySnapshot recalled = Recall.consolidate(store, new float[] {0, 1, 0, 0}, 3);

    MemorySlot one = store.slots().get(1);
    assertThat(one.tier()).isEqualTo(MemorySlot.Tier.SHORT_TERM);
    MemorySlot kept = recalled.slots().get(1);
    assertThat(kept.tier()).isEqualTo(MemorySlot.Tier.LONG_TERM);
    assertThat(kept.frames()).isEqualTo(41);
    assertThat(kept.representative()).isEqualTo(one.representative());
    assertThat(kept.tokens()).isEqualTo(one.tokens());
  }

  /** Whichever of the kept sums it is made of. */
  @Property(tries = 150)
  void aSlotIsTheMeanOfThoseItStandsFor(
      @ForAll @IntRange(min = 1, max = 150) int slots,
      @ForAll @IntRange(min = 1, max = 12) int limit,
      @ForAll @IntRange(min = 1, max = 20) int tokens,
      @ForAll long seed) {
    MemorySnapshot store = random(slots, new TokenShape(tokens, 3), seed);
    float[] relevance = new float[slots];
    Random random = new Random(seed);
    for (int i = 0; i < limit; i++) {
      relevance[random.nextInt(slots)] = random.nextFloat();
    }

    MemorySnapshot recalled = Recall.consolidate(store, relevance, limit);

    int next = 0;
    for (MemorySlot slot : recalled.slots()) {
      double[] sum = new double[store.shape().floats()];
      long frames = 0;
      boolean represented = false;
      while (frames < slot.frames()) {
        MemorySlot member = store.slots().get(next++);
        for (int k = 0; k < sum.length; k++) {
          sum[k] += (double) member.frames() * member.tokens().get(k);
        }
        frames += member.frames();
        represented |= member.representative().equals(slot.representative());
      }
      assertThat(frames).isEqualTo(slot.frames());
      assertThat(represented).isTrue();
      for (int k = 0; k < sum.length; k++) {
        assertThat(slot.tokens().get(k)).isCloseTo((float) (sum[k] / frames), within(1e-5f));
      }
    }
    assertThat(next).isEqualTo(slots);
  }

  @Test
  void slotsOfZerosAndOfNearlyZeroAreMergedToo() {
    float[] values = new float[40 * 6];
    Arrays.fill(values, 60, 120, 1e-41f);
    long[] frames = new long[40];
    Arrays.fill(frames, 3);
    MemorySnapshot recalled =
        Recall.consolidate(store(new TokenShape(2, 3), values, frames), new float[40], 4);
    assertThat(recalled.slots()).hasSize(4);
    assertThat(recalled.slots())
        .allSatisfy(slot -> assertThat(slot.tokens().get(0)).isBetween(0f, 1e-40f));
  }

  @Test
  void aStoreThatFitsIsGivenAsItIs() {
    MemorySnapshot store = random(12, new TokenShape(2, 3), 1);
    assertThat(Recall.consolidate(store, new float[12], 12)).isSameAs(store);
  }

  @Test
  void withoutRelevanceItIsTheSameEachTime() {
    MemorySnapshot store = random(200, new TokenShape(12, 5), 2);
    assertThat(Recall.consolidate(store, new float[200], 20))
        .isEqualTo(Recall.consolidate(store, new float[200], 20));
  }

  @Test
  void refusesRelevancesThatAreNone() {
    MemorySnapshot store = random(4, new TokenShape(1, 2), 3);
    assertThatThrownBy(() -> Recall.consolidate(store, new float[3], 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 relevances for 4 slots");
    assertThatThrownBy(() -> Recall.consolidate(store, new float[] {0, Float.NaN, 0, 0}, 2))
        .hasMessageContaining("slot 1 is NaN");
    assertThatThrownBy(() -> Recall.consolidate(store, new float[] {0, 0, 0, 1.5f}, 2))
        .hasMessageContaining("slot 3 is 1.5");
    assertThatThrownBy(() -> Recall.consolidate(store, new float[4], 0))
        .hasMessageContaining("at least 1 slot");
  }
}
