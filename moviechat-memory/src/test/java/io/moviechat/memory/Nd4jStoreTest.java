package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.FrameTokens;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.VideoMemory;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.profiler.OpProfiler;
import org.nd4j.linalg.profiler.ProfilerConfig;

/** Whole strategies on ND4J arrays: what they call, and that they remember what Java's remember. */
class Nd4jStoreTest {
  private static final TokenShape SHAPE = new TokenShape(8, 48);

  /** Short-term memory of 18 frames, 2 of which are carried. */
  private static final int NEW_FRAMES = 16;

  private final Random random = new Random(7);
  private final float[] scene = new float[SHAPE.floats()];

  @AfterEach
  void chooseAgain() {
    System.clearProperty(TokenStores.PROPERTY);
  }

  private static VideoMemory.Factory strategy(String name) {
    return (name.equals("moviechat") ? MemoryStrategies.moviechat() : MemoryStrategies.oneVision())
        .longTermSlots(10)
        .build();
  }

  private static VideoMemory open(String name, String backend) {
    System.setProperty(TokenStores.PROPERTY, backend);
    return strategy(name).open(SHAPE);
  }

  /** Scenes of about 11 frames, each frame its scene and some noise. */
  private FrameTokens frame(int i) {
    float[] values = new float[SHAPE.floats()];
    for (int k = 0; k < values.length; k++) {
      if (i % 11 == 0) {
        scene[k] = (float) random.nextGaussian();
      }
      values[k] = scene[k] + 0.3f * (float) random.nextGaussian();
    }
    return FrameTokens.of(Duration.ofSeconds(i), SHAPE, FloatBuffer.wrap(values));
  }

  @ParameterizedTest
  @ValueSource(strings = {"moviechat", "moviechat-onevision"})
  @SuppressWarnings("deprecation") // ND4J's only counter
  void callsNd4jAFewTimesAWindowHoweverFullLongTermMemoryIs(String strategy) {
    OpExecutioner executioner = Nd4j.getExecutioner();
    try (VideoMemory memory = open(strategy, "nd4j")) {
      for (int i = 0; i < 20 * NEW_FRAMES; i++) {
        memory.add(frame(i));
      }
      assertThat(memory.stats().merges()).isGreaterThan(20L * (NEW_FRAMES - 2));
      executioner.setProfilingConfig(ProfilerConfig.builder().build());
      executioner.setProfilingMode(OpExecutioner.ProfilingMode.ALL);
      OpProfiler.getInstance().reset();
      int windows = 5;
      for (int i = 20 * NEW_FRAMES; i < (20 + windows) * NEW_FRAMES; i++) {
        memory.add(frame(i));
      }
      // One product of all pairs, unless token means are enough, and one for each of two slots.
      assertThat(OpProfiler.getInstance().getInvocationsCount())
          .isEqualTo(strategy.equals("moviechat") ? 3L * windows : 2L * windows);
    } finally {
      executioner.setProfilingMode(OpExecutioner.ProfilingMode.DISABLED);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"moviechat", "moviechat-onevision"})
  void remembersWhatJavaArraysRemember(String strategy) {
    int owners = NativeOwner.openOwners().size();
    try (VideoMemory java = open(strategy, "java");
        VideoMemory nd4j = open(strategy, "nd4j")) {
      for (int i = 0; i < 500; i++) {
        FrameTokens frame = frame(i);
        java.add(frame);
        nd4j.add(frame);
        if (i % 50 == 7) {
          assertSame(nd4j.snapshot(), java.snapshot());
        }
      }
      assertSame(nd4j.snapshot(), java.snapshot());
    }
    assertThat(NativeOwner.openOwners()).hasSize(owners);
  }

  private static void assertSame(MemorySnapshot actual, MemorySnapshot expected) {
    assertThat(actual.slots()).hasSameSizeAs(expected.slots());
    for (int i = 0; i < expected.slots().size(); i++) {
      MemorySlot slot = actual.slots().get(i);
      MemorySlot other = expected.slots().get(i);
      assertThat(slot.start()).isEqualTo(other.start());
      assertThat(slot.frames()).isEqualTo(other.frames());
      assertThat(slot.representative()).isEqualTo(other.representative());
      for (int k = 0; k < SHAPE.floats(); k++) {
        float value = other.tokens().get(k);
        assertThat(slot.tokens().get(k)).isCloseTo(value, within(1e-5f * (Math.abs(value) + 1)));
      }
    }
  }

  /** Opposite frames cancel each other out: what follows from their products is mostly rounding. */
  @Test
  void framesThatCancelEachOtherOutAreLookedAtAgain() {
    try (VideoMemory java = open("moviechat", "java");
        VideoMemory nd4j = open("moviechat", "nd4j")) {
      for (int i = 0; i < 90; i++) {
        float[] values = new float[SHAPE.floats()];
        for (int k = 0; k < values.length; k++) {
          float sign = i % 2 == 0 ? 1 : -1;
          values[k] = sign * (k % 7 + 1) + 1e-3f * (float) random.nextGaussian();
        }
        FrameTokens frame = FrameTokens.of(Duration.ofSeconds(i), SHAPE, FloatBuffer.wrap(values));
        java.add(frame);
        nd4j.add(frame);
      }
      assertThat(nd4j.snapshot().slots()).hasSameSizeAs(java.snapshot().slots());
      for (MemorySlot slot : nd4j.snapshot().slots()) {
        for (int k = 0; k < SHAPE.floats(); k++) {
          assertThat(slot.tokens().get(k)).isFinite().isBetween(-8f, 8f);
        }
      }
    }
  }

  /** The window holds a frame until the next one comes, even if it was refused. */
  @Test
  void aRefusedFrameLeavesNothingInTheWindow() {
    TokenShape shape = new TokenShape(1, 2);
    try (TokenStore store = new Nd4jStore(4, shape, 3)) {
      float[] mean = new float[2];
      store.put(0, FloatBuffer.wrap(new float[] {1, 2}), mean);
      store.put(1, FloatBuffer.wrap(new float[] {3, 4}), mean);
      store.put(2, FloatBuffer.wrap(new float[] {Float.NaN, 1}), mean);
      assertThat(mean[0]).isNaN();
      store.combine(new int[] {0, 1}, new float[] {0.5f, 0.5f}, new int[] {0, 2}, 1);
      float[] values = new float[2];
      store.get(0, values);
      assertThat(values).containsExactly(2, 3);
    }
  }
}
