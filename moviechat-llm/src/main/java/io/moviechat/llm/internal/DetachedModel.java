package io.moviechat.llm.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * An ONNX file without its large weights: in their place stands where they lie in that file, as for
 * weights in a file of their own (TensorProto's {@code external_data} in onnx.proto).
 *
 * <p>ONNX Runtime parses a file with all weights in it into memory, and copies them from there into
 * the layout that it computes with; the C library then keeps part of what was freed. From the
 * detached form it maps one weight after the other. So a model is opened in hardly more memory than
 * its weights take.
 */
final class DetachedModel {
  /** Smaller weights stay: mapping them costs more than it saves. */
  private static final int LARGE_BYTES = 1 << 16;

  /** No published model has more beside its weights. */
  private static final int MOST_BYTES = 64 << 20;

  private static final int MODEL_GRAPH = 7;
  private static final int GRAPH_INITIALIZER = 5;
  private static final int TENSOR_RAW_DATA = 9;
  private static final int TENSOR_EXTERNAL_DATA = 13;
  private static final int TENSOR_DATA_LOCATION = 14;
  private static final int EXTERNAL = 1;

  private DetachedModel() {}

  /**
   * Makes the detached form of a file.
   *
   * @return its bytes; empty if what lies beside the weights is too large to be held twice
   * @throws IOException if the file cannot be read or is damaged
   */
  static Optional<byte[]> of(Path file) throws IOException {
    String name = String.valueOf(file.getFileName());
    Limited out = new Limited();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      copy(ProtoReader.over(channel), MODEL_GRAPH, graph -> graph(graph, name), out);
    } catch (TooLarge e) {
      return Optional.empty();
    }
    return Optional.of(out.toByteArray());
  }

  private static byte[] graph(ProtoReader graph, String file) throws IOException {
    Limited out = new Limited();
    copy(graph, GRAPH_INITIALIZER, tensor -> weight(tensor, file), out);
    return out.toByteArray();
  }

  /** What stands for a message. */
  private interface Replacement {
    byte[] of(ProtoReader message) throws IOException;
  }

  /** Copies a message; in place of each part in one field stands its replacement. */
  private static void copy(
      ProtoReader message, int field, Replacement replacement, OutputStream out)
      throws IOException {
    while (message.hasRemaining()) {
      long start = message.position();
      long tag = message.varint();
      if (tag == tag(field)) {
        writeMessage(out, tag, replacement.of(message.message()));
      } else {
        message.skip(tag);
        message.copySince(start, out);
      }
    }
  }

  private static byte[] weight(ProtoReader tensor, String file) throws IOException {
    Limited out = new Limited();
    while (tensor.hasRemaining()) {
      long start = tensor.position();
      long tag = tensor.varint();
      if (tag == tag(TENSOR_RAW_DATA)) {
        ProtoReader data = tensor.message();
        long length = tensor.position() - data.position();
        if (length >= LARGE_BYTES) {
          writeEntry(out, "location", file);
          writeEntry(out, "offset", Long.toString(data.position()));
          writeEntry(out, "length", Long.toString(length));
          writeVarint(out, (TENSOR_DATA_LOCATION << 3) | ProtoReader.VARINT);
          writeVarint(out, EXTERNAL);
          continue;
        }
      } else {
        tensor.skip(tag);
      }
      tensor.copySince(start, out);
    }
    return out.toByteArray();
  }

  private static void writeEntry(OutputStream out, String key, String value) throws IOException {
    ByteArrayOutputStream entry = new ByteArrayOutputStream();
    writeMessage(entry, tag(1), key.getBytes(StandardCharsets.UTF_8));
    writeMessage(entry, tag(2), value.getBytes(StandardCharsets.UTF_8));
    writeMessage(out, tag(TENSOR_EXTERNAL_DATA), entry.toByteArray());
  }

  private static long tag(int field) {
    return ((long) field << 3) | ProtoReader.BYTES;
  }

  private static void writeMessage(OutputStream out, long tag, byte[] bytes) throws IOException {
    writeVarint(out, tag);
    writeVarint(out, bytes.length);
    out.write(bytes);
  }

  private static void writeVarint(OutputStream out, long value) throws IOException {
    long rest = value;
    while (rest > 0x7f) {
      out.write((int) ((rest & 0x7f) | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  private static final class TooLarge extends IOException {
    private static final long serialVersionUID = 1L;
  }

  /** A buffer that refuses to grow without end. */
  private static final class Limited extends OutputStream {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public void write(int b) throws IOException {
      require(1);
      bytes.write(b);
    }

    @Override
    public void write(byte[] b, int offset, int length) throws IOException {
      require(length);
      bytes.write(b, offset, length);
    }

    private void require(int more) throws TooLarge {
      if (bytes.size() > MOST_BYTES - more) {
        throw new TooLarge();
      }
    }

    private byte[] toByteArray() {
      return bytes.toByteArray();
    }
  }
}
