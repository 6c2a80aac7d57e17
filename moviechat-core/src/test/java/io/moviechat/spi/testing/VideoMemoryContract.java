package io.moviechat.spi.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.moviechat.FrameTokens;
import io.moviechat.MemoryBudget;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.VideoMemory;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link VideoMemory} must do. */
public abstract class VideoMemoryContract {
  /** The shape of the frames that the contract uses. */
  protected static final TokenShape SHAPE = new TokenShape(3, 5);

  private List<String> ownersBefore = List.of();

  /** The strategy under test, with settings small enough that 200 frames overflow it. */
  protected abstract VideoMemory.Factory factory();

  /** Whether the strategy can go on from a snapshot. */
  protected boolean resumable() {
    return true;
  }

  /** Frame {@code index} of a movie that changes its picture every seven frames. */
  protected static FrameTokens frame(int index) {
    Random noise = new Random(index);
    Random scene = new Random(1000L + index / 7);
    float[] values = new float[SHAPE.floats()];
    for (int i = 0; i < values.length; i++) {
      values[i] = scene.nextFloat() - 0.5f + 0.1f * noise.nextFloat();
    }
    return FrameTokens.of(time(index), SHAPE, FloatBuffer.wrap(values));
  }

  /** Time of frame {@code index}. */
  protected static Duration time(int index) {
    return Duration.ofMillis(40L * index);
  }

  @BeforeEach
  void rememberOpenOwners() {
    ownersBefore = NativeOwner.openOwners();
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEqualTo(ownersBefore);
  }

  @Test
  void startsEmpty() {
    try (VideoMemory memory = factory().open(SHAPE)) {
      assertThat(memory.shape()).isEqualTo(SHAPE);
      assertThat(memory.snapshot()).isEqualTo(MemorySnapshot.empty(SHAPE));
      assertThat(memory.stats().frames()).isZero();
    }
  }

  @Test
  void oneFrameIsRememberedAsItIs() {
    try (VideoMemory memory = factory().open(SHAPE)) {
      memory.add(frame(0));
      MemorySnapshot snapshot = memory.snapshot();
      assertThat(snapshot.slots()).hasSize(1);
      MemorySlot slot = snapshot.slots().get(0);
      assertThat(slot.frames()).isEqualTo(1);
      assertThat(slot.start()).isEqualTo(time(0));
      assertThat(slot.representative()).isEqualTo(time(0));
      assertThat(slot.tokens()).isEqualTo(frame(0).values());
    }
  }

  @Test
  void slotsTileTheTimeInOrderAndWeightsSumToTheFramesSeen() {
    try (VideoMemory memory = factory().open(SHAPE)) {
      for (int i = 0; i < 200; i++) {
        memory.add(frame(i));
        MemorySnapshot snapshot = memory.snapshot();
        assertValid(snapshot, i + 1);
        assertThat(snapshot.slots().size()).isLessThanOrEqualTo(factory().maxSlots());
      }
    }
  }

  private static void assertValid(MemorySnapshot snapshot, int frames) {
    List<MemorySlot> slots = snapshot.slots();
    assertThat(snapshot.framesSeen()).isEqualTo(frames);
    long kept = slots.stream().mapToLong(MemorySlot::frames).sum();
    assertThat(kept + snapshot.framesForgotten()).isEqualTo(frames);
    assertThat(slots).isNotEmpty();
    assertThat(snapshot.end()).isEqualTo(time(frames - 1));
    if (snapshot.framesForgotten() == 0) {
      assertThat(slots.get(0).start()).isEqualTo(time(0));
    }
    for (int i = 0; i < slots.size(); i++) {
      MemorySlot slot = slots.get(i);
      assertThat(slot.salience()).isBetween(0.0, 1.0);
      assertThat(slot.tier()).isNotEqualTo(MemorySlot.Tier.CURRENT);
      assertThat(slot.representative()).isBetween(slot.start(), slot.end());
      if (i + 1 < slots.size()) {
        assertThat(slot.end()).isEqualTo(slots.get(i + 1).start());
      }
    }
  }

  @Test
  void neverExceedsItsBudget() {
    TokenShape shape = SHAPE;
    int limit = Math.max(4, factory().maxSlots() / 2);
    long bytes = limit * shape.bytes();
    VideoMemory.Factory bounded;
    try {
      bounded = factory().within(new MemoryBudget(limit, bytes), shape);
    } catch (IllegalArgumentException refused) {
      assertThat(refused).hasMessageContaining(Integer.toString(limit)); // says what would fit
      return;
    }
    assertThat(bounded.maxSlots()).isLessThanOrEqualTo(limit);
    try (VideoMemory memory = bounded.open(shape)) {
      for (int i = 0; i < 300; i++) {
        memory.add(frame(i));
        assertThat(memory.snapshot().slots().size()).isLessThanOrEqualTo(limit);
      }
      assertValid(memory.snapshot(), 300);
    }
  }

  @Test
  void holdsNoMoreBytesAfterManyFramesThanAfterItsFill() {
    try (VideoMemory memory = factory().open(SHAPE)) {
      for (int i = 0; i < 1_000; i++) {
        memory.add(frame(i));
      }
      long full = memory.stats().bytes();
      for (int i = 1_000; i < 3_000; i++) {
        memory.add(frame(i));
      }
      assertThat(memory.stats().bytes()).isLessThanOrEqualTo(full);
      assertThat(memory.stats().frames()).isEqualTo(3_000);
    }
  }

  @Test
  void sameFramesGiveTheSameMemory() {
    assertThat(describe(remember(150))).isEqualTo(describe(remember(150)));
  }

  @Test
  void anOldSnapshotDoesNotChange() {
    try (VideoMemory memory = factory().open(SHAPE)) {
      for (int i = 0; i < 50; i++) {
        memory.add(frame(i));
      }
      MemorySnapshot snapshot = memory.snapshot();
      List<String> before = describe(snapshot);
      for (int i = 50; i < 200; i++) {
        memory.add(frame(i));
      }
      memory.reset();
      assertThat(describe(snapshot)).isEqualTo(before);
    }
  }

  @Test
  void lookingDoesNotChangeWhatIsRemembered() {
    List<String> unobserved = describe(remember(120));
    try (VideoMemory memory = factory().open(SHAPE)) {
      for (int i = 0; i < 120; i++) {
        memory.add(frame(i));
        memory.snapshot();
        memory.stats();
      }
      assertThat(describe(memory.snapshot())).isEqualTo(unobserved);
    }
  }

  @Test
  void manySnapshotsOfOnePassEqualThoseOfMemoriesThatSawNoMore() {
    Map<Integer, List<String>> onTheWay = new TreeMap<>();
    try (VideoMemory memory = factory().open(SHAPE)) {
      for (int i = 0; i < 200; i++) {
        memory.add(frame(i));
        if (i % 17 == 0 || i % 40 == 39) {
          onTheWay.put(i + 1, describe(memory.snapshot()));
        }
      }
    }
    onTheWay.forEach((frames, seen) -> assertThat(seen).isEqualTo(describe(remember(frames))));
  }

  @Test
  void theMemoryAtAMomentHoldsNothingLater() {
    try (VideoMemory memory = factory().open(SHAPE)) {
      for (int i = 0; i < 150; i++) {
        memory.add(frame(i));
      }
      for (int i = 0; i < 150; i += 13) {
        Duration moment = time(i);
        MemorySnapshot past = memory.snapshot().until(moment);
        assertThat(past.slots()).allMatch(slot -> slot.end().compareTo(moment) <= 0);
      }
    }
  }

  @Test
  void takesZerosAndHugeValues() {
    try (VideoMemory memory = factory().open(SHAPE)) {
      for (int i = 0; i < 60; i++) {
        float value = i % 3 == 0 ? 0 : i % 3 == 1 ? 0x1p60f : -0x1p60f;
        memory.add(constant(i, value));
      }
      for (MemorySlot slot : memory.snapshot().slots()) {
        FloatBuffer tokens = slot.tokens();
        while (tokens.hasRemaining()) {
          assertThat(tokens.get()).isFinite();
        }
      }
    }
  }

  @Test
  void refusesABadFrameAndStaysAsItWas() {
    try (VideoMemory memory = factory().open(SHAPE)) {
      for (int i = 0; i < 30; i++) {
        memory.add(frame(i));
      }
      List<String> before = describe(memory.snapshot());
      TokenShape wide = new TokenShape(SHAPE.tokens(), SHAPE.width() + 1);
      TokenShape tall = new TokenShape(SHAPE.tokens() + 1, SHAPE.width());
      refused(memory, blank(time(30), wide), Integer.toString(SHAPE.width() + 1));
      refused(memory, blank(time(30), tall), Integer.toString(SHAPE.tokens() + 1));
      refused(memory, blank(time(29), SHAPE), "PT");
      refused(memory, blank(time(3), SHAPE), "PT");
      refused(memory, constant(30, Float.NaN), "NaN");
      refused(memory, constant(30, Float.POSITIVE_INFINITY), "Infinity");
      refused(memory, constant(30, Float.NEGATIVE_INFINITY), "Infinity");
      float[] lastIsBad = new float[SHAPE.floats()];
      lastIsBad[lastIsBad.length - 1] = Float.NaN;
      refused(memory, FrameTokens.of(time(30), SHAPE, FloatBuffer.wrap(lastIsBad)), "NaN");
      assertThat(describe(memory.snapshot())).isEqualTo(before);
      memory.add(frame(30));
      assertThat(memory.snapshot().framesSeen()).isEqualTo(31);
    }
  }

  private static void refused(VideoMemory memory, FrameTokens frame, String inMessage) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> memory.add(frame))
        .withMessageContaining(inMessage);
  }

  private static FrameTokens blank(Duration timestamp, TokenShape shape) {
    return FrameTokens.of(timestamp, shape, FloatBuffer.allocate(shape.floats()));
  }

  private static FrameTokens constant(int index, float value) {
    float[] values = new float[SHAPE.floats()];
    java.util.Arrays.fill(values, value);
    return FrameTokens.of(time(index), SHAPE, FloatBuffer.wrap(values));
  }

  @Test
  void takesDirectBuffersAndDoesNotKeepThem() {
    FloatBuffer reused =
        java.nio.ByteBuffer.allocateDirect((int) SHAPE.bytes())
            .order(java.nio.ByteOrder.nativeOrder())
            .asFloatBuffer();
    try (VideoMemory memory = factory().open(SHAPE)) {
      for (int i = 0; i < 120; i++) {
        reused.clear();
        reused.put(frame(i).values());
        reused.flip();
        memory.add(FrameTokens.of(time(i), SHAPE, reused));
      }
      reused.clear();
      while (reused.hasRemaining()) {
        reused.put(1e6f);
      }
      assertThat(describe(memory.snapshot())).isEqualTo(describe(remember(120)));
    }
  }

  @Test
  void startsAnewAfterAReset() {
    try (VideoMemory memory = factory().open(SHAPE)) {
      for (int i = 0; i < 75; i++) {
        memory.add(frame(i));
      }
      memory.reset();
      assertThat(memory.snapshot()).isEqualTo(MemorySnapshot.empty(SHAPE));
      for (int i = 0; i < 120; i++) {
        memory.add(frame(i));
      }
      assertThat(describe(memory.snapshot())).isEqualTo(describe(remember(120)));
    }
  }

  @Test
  void goesOnFromASnapshot() {
    if (!resumable()) {
      return;
    }
    MemorySnapshot earlier = remember(100);
    try (VideoMemory memory = factory().resume(earlier)) {
      assertThat(memory.snapshot().framesSeen()).isEqualTo(100);
      for (int i = 100; i < 200; i++) {
        memory.add(frame(i));
        assertValid(memory.snapshot(), i + 1);
        assertThat(memory.snapshot().slots().size()).isLessThanOrEqualTo(factory().maxSlots());
      }
      assertThatIllegalArgumentException().isThrownBy(() -> memory.add(frame(5)));
    }
  }

  @Test
  void isClosedOnceAndForAll() {
    VideoMemory memory = factory().open(SHAPE);
    memory.add(frame(0));
    memory.close();
    memory.close();
    assertThatIllegalStateException().isThrownBy(() -> memory.add(frame(1)));
    assertThatIllegalStateException().isThrownBy(memory::snapshot);
  }

  /** The memory of the first {@code frames} frames. */
  protected final MemorySnapshot remember(int frames) {
    try (VideoMemory memory = factory().open(SHAPE)) {
      for (int i = 0; i < frames; i++) {
        memory.add(frame(i));
      }
      return memory.snapshot();
    }
  }

  /** Everything that a snapshot tells, bit for bit. */
  protected static List<String> describe(MemorySnapshot snapshot) {
    List<String> lines = new ArrayList<>();
    lines.add(snapshot.framesSeen() + " seen, " + snapshot.framesForgotten() + " forgotten");
    for (MemorySlot slot : snapshot.slots()) {
      StringBuilder line = new StringBuilder(slot.toString());
      line.append(' ').append(slot.representative()).append(' ').append(slot.salience());
      FloatBuffer tokens = slot.tokens();
      while (tokens.hasRemaining()) {
        line.append(' ').append(Float.floatToRawIntBits(tokens.get()));
      }
      lines.add(line.toString());
    }
    return lines;
  }
}
