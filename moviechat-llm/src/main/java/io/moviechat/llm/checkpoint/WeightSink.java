package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moviechat.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;

/** Where weights go: a buffer in front of a file. */
final class WeightSink {
  private final WritableByteChannel channel;
  private final ByteBuffer buffer =
      ByteBuffer.allocateDirect(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
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
    for (int i = 0; i < count; i++) {
      float value = values[i];
      if (!Float.isFinite(value)) {
        throw new ModelException(
            "weight " + name + " holds " + value + "; the checkpoint is damaged");
      }
      if (half) {
        if (Math.abs(value) >= 65520) {
          throw new ModelException(
              "weight %s holds %s, too large for fp16; import with precision fp32"
                  .formatted(name, value));
        }
        room(2).putShort(Halves.toHalf(value));
      } else {
        room(4).putFloat(value);
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
