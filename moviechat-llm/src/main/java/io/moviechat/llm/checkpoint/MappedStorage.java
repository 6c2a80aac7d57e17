package io.moviechat.llm.checkpoint;

import io.moviechat.internal.HalfFloats;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/**
 * A run of values in a file, memory-mapped a gibibyte at a time when first touched. The mappings
 * outlive the channel that made them and vanish with the garbage.
 */
final class MappedStorage {
  private static final long WINDOW = 1L << 30;
  private static final int CHUNK = 1 << 12;

  private final FileChannel channel;
  private final ElementType type;
  private final long count;
  private final byte[] bytes = new byte[CHUNK * 8];
  private final ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  private long position;
  private @Nullable ByteBuffer window;
  private long windowStart = -1;

  /**
   * @param position of the first value in the file, negative if it comes to be known later
   */
  MappedStorage(FileChannel channel, ElementType type, long count, long position) {
    this.channel = channel;
    this.type = type;
    this.count = count;
    this.position = position;
  }

  ElementType type() {
    return type;
  }

  long count() {
    return count;
  }

  void locate(long newPosition) {
    position = newPosition;
  }

  /** Reads consecutive values. */
  void read(long first, float[] into, int at, int wanted) {
    if (first < 0 || wanted < 0 || first > count - wanted) {
      throw new IndexOutOfBoundsException(
          "values " + first + " to " + (first + wanted) + " of a storage of " + count);
    }
    while (wanted > 0) {
      int n = Math.min(wanted, CHUNK);
      fetch(first * type.bytes(), n * type.bytes());
      convert(into, at, n);
      first += n;
      at += n;
      wanted -= n;
    }
  }

  private void fetch(long offset, int length) {
    int done = 0;
    while (done < length) {
      long start = (offset + done) / WINDOW * WINDOW;
      ByteBuffer buffer = window(start);
      int inside = (int) (offset + done - start);
      int n = Math.min(length - done, buffer.limit() - inside);
      buffer.get(inside, bytes, done, n);
      done += n;
    }
  }

  private ByteBuffer window(long start) {
    ByteBuffer current = window;
    if (current == null || windowStart != start) {
      long length = Math.min(WINDOW, count * type.bytes() - start);
      try {
        current = channel.map(FileChannel.MapMode.READ_ONLY, position + start, length);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot map " + length + " bytes of a checkpoint", e);
      }
      window = current;
      windowStart = start;
    }
    return current;
  }

  private void convert(float[] into, int at, int n) {
    switch (type) {
      case FLOAT32 -> view.asFloatBuffer().get(into, at, n);
      case FLOAT16 -> {
        for (int i = 0; i < n; i++) {
          into[at + i] = HalfFloats.toFloat(view.getShort(2 * i));
        }
      }
      case BFLOAT16 -> {
        for (int i = 0; i < n; i++) {
          into[at + i] = Halves.fromBfloat16(view.getShort(2 * i));
        }
      }
      case FLOAT64 -> {
        for (int i = 0; i < n; i++) {
          into[at + i] = (float) view.getDouble(8 * i);
        }
      }
      case INT64 -> {
        for (int i = 0; i < n; i++) {
          into[at + i] = view.getLong(8 * i);
        }
      }
      case INT32 -> {
        for (int i = 0; i < n; i++) {
          into[at + i] = view.getInt(4 * i);
        }
      }
      case INT16 -> {
        for (int i = 0; i < n; i++) {
          into[at + i] = view.getShort(2 * i);
        }
      }
      case INT8 -> {
        for (int i = 0; i < n; i++) {
          into[at + i] = bytes[i];
        }
      }
      case UINT8 -> {
        for (int i = 0; i < n; i++) {
          into[at + i] = bytes[i] & 0xff;
        }
      }
      case BOOL -> {
        for (int i = 0; i < n; i++) {
          into[at + i] = bytes[i] == 0 ? 0 : 1;
        }
      }
    }
  }
}
