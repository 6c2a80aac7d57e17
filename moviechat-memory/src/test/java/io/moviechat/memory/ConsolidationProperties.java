package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.FrameTokens;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.spi.VideoMemory;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class ConsolidationProperties {
  private static final int TOKENS = 2;
  private static final int WIDTH = 3;
  private static final TokenShape SHAPE = new TokenShape(TOKENS, WIDTH);

  /** Below this lead of the best pair rounding may decide which pair is merged. */
  private static final double NEAR_TIE = 1e-5;

  @Property(tries = 500)
  void agreesWithTheNaiveOracle(
      @ForAll("smooth") List<float[]> frames,
      @ForAll @IntRange(min = 1, max = 6) int target,
      @ForAll boolean cosine,
      @ForAll boolean weighted,
      @ForAll Stores stores) {
    NaiveConsolidation oracle = new NaiveConsolidation(TOKENS, WIDTH, cosine, weighted);
    List<NaiveConsolidation.Entry> entries = entries(frames);
    Assume.that(oracle.smallestLead(entries, target) > NEAR_TIE);
    List<NaiveConsolidation.Entry> expected = oracle.consolidate(entries, target);
    try (TokenStore store = stores.open(frames.size(), SHAPE, frames.size())) {
      Slot[] slots = slots(store, frames);
      Similarity similarity = cosine ? Similarity.tokenCosine(store) : Similarity.meanDot();
      int left =
          new Consolidator(store, similarity, weighted, frames.size())
              .consolidate(slots, frames.size(), target);
      assertThat(left).isEqualTo(expected.size());
      float[] values = new float[SHAPE.floats()];
      for (int i = 0; i < left; i++) {
        NaiveConsolidation.Entry entry = expected.get(i);
        assertThat(slots[i].frames).isEqualTo(entry.frames());
        assertThat(slots[i].start).isEqualTo(entry.first());
        store.get(slots[i].row, values);
        for (int k = 0; k < values.length; k++) {
          // Every merge rounds values of at most 2 three times.
          assertThat((double) values[k]).isCloseTo(entry.token(k), within(frames.size() * 5e-7));
        }
      }
    }
  }

  @Property(tries = 500)
  void similarityIsTheOracles(@ForAll("rough") List<float[]> frames, @ForAll boolean cosine) {
    NaiveConsolidation oracle = new NaiveConsolidation(TOKENS, WIDTH, cosine, true);
    List<NaiveConsolidation.Entry> entries = entries(frames);
    try (JavaStore store = new JavaStore(frames.size(), SHAPE)) {
      Slot[] slots = slots(store, frames);
      Similarity similarity = cosine ? Similarity.tokenCosine(store) : Similarity.meanDot();
      for (int i = 0; i + 1 < slots.length; i++) {
        assertThat(similarity.between(slots[i], slots[i + 1]))
            .isCloseTo(oracle.similarity(entries.get(i), entries.get(i + 1)), within(1e-6));
      }
    }
  }

  @Property(tries = 300)
  void losesNoFrameKeepsOrderAndConservesMass(
      @ForAll("rough") List<float[]> frames,
      @ForAll @IntRange(min = 2, max = 7) int shortTerm,
      @ForAll @IntRange(min = 1, max = 5) int longTerm) {
    MemorySnapshot snapshot =
        remember(
            MemoryStrategies.moviechatStartEmpty()
                .shortTermFrames(shortTerm)
                .consolidateTo(1)
                .longTermSlots(longTerm)
                .build(),
            frames);
    double[] mass = new double[SHAPE.floats()];
    Duration next = Duration.ZERO;
    for (MemorySlot slot : snapshot.slots()) {
      assertThat(slot.start()).isEqualTo(next);
      next = slot.end();
      for (int k = 0; k < mass.length; k++) {
        mass[k] += slot.frames() * (double) slot.tokens().get(k);
      }
    }
    assertThat(snapshot.framesSeen()).isEqualTo(frames.size());
    assertThat(snapshot.framesForgotten()).isZero();
    double[] sum = new double[SHAPE.floats()];
    for (float[] frame : frames) {
      for (int k = 0; k < sum.length; k++) {
        sum[k] += frame[k];
      }
    }
    // Rounding grows with merges: each of at most n merges rounds a mean that stands for up to n.
    double tolerance = 1e-6 * frames.size() * frames.size();
    assertThat(mass).containsExactly(sum, within(tolerance));
  }

  @Property(tries = 300)
  void theRepresentativeIsARealFrameOfTheSlotAndNearestOfAWindow(
      @ForAll("smooth") List<float[]> frames) {
    int window = frames.size();
    Assume.that(window >= 3);
    MemorySnapshot snapshot =
        remember(
            MemoryStrategies.moviechatStartEmpty().shortTermFrames(window).consolidateTo(1).build(),
            frames);
    MemorySlot slot = snapshot.slots().get(0);
    int representative = (int) slot.representative().toSeconds();
    double chosen = distance(frames.get(representative), slot);
    for (float[] frame : frames) {
      assertThat(chosen).isLessThanOrEqualTo(distance(frame, slot) + 1e-5);
    }
  }

  /** Distance of token means. */
  private static double distance(float[] frame, MemorySlot slot) {
    double sum = 0;
    for (int d = 0; d < WIDTH; d++) {
      double difference = 0;
      for (int j = 0; j < TOKENS; j++) {
        difference += (frame[j * WIDTH + d] - slot.tokens().get(j * WIDTH + d)) / TOKENS;
      }
      sum += difference * difference;
    }
    return sum;
  }

  /** What a slot of the past says cannot depend on what comes later. */
  @Property(tries = 200)
  void theMemoryAtAMomentIsCausal(
      @ForAll("rough") List<float[]> frames, @ForAll @IntRange(min = 1, max = 20) int later) {
    VideoMemory.Factory factory =
        MemoryStrategies.moviechat().shortTermFrames(5).longTermSlots(400).build();
    List<float[]> changed = new ArrayList<>(frames);
    for (int i = 0; i < later; i++) {
      changed.add(new float[] {i, 1, -i, 2, i % 3, 1});
    }
    Duration moment = Duration.ofSeconds(frames.size());
    MemorySnapshot before = remember(factory, frames);
    MemorySnapshot after = remember(factory, changed).until(moment);
    for (int i = 0; i < after.slots().size(); i++) {
      assertThat(after.slots().get(i).end()).isLessThanOrEqualTo(moment);
    }
    List<MemorySlot> consolidated =
        before.slots().stream().filter(slot -> slot.tier() == MemorySlot.Tier.LONG_TERM).toList();
    for (int i = 0; i < consolidated.size(); i++) {
      MemorySlot slot = after.slots().get(i);
      assertThat(slot.start()).isEqualTo(consolidated.get(i).start());
      assertThat(slot.frames()).isEqualTo(consolidated.get(i).frames());
      assertThat(slot.representative()).isEqualTo(consolidated.get(i).representative());
      assertThat(slot.tokens()).isEqualTo(consolidated.get(i).tokens());
    }
  }

  @Property(tries = 100)
  void aMemoryResumedAtAnyFrameEqualsOneThatWasNeverInterrupted(
      @ForAll("rough") List<float[]> frames, @ForAll @IntRange(max = 60) int cut) {
    int first = cut % frames.size();
    for (VideoMemory.Factory factory :
        List.of(
            MemoryStrategies.moviechatStartEmpty().shortTermFrames(5).longTermSlots(400).build(),
            MemoryStrategies.recent(7),
            MemoryStrategies.uniform(7),
            MemoryStrategies.reservoir(7, 1))) {
      MemorySnapshot earlier = remember(factory, frames.subList(0, first));
      try (VideoMemory memory = factory.resume(earlier)) {
        for (int i = first; i < frames.size(); i++) {
          memory.add(frame(i, frames.get(i)));
        }
        MemorySnapshot expected = remember(factory, frames);
        assertThat(describe(memory.snapshot())).isEqualTo(describe(expected));
      }
    }
  }

  private static List<String> describe(MemorySnapshot snapshot) {
    List<String> lines = new ArrayList<>();
    for (MemorySlot slot : snapshot.slots()) {
      float[] values = new float[SHAPE.floats()];
      slot.tokens().get(values);
      lines.add(slot + " " + slot.representative() + " " + Arrays.toString(values));
    }
    lines.add(snapshot.framesSeen() + " " + snapshot.framesForgotten());
    return lines;
  }

  private static MemorySnapshot remember(VideoMemory.Factory factory, List<float[]> frames) {
    try (VideoMemory memory = factory.open(SHAPE)) {
      for (int i = 0; i < frames.size(); i++) {
        memory.add(frame(i, frames.get(i)));
      }
      return memory.snapshot();
    }
  }

  private static FrameTokens frame(int second, float[] values) {
    return FrameTokens.of(Duration.ofSeconds(second), SHAPE, FloatBuffer.wrap(values));
  }

  private static List<NaiveConsolidation.Entry> entries(List<float[]> frames) {
    List<NaiveConsolidation.Entry> entries = new ArrayList<>();
    for (int i = 0; i < frames.size(); i++) {
      entries.add(NaiveConsolidation.frame(i, frames.get(i)));
    }
    return entries;
  }

  private static Slot[] slots(TokenStore store, List<float[]> frames) {
    Slot[] slots = new Slot[frames.size()];
    for (int i = 0; i < slots.length; i++) {
      float[] mean = new float[WIDTH];
      store.put(i, FloatBuffer.wrap(frames.get(i)), mean);
      slots[i] = new Slot(i, TOKENS, WIDTH);
      slots[i].startWith(i, mean);
    }
    return slots;
  }

  @Provide
  Arbitrary<List<float[]>> smooth() {
    return Arbitraries.floats()
        .between(-2, 2)
        .array(float[].class)
        .ofSize(SHAPE.floats())
        .list()
        .ofMinSize(2)
        .ofMaxSize(24);
  }

  /** Few values, so that zeros, repeats and ties come up often. */
  @Provide
  Arbitrary<List<float[]>> rough() {
    return Arbitraries.of(-1f, 0f, 0.5f, 1f)
        .array(float[].class)
        .ofSize(SHAPE.floats())
        .list()
        .ofMinSize(1)
        .ofMaxSize(60);
  }
}
