package io.moviechat.llm.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

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
  private static final int GRAPH_NODE = 1;
  private static final int GRAPH_INITIALIZER = 5;
  private static final int NODE_OPERATOR = 4;
  private static final int NODE_ATTRIBUTE = 5;
  private static final int ATTRIBUTE_NAME = 1;
  private static final int ATTRIBUTE_NUMBER = 3;
  private static final int ATTRIBUTE_TYPE = 20;
  private static final int TYPE_INT = 2;
  private static final int TENSOR_RAW_DATA = 9;
  private static final int TENSOR_EXTERNAL_DATA = 13;
  private static final int TENSOR_DATA_LOCATION = 14;
  private static final int EXTERNAL = 1;

  /** How exactly MatMulNBits computes; 4 is with 8-bit activations (contrib_defs.cc). */
  private static final String ACCURACY = "accuracy_level";

  private static final int INT8_ACTIVATIONS = 4;

  private DetachedModel() {}

  /**
   * Makes the detached form of a file.
   *
   * @return its bytes; empty if what lies beside the weights is too large to be held twice
   * @throws IOException if the file cannot be read or is damaged
   */
  static Optional<byte[]> of(Path file) throws IOException {
    Path real = file.toRealPath();
    Limited out = new Limited();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      copy(
          ProtoReader.over(channel),
          field -> field == MODEL_GRAPH ? graph -> graph(graph, file, real) : null,
          out);
    } catch (TooLarge e) {
      return Optional.empty();
    }
    return Optional.of(out.toByteArray());
  }

  private static byte[] graph(ProtoReader graph, Path file, Path real) throws IOException {
    Limited out = new Limited();
    copy(
        graph,
        field ->
            switch (field) {
              case GRAPH_INITIALIZER -> tensor -> weight(tensor, file, real);
              case GRAPH_NODE -> DetachedModel::node;
              default -> null;
            },
        out);
    return out.toByteArray();
  }

  /** What stands for a message. */
  private interface Replacement {
    byte[] of(ProtoReader message) throws IOException;
  }

  /** Copies a message; in place of each part in some fields stands its replacement. */
  private static void copy(
      ProtoReader message, IntFunction<@Nullable Replacement> replacements, OutputStream out)
      throws IOException {
    while (message.hasRemaining()) {
      long start = message.position();
      long tag = message.varint();
      boolean bytes = (tag & 7) == ProtoReader.BYTES;
      Replacement replacement = bytes ? replacements.apply((int) (tag >>> 3)) : null;
      if (replacement != null) {
        writeMessage(out, tag, replacement.of(message.message()));
      } else {
        message.skip(tag);
        message.copySince(start, out);
      }
    }
  }

  private static byte[] weight(ProtoReader tensor, Path file, Path real) throws IOException {
    Limited out = new Limited();
    while (tensor.hasRemaining()) {
      long start = tensor.position();
      long tag = tensor.varint();
      if (tag == tag(TENSOR_RAW_DATA)) {
        ProtoReader data = tensor.message();
        long length = tensor.position() - data.position();
        if (length >= LARGE_BYTES) {
          writeEntry(out, "location", String.valueOf(real.getFileName()));
          writeEntry(out, "offset", Long.toString(data.position()));
          writeEntry(out, "length", Long.toString(length));
          writeVarint(out, (TENSOR_DATA_LOCATION << 3) | ProtoReader.VARINT);
          writeVarint(out, EXTERNAL);
          continue;
        }
      } else if (tag == tag(TENSOR_EXTERNAL_DATA)) {
        external(tensor.message(), file, real, out);
        continue;
      } else {
        tensor.skip(tag);
      }
      tensor.copySince(start, out);
    }
    return out.toByteArray();
  }

  /**
   * Copies one entry of what says where a weight lies. Caches of model hubs link files to a store
   * in which they have other names; ONNX Runtime opens no file that a link leads to outside of the
   * graph's folder, so it is given the real folder and the real names.
   */
  private static void external(ProtoReader entry, Path file, Path real, OutputStream out)
      throws IOException {
    String key = "";
    String value = "";
    while (entry.hasRemaining()) {
      long tag = entry.varint();
      if (tag == tag(1)) {
        key = entry.string();
      } else if (tag == tag(2)) {
        value = entry.string();
      } else {
        entry.skip(tag);
      }
    }
    if (key.equals("location")) {
      Path data = file.resolveSibling(value).toRealPath();
      Path folder = Objects.requireNonNull(real.getParent());
      if (!data.startsWith(folder)) {
        throw new IOException(
            "keeps weights in "
                + value
                + ", which links lead to "
                + data
                + ", while the graph itself lies in "
                + folder
                + "; ONNX Runtime opens only what lies beside the graph");
      }
      value = folder.relativize(data).toString().replace('\\', '/');
    }
    writeEntry(out, key, value);
  }

  /**
   * Copies a node. Exports of 8-bit weights do not say how exactly MatMulNBits has to compute, and
   * then ONNX Runtime unpacks the whole matrix to floats for each token, which takes some 20 times
   * as long as computing with 8-bit activations.
   */
  private static byte[] node(ProtoReader node) throws IOException {
    Limited out = new Limited();
    boolean nBits = false;
    boolean eight = false;
    boolean said = false;
    while (node.hasRemaining()) {
      long start = node.position();
      long tag = node.varint();
      if (tag == tag(NODE_OPERATOR)) {
        nBits = node.string().equals("MatMulNBits");
      } else if (tag == tag(NODE_ATTRIBUTE)) {
        Attribute attribute = Attribute.read(node.message());
        eight |= attribute.name().equals("bits") && attribute.number() == 8;
        said |= attribute.name().equals(ACCURACY);
      } else {
        node.skip(tag);
      }
      node.copySince(start, out);
    }
    if (nBits && eight && !said) {
      ByteArrayOutputStream level = new ByteArrayOutputStream();
      writeMessage(level, tag(ATTRIBUTE_NAME), ACCURACY.getBytes(StandardCharsets.UTF_8));
      writeVarint(level, (ATTRIBUTE_NUMBER << 3) | ProtoReader.VARINT);
      writeVarint(level, INT8_ACTIVATIONS);
      writeVarint(level, (ATTRIBUTE_TYPE << 3) | ProtoReader.VARINT);
      writeVarint(level, TYPE_INT);
      writeMessage(out, tag(NODE_ATTRIBUTE), level.toByteArray());
    }
    return out.toByteArray();
  }

  /** A node's attribute, as far as it is a number. */
  private record Attribute(String name, long number) {
    static Attribute read(ProtoReader message) throws IOException {
      String name = "";
      long number = 0;
      while (message.hasRemaining()) {
        long tag = message.varint();
        if (tag == tag(ATTRIBUTE_NAME)) {
          name = message.string();
        } else if (tag == ((long) ATTRIBUTE_NUMBER << 3 | ProtoReader.VARINT)) {
          number = message.varint();
        } else {
          message.skip(tag);
        }
      }
      return new Attribute(name, number);
    }
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
