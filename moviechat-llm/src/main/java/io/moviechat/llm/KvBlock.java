package io.moviechat.llm;

import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.Tensor;

/**
 * The key/value caches of one sequence: memory for a number of positions, of which the first {@link
 * #length()} are filled. Filled once by a decoder step, then only read, so that any number of steps
 * may go on from it: a shared prefix, or the beams of a search.
 *
 * <p>The memory of cache i begins at {@code i * heads * capacity * width}; a tensor of fewer
 * positions takes the beginning of its part. A step reads one block and writes the next: the graph
 * copies what it keeps, nothing is allocated once two blocks are large enough.
 */
final class KvBlock implements AutoCloseable {
  private final DecoderSpec spec;
  private final Tensor memory;
  private final Tensor[] views;
  private final int capacity;
  private int length;
  private int users;
  private boolean closed;

  KvBlock(Graph graph, DecoderSpec spec, int capacity) {
    this.spec = spec;
    this.capacity = Math.max(1, capacity);
    memory = graph.allocateNear(ElementType.UINT8, spec.bytesPerPosition() * this.capacity);
    views = new Tensor[2 * spec.layers()];
    for (int i = 0; i < views.length; i++) {
      views[i] = Tensor.newView(memory, spec.cacheType(), 4);
    }
    show(0);
  }

  /** Makes all caches show that many positions. */
  void show(int positions) {
    if (positions > capacity) {
      throw new IllegalArgumentException(positions + " positions in a block of " + capacity);
    }
    length = positions;
    long part = (long) spec.kvHeads() * capacity * spec.headDim() * spec.cacheType().bytes();
    for (int i = 0; i < views.length; i++) {
      views[i].view(memory, i * part, 1, spec.kvHeads(), positions, spec.headDim());
    }
  }

  Tensor key(int layer) {
    return views[2 * layer];
  }

  Tensor value(int layer) {
    return views[2 * layer + 1];
  }

  int length() {
    return length;
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
      for (Tensor view : views) {
        view.close();
      }
      memory.close();
    }
  }
}
