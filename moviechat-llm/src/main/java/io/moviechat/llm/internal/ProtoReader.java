package io.moviechat.llm.internal;

import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A message of a protobuf file, read field by field. Reads through a small window: a file is not
 * mapped, because mapped weights would count as resident, and a file that shrinks must not do more
 * than fail.
 */
final class ProtoReader {
  static final int VARINT = 0;
  static final int BYTES = 2;

  private static final int FIXED64 = 1;
  private static final int FIXED32 = 5;
  private static final int LONGEST_STRING = 1 << 20;

  private final Window window;
  private final long end;
  private long position;

  private ProtoReader(Window window, long position, long end) {
    this.window = window;
    this.position = position;
    this.end = end;
  }

  /** The whole of a file. The channel stays open as long as this is read. */
  static ProtoReader over(FileChannel channel) throws IOException {
    return new ProtoReader(new Window(channel), 0, channel.size());
  }

  /** The whole of a file that is in memory. */
  static ProtoReader over(byte[] file) {
    return new ProtoReader(new Window(file), 0, file.length);
  }

  boolean hasRemaining() {
    return position < end;
  }

  /** Bytes that are left of it. */
  long remaining() {
    return end - position;
  }

  /** The place in the file of what is read next. */
  long position() {
    return position;
  }

  /** A tag or a number. */
  long varint() throws IOException {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (position >= end) {
        throw new IOException("is cut off at byte " + position);
      }
      byte part = window.at(position++);
      value |= (long) (part & 0x7f) << shift;
      if (part >= 0) {
        return value;
      }
    }
    throw new IOException("is damaged: a number of more than 10 bytes");
  }

  /** The message of a field of type {@link #BYTES} whose tag was read; this goes on behind it. */
  ProtoReader message() throws IOException {
    long length = varint();
    if (length < 0 || length > end - position) {
      throw new IOException(
          "is damaged or cut off: a field of "
              + length
              + " bytes where "
              + (end - position)
              + " are left");
    }
    ProtoReader part = new ProtoReader(window, position, position + length);
    position += length;
    return part;
  }

  String string() throws IOException {
    ProtoReader text = message();
    long length = text.end - text.position;
    if (length > LONGEST_STRING) {
      throw new IOException("is damaged: a name of " + length + " bytes");
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) length);
    for (long at = text.position; at < text.end; at++) {
      bytes.put(window.at(at));
    }
    return StandardCharsets.UTF_8.decode(bytes.flip()).toString();
  }

  /** Leaves out the value of a field whose tag was read. */
  void skip(long tag) throws IOException {
    switch ((int) (tag & 7)) {
      case VARINT -> varint();
      case FIXED64 -> advance(8);
      case BYTES -> message();
      case FIXED32 -> advance(4);
      default -> throw new IOException("is damaged or not an ONNX file: field type " + (tag & 7));
    }
  }

  private void advance(int count) throws IOException {
    if (end - position < count) {
      throw new IOException("is cut off inside a number");
    }
    position += count;
  }

  /** Copies what lies between a place and what is read next. */
  void copySince(long from, OutputStream out) throws IOException {
    for (long at = from; at < position; at++) {
      out.write(window.at(at));
    }
  }

  private static final class Window {
    private final @Nullable FileChannel channel;
    private final ByteBuffer bytes;
    private long start;

    private Window(FileChannel channel) {
      this.channel = channel;
      this.bytes = ByteBuffer.allocate(1 << 16).limit(0);
    }

    private Window(byte[] file) {
      this.channel = null;
      this.bytes = ByteBuffer.wrap(file);
    }

    private byte at(long position) throws IOException {
      long index = position - start;
      if (index < 0 || index >= bytes.limit()) {
        bytes.clear();
        start = position;
        index = 0;
        if (channel == null || channel.read(bytes, position) < 1) {
          bytes.limit(0);
          throw new EOFException("became shorter while it was read");
        }
        bytes.flip();
      }
      return bytes.get((int) index);
    }
  }
}
