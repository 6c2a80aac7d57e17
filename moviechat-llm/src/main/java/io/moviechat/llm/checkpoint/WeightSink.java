package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moviechat.ModelException;
import io.moviechat.internal.HalfFloats;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;

/** Where weights go: a buffer in front of a file. */
final class WeightSink {
  /** What is larger rounds to an infinite half: 65520 is half way from the largest to the next. */
  private static final float HALF_LIMIT = 65519.996f;

  private final WritableByteChannel channel;
  private final ByteBuffer buffer =
      ByteBuffer.allocateDirect(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
  private final short[] halves = new short[1 << 14];
  private String name = "";
  private long written;

  WeightSink(WritableByteChannel channel) {
    this.channel = channel;
  }

  /** Names the weight that comes next, for messages. */
  void begin(String newName) {
    name = newName;
  }

  /** Bytes given so far. */
  long written() {
    return written;
  }

  void floats(float[] values, int count, DataType type) throws IOException {
    boolean half = type == DataType.FLOAT16;
    int size = half ? Short.BYTES : Float.BYTES;
    int done = 0;
    while (done < count) {
      if (buffer.remaining() < size) {
        flush();
      }
      int n = Math.min(Math.min(halves.length, buffer.remaining() / size), count - done);
      check(values, done, n, half ? HALF_LIMIT : Float.MAX_VALUE);
      if (half) {
        for (int i = 0; i < n; i++) {
          halves[i] = HalfFloats.fromFloat(values[done + i]);
        }
        buffer.asShortBuffer().put(halves, 0, n);
      } else {
        buffer.asFloatBuffer().put(values, done, n);
      }
      buffer.position(buffer.position() + n * size);
      written += (long) n * size;
      done += n;
    }
  }

  private void check(float[] values, int from, int count, float limit) {
    for (int i = from; i < from + count; i++) {
      // Written so that a NaN is refused too.
      if (!(Math.abs(values[i]) <= limit)) {
        throw new ModelException(
            Float.isFinite(values[i])
                ? "weight %s holds %s, too large for fp16; import with precision fp32"
                    .formatted(name, values[i])
                : "weight %s holds %s; the checkpoint is damaged".formatted(name, values[i]));
      }
    }
  }

  void longs(long... values) throws IOException {
    for (long value : values) {
      room(8).putLong(value);
    }
  }

  void bytes(byte[] values, int count) throws IOException {
    int done = 0;
    while (done < count) {
      ByteBuffer target = room(1);
      int n = Math.min(target.remaining(), count - done);
      target.put(values, done, n);
      written += n - 1;
      done += n;
    }
  }

  /** Zeros up to a multiple of a size. */
  void align(int size) throws IOException {
    while (written % size != 0) {
      room(1).put((byte) 0);
    }
  }

  void flush() throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    buffer.clear();
  }

  private ByteBuffer room(int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      flush();
    }
    written += bytes;
    return buffer;
  }
}
