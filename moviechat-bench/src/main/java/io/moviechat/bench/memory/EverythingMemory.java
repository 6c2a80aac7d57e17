package io.moviechat.bench.memory;

import io.moviechat.FrameTokens;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.spi.VideoMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What one does without a memory: every frame is kept. Not bounded, on purpose. */
final class EverythingMemory implements VideoMemory {
  private final TokenShape shape;
  private final List<FloatBuffer> frames = new ArrayList<>();
  private final List<Duration> times = new ArrayList<>();

  EverythingMemory(TokenShape shape) {
    this.shape = shape;
  }

  @Override
  public TokenShape shape() {
    return shape;
  }

  @Override
  public void add(FrameTokens frame) {
    FloatBuffer copy =
        ByteBuffer.allocateDirect(4 * shape.floats())
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
    frames.add(copy.put(frame.values()).flip());
    times.add(frame.timestamp());
  }

  @Override
  public MemorySnapshot snapshot() {
    List<MemorySlot> slots = new ArrayList<>();
    for (int i = 0; i < frames.size(); i++) {
      Duration end = times.get(Math.min(i + 1, times.size() - 1));
      slots.add(
          MemorySlot.ofFrame(
              MemorySlot.Tier.LONG_TERM, end, FrameTokens.of(times.get(i), shape, frames.get(i))));
    }
    return new MemorySnapshot(shape, slots, frames.size(), 0);
  }

  @Override
  public VideoMemory.Stats stats() {
    return VideoMemory.Stats.of(frames.size(), 0, frames.size())
        .withOffHeapBytes(frames.size() * shape.bytes());
  }

  @Override
  public void reset() {
    frames.clear();
    times.clear();
  }

  @Override
  public void close() {
    reset();
  }
}
