package io.moviechat.llm.checkpoint;

import io.moviechat.ModelException;
import java.util.List;

/**
 * A view of a storage: element (i, j, ...) is at {@code offset + i * stride0 + j * stride1 ...}.
 */
final class StridedTensor implements Tensor {
  private static final int MAX_RANK = 16;

  private final MappedStorage storage;
  private final long offset;
  private final List<Long> shape;
  private final long[] sizes;
  private final long[] strides;
  private final boolean contiguous;
  private final long size;

  /**
   * @throws ModelException if the view leaves its storage
   */
  StridedTensor(MappedStorage storage, long offset, List<Long> shape, List<Long> strides) {
    if (shape.size() != strides.size() || shape.size() > MAX_RANK) {
      throw new ModelException(
          "a tensor has " + shape.size() + " sizes and " + strides.size() + " strides");
    }
    this.storage = storage;
    this.offset = offset;
    this.shape = List.copyOf(shape);
    this.sizes = shape.stream().mapToLong(Long::longValue).toArray();
    this.strides = strides.stream().mapToLong(Long::longValue).toArray();
    boolean rowMajor = true;
    long elements = 1;
    try {
      long last = offset;
      for (int d = sizes.length - 1; d >= 0; d--) {
        if (sizes[d] < 0 || this.strides[d] < 0) {
          throw new ModelException("a tensor has sizes " + shape + " and strides " + strides);
        }
        rowMajor &= sizes[d] == 1 || this.strides[d] == elements;
        elements = Math.multiplyExact(elements, sizes[d]);
        if (sizes[d] > 0) {
          last = Math.addExact(last, Math.multiplyExact(sizes[d] - 1, this.strides[d]));
        }
      }
      if (offset < 0 || (elements > 0 && last >= storage.count())) {
        throw new ModelException(
            "a tensor of shape %s, strides %s and offset %d leaves its storage of %d values"
                .formatted(shape, strides, offset, storage.count()));
      }
    } catch (ArithmeticException e) {
      throw new ModelException("a tensor of shape " + shape + " and strides " + strides, e);
    }
    this.contiguous = rowMajor;
    this.size = elements;
  }

  @Override
  public ElementType type() {
    return storage.type();
  }

  @Override
  public List<Long> shape() {
    return shape;
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public void read(long first, float[] into, int at, int count) {
    if (first < 0 || count < 0 || first > size - count) {
      throw new IndexOutOfBoundsException(
          "values " + first + " to " + (first + count) + " of a tensor of shape " + shape);
    }
    if (contiguous) {
      storage.read(offset + first, into, at, count);
      return;
    }
    // A run of the last dimension at a time.
    long width = sizes[sizes.length - 1];
    long step = strides[sizes.length - 1];
    while (count > 0) {
      long column = first % width;
      long rest = first / width;
      long start = offset + column * step;
      for (int d = sizes.length - 2; d >= 0; d--) {
        start += rest % sizes[d] * strides[d];
        rest /= sizes[d];
      }
      int run = (int) Math.min(count, width - column);
      if (step == 1) {
        storage.read(start, into, at, run);
      } else {
        for (int i = 0; i < run; i++) {
          storage.read(start + i * step, into, at + i, 1);
        }
      }
      first += run;
      at += run;
      count -= run;
    }
  }
}
