package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.io.IOException;
import java.util.List;

/**
 * A weight of an ONNX graph, written when its turn comes: only its type and shape are known before.
 *
 * @param parameters how many of a network's weights it holds
 * @param content writes exactly {@link #bytes()} bytes, row-major and little-endian
 */
record Weight(DataType type, List<Long> shape, long parameters, Content content) {
  /** Floats converted at a time. */
  private static final int CHUNK = 1 << 16;

  /** Rows of a matrix that are transposed together. */
  private static final int ROWS = 16;

  /** Writes the values. */
  interface Content {
    void writeTo(WeightSink sink) throws IOException;
  }

  Weight {
    shape = List.copyOf(shape);
  }

  /** A weight with one parameter for each value. */
  Weight(DataType type, List<Long> shape, Content content) {
    this(type, shape, shape.stream().reduce(1L, Math::multiplyExact), content);
  }

  long bytes() {
    long size =
        switch (type) {
          case FLOAT, INT32 -> 4;
          case FLOAT16 -> 2;
          case INT64 -> 8;
          case UINT8 -> 1;
          default -> throw new IllegalArgumentException("no weights of type " + type);
        };
    return shape.stream().reduce(size, Math::multiplyExact);
  }

  /** A tensor as it is, in a type. */
  static Weight of(Tensor tensor, DataType type) {
    return of(tensor, tensor.shape(), type);
  }

  /** A tensor under another shape of the same size. */
  static Weight of(Tensor tensor, List<Long> shape, DataType type) {
    if (shape.stream().reduce(1L, Math::multiplyExact) != tensor.size()) {
      throw new IllegalArgumentException(tensor.shape() + " is not of the size of " + shape);
    }
    return new Weight(
        type,
        shape,
        sink -> {
          float[] chunk = new float[(int) Math.min(CHUNK, tensor.size())];
          long size = tensor.size();
          for (long first = 0; first < size; first += chunk.length) {
            int n = (int) Math.min(chunk.length, size - first);
            tensor.read(first, chunk, 0, n);
            sink.floats(chunk, n, type);
          }
        });
  }

  /** A matrix {@code [out, in]} as {@code [in, out]}, which is what MatMul takes. */
  static Weight transposed(Tensor tensor, DataType type) {
    int out = Math.toIntExact(tensor.shape().get(0));
    int in = Math.toIntExact(tensor.shape().get(1));
    return new Weight(
        type,
        List.of((long) in, (long) out),
        sink -> {
          // As many columns at a time as fit 8 MB.
          int block = Math.max(16, Math.min(in, (1 << 21) / out));
          float[] turned = new float[block * out];
          // Rows go side by side, so that the scattered writes fill whole lines of the cache.
          float[] rows = new float[ROWS * block];
          for (int column = 0; column < in; column += block) {
            int n = Math.min(block, in - column);
            for (int row = 0; row < out; row += ROWS) {
              int tall = Math.min(ROWS, out - row);
              for (int r = 0; r < tall; r++) {
                tensor.read((row + r) * (long) in + column, rows, r * block, n);
              }
              for (int i = 0; i < n; i++) {
                for (int r = 0; r < tall; r++) {
                  turned[i * out + row + r] = rows[r * block + i];
                }
              }
            }
            sink.floats(turned, n * out, type);
          }
        });
  }

  /** Given values of float32. */
  static Weight floats(List<Long> shape, float[] values) {
    return floats(shape, values, DataType.FLOAT);
  }

  static Weight floats(List<Long> shape, float[] values, DataType type) {
    return new Weight(type, shape, sink -> sink.floats(values, values.length, type));
  }

  static Weight integers(long... values) {
    return new Weight(DataType.INT64, List.of((long) values.length), sink -> sink.longs(values));
  }

  static Weight integer(long value) {
    return new Weight(DataType.INT64, List.of(), sink -> sink.longs(value));
  }
}
