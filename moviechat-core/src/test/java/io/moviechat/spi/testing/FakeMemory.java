package io.moviechat.spi.testing;

import io.moviechat.FrameTokens;
import io.moviechat.MemoryBudget;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.spi.VideoMemory;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A memory without similarity: when it is full, the two lightest adjacent slots become one (the
 * earlier pair on a tie) with the tokens' weighted mean.
 */
public final class FakeMemory implements VideoMemory {
  private final TokenShape shape;
  private final int limit;
  private final List<MemorySlot> slots = new ArrayList<>();
  private long frames;
  private long merges;
  private boolean closed;

  private FakeMemory(TokenShape shape, int limit) {
    this.shape = shape;
    this.limit = limit;
  }

  /** The strategy with at most {@code limit} slots. */
  public static VideoMemory.Factory factory(int limit) {
    return new Factory(limit);
  }

  @Override
  public TokenShape shape() {
    return shape;
  }

  @Override
  public void add(FrameTokens frame) {
    requireOpen();
    check(frame);
    if (!slots.isEmpty()) {
      int last = slots.size() - 1;
      slots.set(last, slots.get(last).withEnd(frame.timestamp()));
    }
    slots.add(MemorySlot.ofFrame(MemorySlot.Tier.LONG_TERM, frame.timestamp(), frame));
    frames++;
    if (slots.size() > limit) {
      mergeLightest();
    }
  }

  private void check(FrameTokens frame) {
    if (!frame.shape().equals(shape)) {
      throw new IllegalArgumentException(
          "the frame's tokens are " + frame.shape() + ", this memory holds " + shape);
    }
    Duration time = frame.timestamp();
    if (!slots.isEmpty() && time.compareTo(slots.get(slots.size() - 1).end()) <= 0) {
      throw new IllegalArgumentException("time does not advance: " + time);
    }
    FloatBuffer values = frame.values();
    while (values.hasRemaining()) {
      float value = values.get();
      if (!Float.isFinite(value)) {
        throw new IllegalArgumentException("a token of the frame holds " + value);
      }
    }
  }

  private void mergeLightest() {
    int best = 0;
    for (int i = 1; i + 1 < slots.size(); i++) {
      if (weight(i) < weight(best)) {
        best = i;
      }
    }
    MemorySlot a = slots.get(best);
    MemorySlot b = slots.remove(best + 1);
    long total = a.frames() + b.frames();
    FloatBuffer mean = FloatBuffer.allocate(shape.floats());
    for (int i = 0; i < shape.floats(); i++) {
      double sum =
          (double) a.tokens().get(i) * a.frames() + (double) b.tokens().get(i) * b.frames();
      mean.put((float) (sum / total));
    }
    slots.set(
        best,
        MemorySlot.of(
            MemorySlot.Tier.LONG_TERM,
            a.start(),
            b.end(),
            total,
            a.representative(),
            0.5,
            shape,
            mean.flip()));
    merges++;
  }

  private long weight(int i) {
    return slots.get(i).frames() + slots.get(i + 1).frames();
  }

  @Override
  public MemorySnapshot snapshot() {
    requireOpen();
    return new MemorySnapshot(shape, slots, frames, 0);
  }

  @Override
  public VideoMemory.Stats stats() {
    return VideoMemory.Stats.of(frames, merges, slots.size())
        .withHeapBytes(slots.size() * shape.bytes());
  }

  @Override
  public void reset() {
    requireOpen();
    slots.clear();
    frames = 0;
    merges = 0;
  }

  @Override
  public void close() {
    closed = true;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("FakeMemory is closed");
    }
  }

  private record Factory(int maxSlots) implements VideoMemory.Factory {
    @Override
    public String strategy() {
      return "fake";
    }

    @Override
    public String settings() {
      return "maxSlots=" + maxSlots;
    }

    @Override
    public VideoMemory.Factory within(MemoryBudget budget, TokenShape shape) {
      return new Factory(Math.min(maxSlots, budget.slotsOf(shape)));
    }

    @Override
    public VideoMemory open(TokenShape shape) {
      return new FakeMemory(shape, maxSlots);
    }

    @Override
    public VideoMemory resume(MemorySnapshot earlier) {
      FakeMemory memory = new FakeMemory(earlier.shape(), maxSlots);
      memory.slots.addAll(earlier.slots());
      memory.frames = earlier.framesSeen();
      return memory;
    }
  }
}
