package io.moviechat.memory;

import static io.moviechat.internal.Checks.require;

import io.moviechat.FrameTokens;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.spi.VideoMemory;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * What all memories share: checking frames, owning rows, telling what is held. A subclass decides
 * what is kept, in {@link #accept}, and lists it in {@link #longTerm()} and {@link #shortTerm()}.
 *
 * <p>Each slot owns one row for life; slots move between lists, tokens do not.
 */
abstract class SlotMemory implements VideoMemory {
  /** A frame that passed all checks. */
  final class Fresh {
    private final FrameTokens frame;
    private long timestamp;

    private Fresh(FrameTokens frame) {
      this.frame = frame;
    }

    long timestamp() {
      return timestamp;
    }

    FrameTokens frame() {
      return frame;
    }

    /** Copies the frame to a free row, if it is not there yet. */
    Slot take() {
      int ready = incoming;
      Slot slot = takeFree();
      if (slot.row != ready) {
        store.put(slot.row, frame.values(), frameMean);
      }
      slot.startWith(timestamp, frameMean);
      slot.embed(frame.embedding());
      return slot;
    }
  }

  private static final int NO_ROW = -1;
  private static final long NOTHING_SEEN = Long.MIN_VALUE;

  final TokenStore store;
  private final String strategy;
  private final TokenShape shape;
  private final List<Slot> free;
  private final int rows;
  private final float[] frameMean;
  private long framesSeen;
  private long framesForgotten;
  private long latest = NOTHING_SEEN;

  /** Floats of each frame's embedding, if frames have one. */
  private int embeddingFloats;

  /** The free row that holds the coming frame, if any. */
  private int incoming = NO_ROW;

  private boolean closed;

  /**
   * @param rows most slots that this memory ever holds at once
   */
  SlotMemory(String strategy, TokenShape shape, int rows, TokenStore store) {
    this.strategy = strategy;
    this.shape = shape;
    this.rows = rows;
    this.store = store;
    this.free = new ArrayList<>(rows);
    for (int row = rows - 1; row >= 0; row--) {
      free.add(new Slot(row, shape.tokens(), shape.width()));
    }
    this.frameMean = new float[shape.width()];
  }

  /**
   * Remembers a frame that is known to be sound.
   *
   * @param fresh valid during the call only
   */
  abstract void accept(Fresh fresh);

  /** Consolidated slots in time order, all with frames of their own. */
  abstract List<Slot> longTerm();

  /** Slots after these in time order; those without frames of their own are not shown. */
  abstract List<Slot> shortTerm();

  /** Copies a slot's tokens. */
  void read(Slot slot, float[] tokens) {
    store.get(slot.row, tokens);
  }

  /** Pairs merged since the start or the last reset. */
  abstract long merges();

  /** Empties the lists, giving back every slot, and all counts. */
  abstract void forget();

  /** Gives the strategy's name. */
  final String strategy() {
    return strategy;
  }

  @Override
  public final TokenShape shape() {
    return shape;
  }

  @Override
  public final void add(FrameTokens frame) {
    requireOpen();
    Fresh fresh = new Fresh(frame);
    fresh.timestamp = check(frame);
    embeddingFloats = embeddingFloats(frame.embedding());
    accept(fresh);
    framesSeen++;
    latest = fresh.timestamp;
  }

  /** Counts a frame that no slot stands for any more. */
  final void forgotten(long frames) {
    framesForgotten += frames;
  }

  final long framesSeen() {
    return framesSeen;
  }

  final long framesForgotten() {
    return framesForgotten;
  }

  /** Time of the newest frame in nanoseconds. */
  final long latest() {
    return latest;
  }

  /** Consolidates what a part that is not the last would have to wait with. */
  void finishPart() {}

  /**
   * Takes the slots of a part, as if its frames had been added.
   *
   * @param slots to be read, the long-term ones first
   */
  void replay(int longTerm, int shortTerm, Iterator<Slot> slots) {
    throw new UnsupportedOperationException(strategy + " has no parts");
  }

  /** Tells what was seen, after the slots were replayed. */
  final void replayed(long seen, long forgotten, long end) {
    framesSeen = seen;
    framesForgotten = forgotten;
    latest = end;
  }

  /** The token mean of the frame being added; valid until {@link #accept} returns. */
  final float[] frameMean() {
    return frameMean;
  }

  /** Refuses an earlier memory that has more slots than this one may have. */
  final void requireRoomFor(List<MemorySlot> slots, int most) {
    require(
        slots.size() <= most,
        "the earlier memory has %d slots, %s with these settings has at most %d; go on with the"
            + " settings that made it",
        slots.size(),
        strategy,
        most);
  }

  final Slot takeFree() {
    incoming = NO_ROW; // what it was may be overwritten from now on
    return free.remove(free.size() - 1);
  }

  final void giveBack(Slot slot) {
    free.add(slot);
  }

  /** Puts an earlier slot into a free row. */
  final Slot restore(MemorySlot earlier) {
    Slot slot = takeFree();
    store.put(slot.row, earlier.tokens(), frameMean);
    requireFinite(earlier.tokens(), earlier.start());
    slot.startWith(earlier.start().toNanos(), frameMean);
    slot.embed(earlier.embedding());
    slot.frames = earlier.frames();
    slot.weight = earlier.frames();
    slot.representative = earlier.representative().toNanos();
    return slot;
  }

  /** The token mean of an earlier slot; valid until the next one. */
  final float[] meanOf(MemorySlot earlier) {
    store.mean(earlier.tokens(), frameMean);
    requireFinite(earlier.tokens(), earlier.start());
    return frameMean;
  }

  /** Takes over the slots of an earlier memory, none of which is of the tier {@code CURRENT}. */
  abstract void takeOver(List<MemorySlot> slots);

  /** Goes on from an earlier memory. Closes this one if that fails. */
  final SlotMemory resumeFrom(MemorySnapshot earlier) {
    try {
      require(
          earlier.slots().stream().noneMatch(slot -> slot.tier() == MemorySlot.Tier.CURRENT),
          "watching cannot go on from a breakpoint's memory, which ends with the current frame");
      embeddingFloats =
          earlier.slots().stream().findFirst().map(s -> embeddingFloats(s.embedding())).orElse(0);
      requireAlike(earlier.slots());
      takeOver(earlier.slots());
      framesSeen = earlier.framesSeen();
      framesForgotten = earlier.framesForgotten();
      latest = framesSeen == 0 ? NOTHING_SEEN : earlier.end().toNanos();
      return this;
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private long check(FrameTokens frame) {
    if (!frame.shape().equals(shape)) {
      throw new IllegalArgumentException(
          String.format(
              "the frame at %s has tokens of shape %s, this memory holds %s; use one encoder for a"
                  + " memory",
              frame.timestamp(), frame.shape(), shape));
    }
    long timestamp = nanoseconds(frame.timestamp());
    if (timestamp < 0) {
      throw new IllegalArgumentException(
          "a frame's timestamp counts from the start of the video and cannot be negative: "
              + frame.timestamp());
    }
    if (latest != NOTHING_SEEN && timestamp <= latest) {
      throw new IllegalArgumentException(
          String.format(
              "the frame at %s does not come after the last one, at %s; frames must be given in the"
                  + " order of their time",
              frame.timestamp(), Duration.ofNanos(latest)));
    }
    checkEmbedding(frame);
    // Checking reads every value; where a row is free, the same reading fills it.
    incoming = rowForIncoming();
    if (incoming == NO_ROW) {
      store.mean(frame.values(), frameMean);
    } else {
      store.put(incoming, frame.values(), frameMean);
    }
    requireFinite(frame.values(), frame.timestamp());
    return timestamp;
  }

  private static int embeddingFloats(Optional<FloatBuffer> embedding) {
    return embedding.map(FloatBuffer::remaining).orElse(0);
  }

  private void requireAlike(List<MemorySlot> earlier) {
    for (MemorySlot slot : earlier) {
      int floats = embeddingFloats(slot.embedding());
      require(
          floats == embeddingFloats,
          "the earlier slot at %s has an embedding of %d values, the first one of %d",
          slot.start(),
          floats,
          embeddingFloats);
    }
  }

  private void checkEmbedding(FrameTokens frame) {
    Optional<FloatBuffer> embedding = frame.embedding();
    int floats = embeddingFloats(embedding);
    require(
        framesSeen == 0 || floats == embeddingFloats,
        "the frame at %s has an embedding of %d values, those before have %d: all frames of a"
            + " memory have one of the same encoder, or none has",
        frame.timestamp(),
        floats,
        embeddingFloats);
    for (int i = 0; i < floats; i++) {
      float value = embedding.orElseThrow().get(i);
      require(
          Float.isFinite(value),
          "the embedding of the frame at %s has the value %s in column %d; it must be finite",
          frame.timestamp(),
          value,
          i);
    }
  }

  private static long nanoseconds(Duration timestamp) {
    try {
      return timestamp.toNanos();
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "a frame's timestamp must be below 292 years, was " + timestamp, e);
    }
  }

  /** A row that no slot uses and {@link #takeFree} gives next, or -1. */
  int rowForIncoming() {
    return free.isEmpty() ? NO_ROW : free.get(free.size() - 1).row;
  }

  /** A value that is not finite shows in the mean. */
  private void requireFinite(FloatBuffer values, Duration timestamp) {
    boolean finite = true;
    for (float sum : frameMean) {
      finite &= Float.isFinite(sum);
    }
    if (!finite) {
      refuse(values, timestamp);
    }
  }

  private void refuse(FloatBuffer values, Duration timestamp) {
    for (int i = 0; values.hasRemaining(); i++) {
      float value = values.get();
      if (!Float.isFinite(value)) {
        throw new IllegalArgumentException(
            String.format(
                "token %d of the frame at %s has the value %s in column %d; tokens must be finite"
                    + " (does the encoder overflow in half precision?)",
                i / shape.width(), timestamp, value, i % shape.width()));
      }
    }
    throw new IllegalArgumentException(
        String.format(
            "the tokens of the frame at %s are finite but so large that their sum is not",
            timestamp));
  }

  @Override
  public final MemorySnapshot snapshot() {
    requireOpen();
    List<Slot> shown = new ArrayList<>(longTerm());
    int longTerm = shown.size();
    for (Slot slot : shortTerm()) {
      if (slot.frames > 0) {
        shown.add(slot);
      }
    }
    List<MemorySlot> slots = new ArrayList<>(shown.size());
    float[] tokens = new float[shape.floats()];
    double before = 1;
    for (int i = 0; i < shown.size(); i++) {
      Slot slot = shown.get(i);
      boolean last = i + 1 == shown.size();
      double after = last ? before : Kernels.cosine(slot.mean, shown.get(i + 1).mean);
      double likeness = i == 0 ? after : (before + after) / 2;
      double salience = shown.size() == 1 ? 1 : 1 - Math.min(1, Math.max(0, likeness));
      before = after;
      read(slot, tokens);
      MemorySlot told =
          MemorySlot.of(
              i < longTerm ? MemorySlot.Tier.LONG_TERM : MemorySlot.Tier.SHORT_TERM,
              Duration.ofNanos(slot.start),
              Duration.ofNanos(last ? latest : shown.get(i + 1).start),
              slot.frames,
              Duration.ofNanos(slot.representative),
              salience,
              shape,
              FloatBuffer.wrap(tokens));
      slots.add(
          slot.embedding == null ? told : told.withEmbedding(FloatBuffer.wrap(slot.embedding)));
    }
    return new MemorySnapshot(shape, slots, framesSeen, framesForgotten);
  }

  @Override
  public final VideoMemory.Stats stats() {
    requireOpen();
    return VideoMemory.Stats.of(framesSeen, merges(), rows - free.size())
        .withHeapBytes(
            store.heapBytes()
                + rows
                    * (Slot.bytes(shape.tokens(), shape.width())
                        + (long) Float.BYTES * embeddingFloats))
        .withOffHeapBytes(store.offHeapBytes())
        .withDeviceBytes(store.deviceBytes());
  }

  @Override
  public final void reset() {
    requireOpen();
    forget();
    framesSeen = 0;
    framesForgotten = 0;
    latest = NOTHING_SEEN;
    embeddingFloats = 0;
  }

  @Override
  public void close() {
    closed = true;
    store.close();
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the " + strategy + " memory is closed");
    }
  }
}
