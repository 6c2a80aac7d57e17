package io.moviechat.llm;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What an ONNX file declares: inputs, outputs, the shapes of its weights and where they lie. Read
 * without loading the weights, so that a whole bundle is checked before anything large happens.
 *
 * <p>Reads the few fields that it needs of ONNX's protobuf schema (onnx.proto) from a memory map
 * and skips the rest; a length that leaves its enclosing field is a damaged file.
 */
final class OnnxHeader {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;
  private static final int DEEPEST = 32;

  /**
   * A weight.
   *
   * @param name its name
   * @param dims its sides
   */
  record Weight(String name, ImmutableLongArray dims) {}

  private final Path file;
  private final List<TensorInfo> inputs = new ArrayList<>();
  private final List<TensorInfo> outputs = new ArrayList<>();
  private final List<Weight> weights = new ArrayList<>();
  private final Set<String> externalFiles = new LinkedHashSet<>();
  private final Set<String> operators = new LinkedHashSet<>();
  private long externalBytes;

  private OnnxHeader(Path file) {
    this.file = file;
  }

  /**
   * Reads a file's declarations.
   *
   * @throws IOException if it cannot be read, is damaged, or is no ONNX file; the message does not
   *     name the file
   */
  static OnnxHeader read(Path file) throws IOException {
    OnnxHeader header = new OnnxHeader(file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size > Integer.MAX_VALUE) {
        throw new IOException(
            "has " + size + " bytes; an ONNX file ends at 2 GiB, larger weights lie beside it");
      }
      ByteBuffer bytes =
          channel.map(FileChannel.MapMode.READ_ONLY, 0, size).order(ByteOrder.LITTLE_ENDIAN);
      boolean graphSeen = header.model(bytes);
      if (!graphSeen) {
        throw new IOException("holds no ONNX graph (" + size + " bytes)");
      }
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new IOException("is damaged or not an ONNX file: " + e.getMessage(), e);
    }
    return header;
  }

  Path file() {
    return file;
  }

  /** Inputs that must be fed: those that no weight stands for. */
  ImmutableList<TensorInfo> inputs() {
    return ImmutableList.copyOf(inputs);
  }

  ImmutableList<TensorInfo> outputs() {
    return ImmutableList.copyOf(outputs);
  }

  Optional<TensorInfo> input(String name) {
    return inputs.stream().filter(info -> info.name().equals(name)).findFirst();
  }

  Optional<TensorInfo> output(String name) {
    return outputs.stream().filter(info -> info.name().equals(name)).findFirst();
  }

  /** Weights of the outer graph. */
  ImmutableList<Weight> weights() {
    return ImmutableList.copyOf(weights);
  }

  /** Locations of external data as the file gives them, unchecked. */
  Set<String> externalFiles() {
    return externalFiles;
  }

  /** Bytes of external data that the graph needs at least, all files together. */
  long externalBytes() {
    return externalBytes;
  }

  /** Kinds of operators in the graph. */
  Set<String> operators() {
    return operators;
  }

  // ---- protobuf ----

  private boolean model(ByteBuffer b) throws IOException {
    boolean graph = false;
    while (b.hasRemaining()) {
      long tag = varint(b);
      if (tag >>> 3 == 7 && (tag & 7) == BYTES) {
        graph(message(b), 0);
        graph = true;
      } else {
        skip(b, tag);
      }
    }
    return graph;
  }

  private void graph(ByteBuffer b, int depth) throws IOException {
    if (depth > DEEPEST) {
      throw new IOException("nests graphs more than " + DEEPEST + " deep");
    }
    List<TensorInfo> declared = new ArrayList<>();
    while (b.hasRemaining()) {
      long tag = varint(b);
      int field = (int) (tag >>> 3);
      if ((tag & 7) != BYTES) {
        skip(b, tag);
        continue;
      }
      switch (field) {
        case 1 -> node(message(b), depth);
        case 5 -> weight(message(b), depth == 0);
        case 11 -> declared.add(valueInfo(message(b)));
        case 12 -> {
          TensorInfo info = valueInfo(message(b));
          if (depth == 0) {
            outputs.add(info);
          }
        }
        default -> skip(b, tag);
      }
    }
    if (depth == 0) {
      // Files of old versions list weights among the inputs too.
      Set<String> weightNames = new LinkedHashSet<>();
      weights.forEach(weight -> weightNames.add(weight.name()));
      declared.stream().filter(info -> !weightNames.contains(info.name())).forEach(inputs::add);
    }
  }

  private void node(ByteBuffer b, int depth) throws IOException {
    while (b.hasRemaining()) {
      long tag = varint(b);
      int field = (int) (tag >>> 3);
      if (field == 4 && (tag & 7) == BYTES) {
        operators.add(string(b));
      } else if (field == 5 && (tag & 7) == BYTES) {
        attribute(message(b), depth);
      } else {
        skip(b, tag);
      }
    }
  }

  private void attribute(ByteBuffer b, int depth) throws IOException {
    while (b.hasRemaining()) {
      long tag = varint(b);
      int field = (int) (tag >>> 3);
      boolean bytes = (tag & 7) == BYTES;
      if (bytes && (field == 6 || field == 11)) {
        graph(message(b), depth + 1);
      } else if (bytes && field == 5) {
        weight(message(b), false);
      } else {
        skip(b, tag);
      }
    }
  }

  private void weight(ByteBuffer b, boolean keep) throws IOException {
    ImmutableLongArray.Builder dims = ImmutableLongArray.builder();
    String name = "";
    long offset = 0;
    long length = 0;
    String location = "";
    while (b.hasRemaining()) {
      long tag = varint(b);
      int field = (int) (tag >>> 3);
      int wire = (int) (tag & 7);
      if (field == 1 && wire == VARINT) {
        dims.add(varint(b));
      } else if (field == 1 && wire == BYTES) {
        ByteBuffer packed = message(b);
        while (packed.hasRemaining()) {
          dims.add(varint(packed));
        }
      } else if (field == 8 && wire == BYTES) {
        name = string(b);
      } else if (field == 13 && wire == BYTES) {
        ByteBuffer entry = message(b);
        String key = "";
        String value = "";
        while (entry.hasRemaining()) {
          long entryTag = varint(entry);
          if (entryTag >>> 3 == 1 && (entryTag & 7) == BYTES) {
            key = string(entry);
          } else if (entryTag >>> 3 == 2 && (entryTag & 7) == BYTES) {
            value = string(entry);
          } else {
            skip(entry, entryTag);
          }
        }
        switch (key) {
          case "location" -> location = value;
          case "offset" -> offset = Long.parseLong(value);
          case "length" -> length = Long.parseLong(value);
          default -> {}
        }
      } else {
        skip(b, tag);
      }
    }
    if (!location.isEmpty()) {
      if (offset < 0 || length < 0) {
        throw new IOException("weight '" + name + "' lies at " + offset + ", length " + length);
      }
      externalFiles.add(location);
      externalBytes += length;
    }
    if (keep) {
      weights.add(new Weight(name, dims.build()));
    }
  }

  private static TensorInfo valueInfo(ByteBuffer b) throws IOException {
    String name = "";
    ElementType type = ElementType.UNDEFINED;
    ImmutableLongArray.Builder dims = ImmutableLongArray.builder();
    while (b.hasRemaining()) {
      long tag = varint(b);
      int field = (int) (tag >>> 3);
      if (field == 1 && (tag & 7) == BYTES) {
        name = string(b);
      } else if (field == 2 && (tag & 7) == BYTES) {
        ByteBuffer typeProto = message(b);
        while (typeProto.hasRemaining()) {
          long typeTag = varint(typeProto);
          if (typeTag >>> 3 == 1 && (typeTag & 7) == BYTES) {
            ByteBuffer tensor = message(typeProto);
            while (tensor.hasRemaining()) {
              long tensorTag = varint(tensor);
              if (tensorTag >>> 3 == 1 && (tensorTag & 7) == VARINT) {
                type = ElementType.of((int) varint(tensor));
              } else if (tensorTag >>> 3 == 2 && (tensorTag & 7) == BYTES) {
                shape(message(tensor), dims);
              } else {
                skip(tensor, tensorTag);
              }
            }
          } else {
            skip(typeProto, typeTag);
          }
        }
      } else {
        skip(b, tag);
      }
    }
    return new TensorInfo(name, type, dims.build());
  }

  private static void shape(ByteBuffer b, ImmutableLongArray.Builder dims) throws IOException {
    while (b.hasRemaining()) {
      long tag = varint(b);
      if (tag >>> 3 == 1 && (tag & 7) == BYTES) {
        ByteBuffer dim = message(b);
        long side = -1;
        while (dim.hasRemaining()) {
          long dimTag = varint(dim);
          if (dimTag >>> 3 == 1 && (dimTag & 7) == VARINT) {
            side = varint(dim);
          } else {
            skip(dim, dimTag);
          }
        }
        dims.add(side);
      } else {
        skip(b, tag);
      }
    }
  }

  private static long varint(ByteBuffer b) throws IOException {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (!b.hasRemaining()) {
        throw new IOException("is cut off at byte " + b.position() + " of a field");
      }
      byte part = b.get();
      value |= (long) (part & 0x7f) << shift;
      if (part >= 0) {
        return value;
      }
    }
    throw new IOException("is damaged: a number of more than 10 bytes");
  }

  private static ByteBuffer message(ByteBuffer b) throws IOException {
    long length = varint(b);
    if (length < 0 || length > b.remaining()) {
      throw new IOException(
          "is damaged or cut off: a field of "
              + length
              + " bytes where "
              + b.remaining()
              + " are left");
    }
    ByteBuffer part = b.slice(b.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
    b.position(b.position() + (int) length);
    return part;
  }

  private static String string(ByteBuffer b) throws IOException {
    return StandardCharsets.UTF_8.decode(message(b)).toString();
  }

  private static void skip(ByteBuffer b, long tag) throws IOException {
    switch ((int) (tag & 7)) {
      case VARINT -> varint(b);
      case FIXED64 -> advance(b, 8);
      case BYTES -> message(b);
      case FIXED32 -> advance(b, 4);
      default -> throw new IOException("is damaged or not an ONNX file: field type " + (tag & 7));
    }
  }

  private static void advance(ByteBuffer b, int count) throws IOException {
    if (b.remaining() < count) {
      throw new IOException("is cut off inside a number");
    }
    b.position(b.position() + count);
  }
}
