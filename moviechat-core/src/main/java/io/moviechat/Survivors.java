package io.moviechat;

import io.moviechat.internal.Samplings;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A pass of a memory that keeps frames by their times alone: only those that will be in memory at
 * the end are decoded and encoded.
 */
final class Survivors {
  private final VideoMemory.Parts strategy;
  private final FrameSampling sampling;
  private volatile long @Nullable [] all;
  private volatile int[] kept = {};

  private Survivors(VideoMemory.Parts strategy, FrameSampling sampling) {
    this.strategy = strategy;
    this.sampling = sampling;
  }

  /** Empty if what frames show matters to the strategy. */
  static Optional<Survivors> of(VideoMemory.Factory factory, FrameSampling sampling) {
    return factory.goesByTimesAlone()
        ? Optional.of(new Survivors(factory.inParts(), sampling))
        : Optional.empty();
  }

  /** The frames to watch: all, if the video does not tell which there are. */
  FrameStream frames(VideoSource source, FrameFormat format) {
    long @Nullable [] times = Samplings.times(source, sampling).orElse(null);
    int[] survivors = times == null ? new int[0] : strategy.survivors(times).orElseThrow();
    if (times == null || survivors.length == 0 || survivors.length == times.length) {
      return source.frames(sampling, format);
    }
    kept = survivors;
    all = times;
    return source.frames(
        FrameSampling.at(
            LongStream.range(0, survivors.length)
                .mapToObj(i -> Duration.ofNanos(times[survivors[(int) i]]))
                .toList()),
        format);
  }

  /** Whether frames were left out. */
  boolean leftOut() {
    return all != null;
  }

  /**
   * The memory as a pass over all frames would have left it.
   *
   * @param snapshot of the survivors
   * @return empty if other frames came than the video had told
   */
  Optional<MemorySnapshot> complete(MemorySnapshot snapshot) {
    long @Nullable [] times = all;
    if (times == null || snapshot.slots().size() != kept.length) {
      return Optional.empty();
    }
    List<MemorySlot> slots = new ArrayList<>(snapshot.slots());
    for (int i = 0; i < kept.length; i++) {
      if (slots.get(i).start().toNanos() != times[kept[i]]) {
        return Optional.empty();
      }
    }
    int last = kept.length - 1;
    slots.set(last, slots.get(last).withEnd(Duration.ofNanos(times[times.length - 1])));
    return Optional.of(
        new MemorySnapshot(snapshot.shape(), slots, times.length, times.length - kept.length));
  }
}
