package io.moviechat.llm;

import com.google.common.collect.ImmutableList;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.Tensor;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The states of one sequence, or of a few side by side: key/value caches for a number of positions,
 * of which the first {@link #length()} are filled, and states of fixed shape. Filled once by a
 * decoder step, then only read, so that any number of steps may go on from it: a shared prefix, or
 * the beams of a search.
 *
 * <p>The memory of a cache is large enough for all positions; a tensor of fewer takes the beginning
 * of its part. A step reads one block and writes another, or the same one if it has rings ({@link
 * CacheRings}) and a single user: {@link #prepare}, {@link #cache} and {@link #prepared}, {@link
 * #advance}. The graph copies what it keeps; nothing is allocated while the block is large enough.
 */
final class KvBlock implements AutoCloseable {
  /** Parts begin at multiples of this, which suits any element type and vector instruction. */
  private static final long ALIGNMENT = 64;

  private final ImmutableList<CacheSpec> caches;
  private final Tensor memory;
  private final @Nullable CacheRings rings;
  private final long[] ringStarts;
  private final long[] placeBytes;
  private Tensor[] views;
  private Tensor[] preparedViews;
  private final int rows;
  private final int capacity;
  private final ResourceStack resources;
  private int length;
  private long nextPosition;
  private int users;
  private long steps;
  private boolean closed;

  /** A block where the decoder runs; not initialised. */
  KvBlock(Graph graph, ImmutableList<CacheSpec> caches, int capacity) {
    this(graph, caches, 1, capacity);
  }

  /** The same, in which steps may be written where they read. */
  KvBlock(Graph graph, ImmutableList<CacheSpec> caches, @Nullable CacheRings rings, int capacity) {
    this(caches, rings, 1, capacity, bytes -> graph.allocateNear(ElementType.UINT8, bytes));
  }

  /** The same for several sequences of one length; all states grow. */
  KvBlock(Graph graph, ImmutableList<CacheSpec> caches, int rows, int capacity) {
    this(caches, null, rows, capacity, bytes -> graph.allocateNear(ElementType.UINT8, bytes));
  }

  /** What every sequence begins with: no position, and states of zeros. */
  static KvBlock nothing(ImmutableList<CacheSpec> caches) {
    KvBlock block =
        new KvBlock(caches, null, 1, 1, bytes -> Tensor.allocate(ElementType.UINT8, bytes));
    ByteBuffer bytes = block.memory.buffer();
    while (bytes.hasRemaining()) {
      bytes.put((byte) 0);
    }
    return block;
  }

  private interface Allocation {
    Tensor of(long bytes);
  }

  private KvBlock(
      ImmutableList<CacheSpec> caches,
      @Nullable CacheRings rings,
      int rows,
      int wantedCapacity,
      Allocation allocation) {
    this.caches = caches;
    this.rings = rings;
    this.rows = rows;
    this.capacity = Math.max(1, wantedCapacity);
    int count = caches.size();
    ringStarts = new long[count];
    placeBytes = new long[count];
    long end = 0;
    for (int i = 0; i < count; i++) {
      CacheSpec cache = caches.get(i);
      long bytes = cache.bytes() * rows * (cache.grows() ? capacity : 1);
      placeBytes[i] = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
      if (rings == null || rings.first(i) == i) {
        ringStarts[i] = end;
        end += placeBytes[i] * (rings == null ? 1 : rings.places(i));
      }
    }
    for (int i = 0; rings != null && i < count; i++) {
      ringStarts[i] = ringStarts[rings.first(i)];
    }
    views = new Tensor[count];
    preparedViews = new Tensor[rings == null ? 0 : count];
    try (ResourceStack opened = new ResourceStack()) {
      memory = opened.push(allocation.of(end));
      for (int i = 0; i < count; i++) {
        CacheSpec cache = caches.get(i);
        views[i] = opened.push(Tensor.newView(memory, cache.type(), cache.dims().length()));
        if (rings != null) {
          preparedViews[i] =
              opened.push(Tensor.newView(memory, cache.type(), cache.dims().length()));
        }
      }
      show(0);
      opened.push(NativeOwner.open(this, "caches of " + capacity + " positions"));
      resources = opened.release();
    }
  }

  /** Where a cache lies after so many steps. */
  private long offset(int i, long afterSteps) {
    return ringStarts[i] + (rings == null ? 0 : rings.place(i, afterSteps) * placeBytes[i]);
  }

  private long offset(int i) {
    return offset(i, steps);
  }

  /** Makes all growing caches show that many positions. */
  void show(int positions) {
    if (positions > capacity) {
      throw new IllegalArgumentException(positions + " positions in a block of " + capacity);
    }
    length = positions;
    show(views, positions, steps);
  }

  private void show(Tensor[] shown, int positions, long afterSteps) {
    for (int i = 0; i < shown.length; i++) {
      CacheSpec cache = caches.get(i);
      if (cache.grows()) {
        shown[i].view(
            memory, offset(i, afterSteps), rows, cache.heads(), positions, cache.headDim());
      } else {
        shown[i].view(memory, offset(i, afterSteps), cache.dims().toArray());
      }
    }
  }

  /** Whether a step to a number of positions may be written into this block itself. */
  synchronized boolean takesStep(int positions) {
    return rings != null && users == 1 && positions <= capacity;
  }

  /** Makes {@link #prepared} show that many positions. */
  void prepare(int positions) {
    show(preparedViews, positions, steps + 1);
  }

  /** Where a step writes the state of the decoder's i-th cache. */
  Tensor prepared(int i) {
    return preparedViews[i];
  }

  /** Makes what a step has written the states of this block. */
  void advance(int positions) {
    Tensor[] read = views;
    views = preparedViews;
    preparedViews = read;
    steps++;
    length = positions;
  }

  /** Forgets everything: a step has ended half way. */
  void spoil() {
    show(0);
  }

  /**
   * Forgets the positions from one on. Only in CPU memory, and only where every state grows by
   * positions ({@link DecoderSpec#forgets()}): others cannot be taken back.
   *
   * @param next the position of the token that comes next
   */
  void cut(int positions, long next) {
    if (positions > length) {
      throw new IllegalArgumentException(positions + " positions of " + length);
    }
    for (int i = 0; i < views.length && positions < length; i++) {
      CacheSpec cache = caches.get(i);
      long row = cache.headDim() * (long) cache.type().bytes();
      for (int head = 1; head < cache.heads(); head++) {
        memory.move(
            offset(i) + (long) head * length * row,
            offset(i) + (long) head * positions * row,
            positions * row);
      }
    }
    show(positions);
    nextPosition = next;
  }

  /**
   * Copies the last positions of a sequence of another block to the last ones of a sequence of this
   * one; what stands before them becomes zero. Only in CPU memory.
   *
   * @param row of this block
   * @param count positions
   */
  void copy(int row, KvBlock from, int fromRow, int count) {
    if (count > length || count > from.length) {
      throw new IllegalArgumentException(
          count + " positions of " + from.length + " into " + length);
    }
    for (int i = 0; i < views.length; i++) {
      CacheSpec cache = caches.get(i);
      long bytes = cache.headDim() * (long) cache.type().bytes();
      for (int head = 0; head < cache.heads(); head++) {
        long to = offset(i) + ((long) row * cache.heads() + head) * length * bytes;
        long end =
            from.offset(i) + ((long) fromRow * cache.heads() + head + 1) * from.length * bytes;
        memory.zero(to, (length - count) * bytes);
        memory.copy(from.memory, end - count * bytes, to + (length - count) * bytes, count * bytes);
      }
    }
  }

  /** The state of the decoder's i-th cache. */
  Tensor cache(int i) {
    return views[i];
  }

  int length() {
    return length;
  }

  /**
   * The position of the token that comes next. Not the length where pictures have positions in the
   * plane: those of a picture begin anew, and what follows goes on behind the largest.
   */
  long nextPosition() {
    return nextPosition;
  }

  void nextPosition(long position) {
    nextPosition = position;
  }

  int capacity() {
    return capacity;
  }

  long bytes() {
    return memory.bytes();
  }

  /** One more user of this block. */
  synchronized KvBlock retain() {
    users++;
    return this;
  }

  /** One user less; true if it was the last one. */
  synchronized boolean release() {
    users--;
    return users == 0;
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      resources.close();
    }
  }
}
