package io.moviechat.llm.internal;

import static io.moviechat.llm.internal.ProtoReader.BYTES;
import static io.moviechat.llm.internal.ProtoReader.VARINT;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.ImmutableLongArray;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an ONNX file declares: inputs, outputs, the shapes of its weights and where they lie. Read
 * without loading the weights, so that a whole bundle is checked before anything large happens.
 *
 * <p>Reads the few fields that it needs of ONNX's protobuf schema (onnx.proto) and skips the rest;
 * a length that leaves its enclosing field is a damaged file.
 */
public final class OnnxHeader {
  private static final int DEEPEST = 32;
  private static final int LONGEST_METADATA = 1 << 20;

  /**
   * A weight.
   *
   * @param name its name
   * @param dims its sides
   */
  public record Weight(String name, ImmutableLongArray dims) {}

  private final Path file;
  private final List<TensorInfo> inputs = new ArrayList<>();
  private final List<TensorInfo> outputs = new ArrayList<>();
  private final List<Weight> weights = new ArrayList<>();
  private final Set<String> externalFiles = new LinkedHashSet<>();
  private final Set<String> operators = new LinkedHashSet<>();
  private final Set<String> lookups = new LinkedHashSet<>();
  private final Map<String, String> metadata = new HashMap<>();
  private long externalBytes;
  private byte @Nullable [] content;

  private OnnxHeader(Path file) {
    this.file = file;
  }

  /**
   * Reads a file's declarations.
   *
   * @throws IOException if it cannot be read, is damaged, or is no ONNX file; the message does not
   *     name the file
   */
  public static OnnxHeader read(Path file) throws IOException {
    OnnxHeader header = new OnnxHeader(file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size > Integer.MAX_VALUE) {
        throw new IOException(
            "has " + size + " bytes; an ONNX file ends at 2 GiB, larger weights lie beside it");
      }
      boolean graphSeen = header.model(ProtoReader.over(channel));
      if (!graphSeen) {
        throw new IOException("holds no ONNX graph (" + size + " bytes)");
      }
    } catch (IllegalArgumentException e) {
      throw new IOException("is damaged or not an ONNX file: " + e.getMessage(), e);
    }
    return header;
  }

  /**
   * Reads the declarations of a file that is in memory, with all of its weights.
   *
   * @param name for messages
   * @throws IOException if it is damaged or no ONNX file
   */
  public static OnnxHeader of(byte[] content, String name) throws IOException {
    OnnxHeader header = new OnnxHeader(Path.of(name));
    header.content = content;
    if (!header.model(ProtoReader.over(content))) {
      throw new IOException("holds no ONNX graph");
    }
    return header;
  }

  public Path file() {
    return file;
  }

  /** The whole file, if it is in memory. */
  Optional<byte[]> content() {
    return Optional.ofNullable(content);
  }

  /** Inputs that must be fed: those that no weight stands for. */
  public ImmutableList<TensorInfo> inputs() {
    return ImmutableList.copyOf(inputs);
  }

  public ImmutableList<TensorInfo> outputs() {
    return ImmutableList.copyOf(outputs);
  }

  public Optional<TensorInfo> input(String name) {
    return inputs.stream().filter(info -> info.name().equals(name)).findFirst();
  }

  public Optional<TensorInfo> output(String name) {
    return outputs.stream().filter(info -> info.name().equals(name)).findFirst();
  }

  /** Weights of the outer graph. */
  public ImmutableList<Weight> weights() {
    return ImmutableList.copyOf(weights);
  }

  /** Locations of external data as the file gives them, unchecked. */
  public Set<String> externalFiles() {
    return externalFiles;
  }

  /** Bytes of external data that the graph needs at least, all files together. */
  public long externalBytes() {
    return externalBytes;
  }

  /** What the file's maker wrote into it, by key; texts above a mebibyte are left out. */
  public ImmutableMap<String, String> metadata() {
    return ImmutableMap.copyOf(metadata);
  }

  /** Kinds of operators in the graph. */
  public Set<String> operators() {
    return operators;
  }

  /** Names of what rows are looked up in (the first inputs of Gather and its like). */
  public Set<String> lookups() {
    return lookups;
  }

  // ---- protobuf ----

  private boolean model(ProtoReader b) throws IOException {
    boolean graph = false;
    while (b.hasRemaining()) {
      long tag = b.varint();
      if (tag >>> 3 == 7 && (tag & 7) == BYTES) {
        graph(b.message(), 0);
        graph = true;
      } else if (tag >>> 3 == 14 && (tag & 7) == BYTES) {
        ProtoReader message = b.message();
        if (message.remaining() <= LONGEST_METADATA) {
          Entry entry = entry(message);
          metadata.put(entry.key(), entry.value());
        }
      } else {
        b.skip(tag);
      }
    }
    return graph;
  }

  private void graph(ProtoReader b, int depth) throws IOException {
    if (depth > DEEPEST) {
      throw new IOException("nests graphs more than " + DEEPEST + " deep");
    }
    List<TensorInfo> declared = new ArrayList<>();
    while (b.hasRemaining()) {
      long tag = b.varint();
      int field = (int) (tag >>> 3);
      if ((tag & 7) != BYTES) {
        b.skip(tag);
        continue;
      }
      switch (field) {
        case 1 -> node(b.message(), depth);
        case 5 -> weight(b.message(), depth == 0);
        case 11 -> declared.add(valueInfo(b.message()));
        case 12 -> {
          TensorInfo info = valueInfo(b.message());
          if (depth == 0) {
            outputs.add(info);
          }
        }
        default -> b.skip(tag);
      }
    }
    if (depth == 0) {
      // Files of old versions list weights among the inputs too.
      Set<String> weightNames = new LinkedHashSet<>();
      weights.forEach(weight -> weightNames.add(weight.name()));
      declared.stream().filter(info -> !weightNames.contains(info.name())).forEach(inputs::add);
    }
  }

  private void node(ProtoReader b, int depth) throws IOException {
    String operator = "";
    String first = "";
    while (b.hasRemaining()) {
      long tag = b.varint();
      int field = (int) (tag >>> 3);
      boolean bytes = (tag & 7) == BYTES;
      if (field == 1 && bytes && first.isEmpty()) {
        first = b.string();
      } else if (field == 4 && bytes) {
        operator = b.string();
        operators.add(operator);
      } else if (field == 5 && bytes) {
        attribute(b.message(), depth);
      } else {
        b.skip(tag);
      }
    }
    if (operator.startsWith("Gather")) {
      lookups.add(first);
    }
  }

  private void attribute(ProtoReader b, int depth) throws IOException {
    while (b.hasRemaining()) {
      long tag = b.varint();
      int field = (int) (tag >>> 3);
      boolean bytes = (tag & 7) == BYTES;
      if (bytes && (field == 6 || field == 11)) {
        graph(b.message(), depth + 1);
      } else if (bytes && field == 5) {
        weight(b.message(), false);
      } else {
        b.skip(tag);
      }
    }
  }

  private void weight(ProtoReader b, boolean keep) throws IOException {
    ImmutableLongArray.Builder dims = ImmutableLongArray.builder();
    String name = "";
    long offset = 0;
    long length = 0;
    String location = "";
    while (b.hasRemaining()) {
      long tag = b.varint();
      int field = (int) (tag >>> 3);
      int wire = (int) (tag & 7);
      if (field == 1 && wire == VARINT) {
        dims.add(b.varint());
      } else if (field == 1 && wire == BYTES) {
        ProtoReader packed = b.message();
        while (packed.hasRemaining()) {
          dims.add(packed.varint());
        }
      } else if (field == 8 && wire == BYTES) {
        name = b.string();
      } else if (field == 13 && wire == BYTES) {
        Entry entry = entry(b.message());
        switch (entry.key()) {
          case "location" -> location = entry.value();
          case "offset" -> offset = Long.parseLong(entry.value());
          case "length" -> length = Long.parseLong(entry.value());
          default -> {}
        }
      } else {
        b.skip(tag);
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

  /** An entry of a map of texts. */
  private record Entry(String key, String value) {}

  private static Entry entry(ProtoReader b) throws IOException {
    String key = "";
    String value = "";
    while (b.hasRemaining()) {
      long tag = b.varint();
      if (tag >>> 3 == 1 && (tag & 7) == BYTES) {
        key = b.string();
      } else if (tag >>> 3 == 2 && (tag & 7) == BYTES) {
        value = b.string();
      } else {
        b.skip(tag);
      }
    }
    return new Entry(key, value);
  }

  private static TensorInfo valueInfo(ProtoReader b) throws IOException {
    String name = "";
    ElementType type = ElementType.UNDEFINED;
    ImmutableLongArray.Builder dims = ImmutableLongArray.builder();
    while (b.hasRemaining()) {
      long tag = b.varint();
      int field = (int) (tag >>> 3);
      if (field == 1 && (tag & 7) == BYTES) {
        name = b.string();
      } else if (field == 2 && (tag & 7) == BYTES) {
        ProtoReader typeProto = b.message();
        while (typeProto.hasRemaining()) {
          long typeTag = typeProto.varint();
          if (typeTag >>> 3 == 1 && (typeTag & 7) == BYTES) {
            ProtoReader tensor = typeProto.message();
            while (tensor.hasRemaining()) {
              long tensorTag = tensor.varint();
              if (tensorTag >>> 3 == 1 && (tensorTag & 7) == VARINT) {
                type = ElementType.of((int) tensor.varint());
              } else if (tensorTag >>> 3 == 2 && (tensorTag & 7) == BYTES) {
                shape(tensor.message(), dims);
              } else {
                tensor.skip(tensorTag);
              }
            }
          } else {
            typeProto.skip(typeTag);
          }
        }
      } else {
        b.skip(tag);
      }
    }
    return new TensorInfo(name, type, dims.build());
  }

  private static void shape(ProtoReader b, ImmutableLongArray.Builder dims) throws IOException {
    while (b.hasRemaining()) {
      long tag = b.varint();
      if (tag >>> 3 == 1 && (tag & 7) == BYTES) {
        ProtoReader dim = b.message();
        long side = -1;
        while (dim.hasRemaining()) {
          long dimTag = dim.varint();
          if (dimTag >>> 3 == 1 && (dimTag & 7) == VARINT) {
            side = dim.varint();
          } else {
            dim.skip(dimTag);
          }
        }
        dims.add(side);
      } else {
        b.skip(tag);
      }
    }
  }
}
