package io.moviechat.llm.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.onnxruntime.OrtAllocator;
import org.bytedeco.onnxruntime.OrtMemoryInfo;
import org.bytedeco.onnxruntime.OrtValue;

/**
 * A tensor of ONNX Runtime: either memory of its own, or a view of a part of another one's.
 *
 * <p>A view can be pointed elsewhere again and again without making garbage ({@link #view(Tensor,
 * long, long...)}). Closing frees the native handle, and the memory if it is its own. Not
 * thread-safe.
 */
public final class Tensor implements AutoCloseable {
  private final Ort ort;
  private final OrtMemoryInfo memoryInfo;
  private final ElementType type;
  private final LongPointer dims;
  private OrtValue value = new OrtValue();
  private final Address data = new Address();
  private int rank;
  private long bytes;
  private boolean open;
  private boolean closed;

  /** Tensors that were made and not closed, so that a test can tell that none is left. */
  static final AtomicInteger LIVE = new AtomicInteger();

  private Tensor(Ort ort, OrtMemoryInfo memoryInfo, ElementType type, int maxRank) {
    this.ort = ort;
    this.memoryInfo = memoryInfo;
    this.type = type;
    this.dims = new LongPointer(Math.max(maxRank, 1));
    LIVE.incrementAndGet();
  }

  /** Memory on the CPU, not initialised. */
  public static Tensor allocate(ElementType type, long... dims) {
    Ort ort = Ort.get();
    return allocate(ort, ort.cpuAllocator, ort.cpuMemory, type, dims);
  }

  /** Memory of an allocator, not initialised. */
  static Tensor allocate(
      Ort ort, OrtAllocator allocator, OrtMemoryInfo memoryInfo, ElementType type, long... dims) {
    Tensor tensor = new Tensor(ort, memoryInfo, type, dims.length);
    try {
      tensor.setDims(dims);
      ort.check(
          ort.api.CreateTensorAsOrtValue(
              allocator, tensor.dims, dims.length, type.code(), tensor.value));
      tensor.open = true;
      tensor.locate();
      return tensor;
    } catch (Throwable e) {
      tensor.close();
      throw e;
    }
  }

  /** A tensor that shows nothing yet; give it something with {@link #view}. */
  public static Tensor newView(Tensor of, ElementType type, int rank) {
    return new Tensor(of.ort, of.memoryInfo, type, rank);
  }

  /** Takes ownership of a value that the runtime made on the CPU. */
  static Tensor own(Ort ort, OrtValue made, ElementType type, long[] shape) {
    Tensor tensor = new Tensor(ort, ort.cpuMemory, type, shape.length);
    tensor.value = made;
    tensor.open = true;
    try {
      tensor.setDims(shape);
      tensor.locate();
      return tensor;
    } catch (Throwable e) {
      tensor.close();
      throw e;
    }
  }

  /**
   * Shows a part of another tensor's memory. What was shown before is let go.
   *
   * @param memory the owner of the memory; stays open longer than this view
   * @param offset in bytes
   * @param shape its number of elements must lie inside the memory
   */
  public void view(Tensor memory, long offset, long... shape) {
    setDims(shape);
    show(memory, offset);
  }

  /** The same for four sides, without an array. */
  public void view(Tensor memory, long offset, long d0, long d1, long d2, long d3) {
    dims.put(0, d0).put(1, d1).put(2, d2).put(3, d3);
    rank = 4;
    bytes = d0 * d1 * d2 * d3 * type.bytes();
    show(memory, offset);
  }

  private void show(Tensor memory, long offset) {
    if (offset < 0 || offset + bytes > memory.bytes) {
      throw new IllegalArgumentException(
          "a view of "
              + bytes
              + " bytes at "
              + offset
              + " is outside of memory of "
              + memory.bytes
              + " bytes");
    }
    release();
    data.at(memory.data.get() + offset);
    ort.check(
        ort.api.CreateTensorWithDataAsOrtValue(
            memoryInfo, data, bytes, dims, rank, type.code(), value));
    open = true;
  }

  public ElementType type() {
    return type;
  }

  public long bytes() {
    return bytes;
  }

  /** Whether it lies in memory of the CPU. */
  boolean onHost() {
    return memoryInfo.equals(ort.cpuMemory);
  }

  public long dim(int axis) {
    return dims.get(axis);
  }

  public int rank() {
    return rank;
  }

  OrtValue value() {
    if (!open) {
      throw new IllegalStateException("a tensor is used after it was closed");
    }
    return value;
  }

  /**
   * The bytes, which must be in CPU memory: valid until this tensor (or, for a view, the memory's
   * owner) is closed. Never keep it longer.
   */
  public ByteBuffer buffer() {
    if (!open) {
      throw new IllegalStateException("a tensor is read after it was closed");
    }
    if (bytes == 0) {
      return ByteBuffer.allocateDirect(0).order(ByteOrder.nativeOrder());
    }
    return new BytePointer(data).capacity(bytes).asByteBuffer().order(ByteOrder.nativeOrder());
  }

  /** Moves bytes inside this tensor's CPU memory; both parts may overlap. */
  public void move(long from, long to, long count) {
    if (!open) {
      throw new IllegalStateException("a tensor is written after it was closed");
    }
    if (count < 0 || from < 0 || to < 0 || Math.max(from, to) + count > bytes) {
      throw new IllegalArgumentException(
          count + " bytes from " + from + " to " + to + " are outside of " + bytes + " bytes");
    }
    Pointer.memmove(new Address(data.get() + to), new Address(data.get() + from), count);
  }

  /** Copies bytes of another tensor into this one; both in CPU memory. */
  public void copy(Tensor source, long from, long to, long count) {
    source.requireInside(from, count);
    requireInside(to, count);
    Pointer.memcpy(new Address(data.get() + to), new Address(source.data.get() + from), count);
  }

  /** Makes bytes of this tensor zero, which must be in CPU memory. */
  public void zero(long from, long count) {
    requireInside(from, count);
    Pointer.memset(new Address(data.get() + from), 0, count);
  }

  private void requireInside(long from, long count) {
    if (!open) {
      throw new IllegalStateException("a tensor is used after it was closed");
    }
    if (count < 0 || from < 0 || from > bytes - count) {
      throw new IllegalArgumentException(
          count + " bytes at " + from + " are outside of " + bytes + " bytes");
    }
  }

  private void locate() {
    ort.check(ort.api.GetTensorMutableData(value, data));
  }

  private void setDims(long... shape) {
    rank = shape.length;
    long elements = 1;
    for (int i = 0; i < shape.length; i++) {
      if (shape[i] < 0) {
        throw new IllegalArgumentException("a tensor cannot be " + Arrays.toString(shape));
      }
      dims.put(i, shape[i]);
      elements = Math.multiplyExact(elements, shape[i]);
    }
    bytes = Math.multiplyExact(elements, (long) type.bytes());
  }

  private void release() {
    if (open) {
      open = false;
      ort.api.ReleaseValue(value);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      release();
      dims.deallocate();
      LIVE.decrementAndGet();
    }
  }

  /** A pointer whose address can be set, so that a view needs no new object. */
  private static final class Address extends Pointer {
    Address() {
      super((Pointer) null);
    }

    Address(long address) {
      super((Pointer) null);
      this.address = address;
    }

    void at(long newAddress) {
      address = newAddress;
    }

    long get() {
      return address;
    }
  }
}
