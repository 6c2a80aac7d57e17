package io.moviechat.llm.checkpoint;

import io.moviechat.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads a part of a file from front to back and never beyond its end. */
final class FileCursor {
  private final FileChannel channel;
  private final String name;
  private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
  private long next;
  private long limit;

  /**
   * @param name of the part, for messages
   * @param start position of the first byte in the file
   * @param limit position after the last byte
   */
  FileCursor(FileChannel channel, String name, long start, long limit) {
    this.channel = channel;
    this.name = name;
    this.next = start;
    this.limit = limit;
    buffer.limit(0);
  }

  /** Position of the next byte in the file. */
  long position() {
    return next - buffer.remaining();
  }

  /** Moves the end; the position stays. */
  void limit(long newLimit) {
    next = position();
    buffer.limit(0);
    limit = newLimit;
  }

  int u8() throws IOException {
    need(1);
    return buffer.get() & 0xff;
  }

  int u16() throws IOException {
    need(2);
    return buffer.getShort() & 0xffff;
  }

  int i32() throws IOException {
    need(4);
    return buffer.getInt();
  }

  long i64() throws IOException {
    need(8);
    return buffer.getLong();
  }

  double bigEndianDouble() throws IOException {
    need(8);
    return Double.longBitsToDouble(Long.reverseBytes(buffer.getLong()));
  }

  byte[] bytes(long length) throws IOException {
    if (length < 0 || length > limit - position()) {
      throw ended(length);
    }
    byte[] result = new byte[Math.toIntExact(length)];
    int done = 0;
    while (done < result.length) {
      need(1);
      int n = Math.min(buffer.remaining(), result.length - done);
      buffer.get(result, done, n);
      done += n;
    }
    return result;
  }

  /** The text up to the next line feed, which is consumed. */
  String line(int longest) throws IOException {
    byte[] line = new byte[longest];
    for (int i = 0; i < longest; i++) {
      int b = u8();
      if (b == '\n') {
        return new String(Arrays.copyOf(line, i), StandardCharsets.UTF_8);
      }
      line[i] = (byte) b;
    }
    throw new ModelException(name + " has a name longer than " + longest + " bytes");
  }

  private void need(int bytes) throws IOException {
    if (buffer.remaining() >= bytes) {
      return;
    }
    if (bytes > limit - position()) {
      throw ended(bytes);
    }
    buffer.compact();
    while (buffer.position() < bytes) {
      long room = Math.min(buffer.remaining(), limit - next);
      buffer.limit(buffer.position() + (int) room);
      int n = channel.read(buffer, next);
      if (n < 0) {
        buffer.flip();
        throw ended(bytes);
      }
      next += n;
      buffer.limit(buffer.capacity());
    }
    buffer.flip();
  }

  private ModelException ended(long wanted) {
    return new ModelException(
        "%s ends at byte %d, but %d more bytes were expected; the file is cut or damaged"
            .formatted(name, limit, wanted));
  }
}
