package io.moviechat.llm;

import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.spi.MovieView;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Views of movies for tests. */
public final class Views {
  static final TokenShape SMOL = new TokenShape(16, 72);

  private Views() {}

  static float[] random(TokenShape shape, int seed) {
    Random random = new Random(seed);
    float[] values = new float[shape.floats()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  public static MemorySlot slot(MemorySlot.Tier tier, long start, long end, long frames, int seed) {
    return MemorySlot.of(
        tier,
        Duration.ofSeconds(start),
        Duration.ofSeconds(end),
        frames,
        Duration.ofSeconds(start),
        0.5,
        SMOL,
        FloatBuffer.wrap(random(SMOL, seed)));
  }

  public static MovieView of(Optional<Duration> breakpoint, MemorySlot... slots) {
    long frames = 0;
    for (MemorySlot slot : slots) {
      frames += slot.frames();
    }
    MovieView whole = MovieView.of(new MemorySnapshot(SMOL, List.of(slots), frames, 0));
    return breakpoint.map(whole::at).orElse(whole);
  }

  /** Slots of any shape. */
  static MovieView ofSlots(TokenShape shape, int count) {
    List<MemorySlot> slots = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      slots.add(
          MemorySlot.of(
              MemorySlot.Tier.LONG_TERM,
              Duration.ofSeconds(i),
              Duration.ofSeconds(i + 1),
              1,
              Duration.ofSeconds(i),
              0.5,
              shape,
              FloatBuffer.wrap(random(shape, i))));
    }
    return MovieView.of(new MemorySnapshot(shape, slots, count, 0));
  }

  public static MovieView ofSlots(int count) {
    List<MemorySlot> slots = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      slots.add(slot(MemorySlot.Tier.LONG_TERM, i, i + 1, 1, i));
    }
    return of(Optional.empty(), slots.toArray(MemorySlot[]::new));
  }
}
