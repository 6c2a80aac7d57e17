package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.FrameTokens;
import io.moviechat.TokenShape;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every recorded run of the original code and of the paper's rules, on every token store. */
class MemoryGoldenTest {
  /** What a memory did. */
  private static final class Recorder implements MergingMemory.Observer {
    private final TokenStore store;
    private final int floats;
    private final List<Integer> indices = new ArrayList<>();
    private final List<double[]> similarities = new ArrayList<>();
    private final List<float[]> consolidated = new ArrayList<>();
    private final List<Long> weights = new ArrayList<>();
    private List<float[]> before = List.of();

    Recorder(TokenStore store, TokenShape shape) {
      this.store = store;
      this.floats = shape.floats();
    }

    @Override
    public void merging(int index, double[] pairs, int count) {
      indices.add(index);
      double[] copy = new double[count];
      System.arraycopy(pairs, 0, copy, 0, count);
      similarities.add(copy);
    }

    @Override
    public void consolidating(List<Slot> shortTerm) {
      before = tokens(shortTerm);
    }

    @Override
    public void consolidated(List<Slot> merged) {
      consolidated.addAll(tokens(merged));
      merged.forEach(slot -> weights.add((long) slot.weight));
    }

    List<float[]> tokens(List<Slot> slots) {
      return slots.stream().map(slot -> tokens(slot.row)).toList();
    }

    float[] tokens(int row) {
      float[] values = new float[floats];
      store.get(row, values);
      return values;
    }
  }

  static List<Arguments> casesAndStores(Set<String> kinds) {
    List<Arguments> arguments = new ArrayList<>();
    for (Golden golden : Golden.cases(kinds)) {
      for (Stores store : Stores.values()) {
        arguments.add(Arguments.of(golden, store));
      }
    }
    return arguments;
  }

  @Test
  void knowsEveryKindOfCase() {
    assertThat(Golden.all()).isNotEmpty();
  }

  static List<Arguments> released() {
    return casesAndStores(Set.of("moviechat", "moviechat+"));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("released")
  void releasedCode(Golden golden, Stores stores) {
    boolean plus = golden.kind().equals("moviechat+");
    TokenShape shape = golden.shape();
    int shortTerm = golden.setting("short_memory_length");
    int longTerm = golden.frames("features").size();
    TokenStore store = stores.open(shortTerm + longTerm, shape, shortTerm);
    Recorder recorder = new Recorder(store, shape);
    double[] score = new double[1];
    List<float[]> features = golden.frames("features");
    try (ReleasedMemory memory =
        new ReleasedMemory(
            shape,
            store,
            shortTerm,
            plus ? 1 : golden.setting("short_memory_merge"),
            longTerm,
            8,
            plus ? frame -> score[0] : null)) {
      memory.observe(recorder);
      for (JsonNode clip : golden.json().get("clips")) {
        String where = golden.name() + ", clip at " + clip.get("first_frame");
        int first = clip.get("first_frame").asInt();
        int count = clip.get("count").asInt();
        score[0] = clip.path("max_sim").asDouble();
        recorder.indices.clear();
        recorder.similarities.clear();
        recorder.consolidated.clear();
        long forgotten = memory.snapshot().framesForgotten();
        memory.startFragment(count, clip.get("n_frame").asInt());
        for (int i = first; i < first + count; i++) {
          memory.add(frame(i, shape, features.get(i)));
        }
        assertMerges(golden, where, recorder, clip.get("merges"));
        if (!clip.get("merges").isEmpty()) {
          assertThat(recorder.consolidated).as(where).hasSize(clip.get("merge_target").asInt());
        }
        assertThat(recorder.before).as(where).hasSize(clip.get("temp_short_memory_length").asInt());
        assertThat(memory.snapshot().framesForgotten() - forgotten)
            .as(where)
            .isEqualTo(clip.get("frames_ignored").asInt() + clip.get("frames_evicted").asInt());
        assertThat(memory.longTerm())
            .as(where)
            .hasSize(clip.get("long_memory_length_after").asInt());
      }
      golden.assertEqualOrClose(
          "long memory", recorder.tokens(memory.longTerm()), golden.frames("long_memory"));
      golden.assertEqualOrClose(
          "short memory", recorder.before, golden.frames("temp_short_memory"));
    }
  }

  static List<Arguments> oneVision() {
    return casesAndStores(Set.of("onevision"));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("oneVision")
  void oneVisionLoop(Golden golden, Stores stores) {
    TokenShape shape = golden.shape();
    int shortTerm = golden.setting("short_memory_length");
    int longTerm = golden.frames("features").size();
    TokenStore store = stores.open(shortTerm + longTerm, shape, shortTerm);
    Recorder recorder = new Recorder(store, shape);
    try (OneVisionMemory memory =
        new OneVisionMemory(
            shape,
            store,
            shortTerm,
            golden.setting("merge_frame_length"),
            longTerm,
            golden.setting("sliding_window_length"))) {
      assertStream(golden, memory, recorder);
    }
  }

  static List<Arguments> paperStreams() {
    return casesAndStores(Set.of("paper-stream"));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("paperStreams")
  void paperStream(Golden golden, Stores stores) {
    TokenShape shape = golden.shape();
    int shortTerm = golden.setting("short_memory_length");
    int longTerm = golden.frames("features").size();
    TokenStore store = stores.open(shortTerm + longTerm, shape, shortTerm);
    Recorder recorder = new Recorder(store, shape);
    try (PublishedMemory memory =
        new PublishedMemory(
            shape,
            store,
            golden.settings().get("weighted").asBoolean(),
            shortTerm,
            golden.setting("target"),
            longTerm,
            golden.settings().get("reinit").asBoolean())) {
      assertStream(golden, memory, recorder);
      assertThat(recorder.weights).isEqualTo(longs(golden.json().get("long_memory_weights")));
    }
  }

  /** Watches all frames: every consolidation, then what is left. */
  private static void assertStream(Golden golden, MergingMemory memory, Recorder recorder) {
    memory.observe(recorder);
    List<float[]> features = golden.frames("features");
    JsonNode expected = golden.json().get("consolidations");
    int consolidation = 0;
    for (int i = 0; i < features.size(); i++) {
      recorder.indices.clear();
      recorder.similarities.clear();
      int known = recorder.weights.size();
      memory.add(frame(i, golden.shape(), features.get(i)));
      List<Long> weights = recorder.weights.subList(known, recorder.weights.size());
      if (!weights.isEmpty()) {
        JsonNode row = expected.get(consolidation++);
        String where = golden.name() + ", consolidation " + consolidation;
        assertThat(i + 1).as(where).isEqualTo(row.get("after_frame").asInt());
        assertMerges(golden, where, recorder, row.get("merges"));
        if (row.has("weights")) {
          assertThat(weights).as(where).isEqualTo(longs(row.get("weights")));
        }
      }
    }
    assertThat(consolidation).isEqualTo(expected.size());
    golden.assertEqualOrClose("long memory", recorder.consolidated, golden.frames("long_memory"));
    golden.assertEqualOrClose(
        "short memory", recorder.tokens(memory.shortTerm()), golden.frames("short_memory"));
  }

  static List<Arguments> paperConsolidations() {
    return casesAndStores(Set.of("paper-consolidate"));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("paperConsolidations")
  void paperConsolidation(Golden golden, Stores stores) {
    TokenShape shape = golden.shape();
    List<float[]> features = golden.frames("features");
    try (TokenStore store = stores.open(features.size(), shape, features.size())) {
      Recorder recorder = new Recorder(store, shape);
      Slot[] slots = new Slot[features.size()];
      for (int i = 0; i < slots.length; i++) {
        store.put(i, FloatBuffer.wrap(features.get(i)), new float[shape.width()]);
        slots[i] = new Slot(i, shape.tokens(), shape.width());
        slots[i].startWith(i, new float[shape.width()]);
      }
      Consolidator consolidator =
          new Consolidator(
              store,
              Similarity.tokenCosine(store),
              golden.settings().get("weighted").asBoolean(),
              slots.length);
      consolidator.listener = recorder;
      int left = consolidator.consolidate(slots, slots.length, golden.setting("target"));
      assertMerges(golden, golden.name(), recorder, golden.json().get("merges"));
      List<Long> weights = new ArrayList<>();
      List<float[]> memory = new ArrayList<>();
      for (int i = 0; i < left; i++) {
        weights.add((long) slots[i].weight);
        memory.add(recorder.tokens(slots[i].row));
      }
      assertThat(weights).isEqualTo(longs(golden.json().get("weights")));
      golden.assertClose("memory", memory, golden.frames("memory"));
    }
  }

  private static void assertMerges(
      Golden golden, String where, Recorder recorder, JsonNode expected) {
    List<Integer> indices = new ArrayList<>();
    expected.forEach(merge -> indices.add(merge.get("index").asInt()));
    assertThat(recorder.indices).as(where).isEqualTo(indices);
    for (int i = 0; i < indices.size(); i++) {
      JsonNode similarities = expected.get(i).get("similarities");
      double[] actual = recorder.similarities.get(i);
      assertThat(actual).as(where).hasSize(similarities.size());
      for (int pair = 0; pair < actual.length; pair++) {
        double value = similarities.get(pair).asDouble();
        double tolerance = golden.exact() ? 0 : 2e-5 * Math.abs(value) + 2e-6;
        assertThat(actual[pair])
            .as("%s, merge %d, pair %d", where, i, pair)
            .isCloseTo(value, within(tolerance));
      }
    }
  }

  private static List<Long> longs(JsonNode array) {
    List<Long> values = new ArrayList<>();
    array.forEach(value -> values.add(value.asLong()));
    return values;
  }

  private static FrameTokens frame(int second, TokenShape shape, float[] values) {
    return FrameTokens.of(Duration.ofSeconds(second), shape, FloatBuffer.wrap(values));
  }
}
