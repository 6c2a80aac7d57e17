package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * Writes graphs. Small ones hold their weights; those of large ones are streamed one by one into a
 * second file, {@code NAME.onnx_data}, each at a multiple of 4096 bytes so that it can be
 * memory-mapped.
 */
final class OnnxFile {
  /** Weights of more bytes than this in sum go into a file of their own. */
  static final long INLINE_BYTES = 16L << 20;

  private static final int ALIGNMENT = 4096;
  private static final int SMALL = 1024;

  private OnnxFile() {}

  /** How many bytes {@link #write} will write, to a few kilobytes for each layer. */
  static long predictedBytes(OnnxGraph graph) {
    long external =
        graph.weights().values().stream()
            .mapToLong(Weight::bytes)
            .map(bytes -> bytes <= SMALL ? bytes : aligned(bytes))
            .sum();
    return (graph.weightBytes() > INLINE_BYTES ? external : graph.weightBytes())
        + graphBytes(graph);
  }

  private static long graphBytes(OnnxGraph graph) {
    return graph.graph().build().getSerializedSize() + 256L * graph.weights().size();
  }

  /** Writes a graph with its weights beside it if they are many. */
  static void write(OnnxGraph graph, Path file) throws IOException {
    write(graph, file, INLINE_BYTES);
  }

  static void write(OnnxGraph graph, Path file, long inlineBytes) throws IOException {
    boolean external = graph.weightBytes() > inlineBytes;
    if (external) {
      writeData(graph, data(file));
    }
    writeModel(graph, file, external);
  }

  /** Where the weights of a graph go. */
  static Path data(Path file) {
    return file.resolveSibling(file.getFileName() + "_data");
  }

  /**
   * Writes a graph and its small weights.
   *
   * @param external whether the large weights are in {@link #data}
   * @return the bytes that {@link #data} must have
   */
  static long writeModel(OnnxGraph graph, Path file, boolean external) throws IOException {
    GraphProto.Builder complete = graph.graph().clone();
    long offset = 0;
    for (Map.Entry<String, Weight> entry : graph.weights().entrySet()) {
      Weight weight = entry.getValue();
      TensorProto.Builder tensor =
          TensorProto.newBuilder()
              .setName(entry.getKey())
              .setDataType(weight.type().getNumber())
              .addAllDims(weight.shape());
      if (external && weight.bytes() > SMALL) {
        tensor
            .setDataLocation(TensorProto.DataLocation.EXTERNAL)
            .addExternalData(pair("location", data(file).getFileName().toString()))
            .addExternalData(pair("offset", Long.toString(offset)))
            .addExternalData(pair("length", Long.toString(weight.bytes())));
        offset += aligned(weight.bytes());
      } else {
        tensor.setRawData(bytes(entry.getKey(), weight));
      }
      complete.addInitializer(tensor);
    }
    ModelProto model = OnnxGraph.model(complete).build();
    try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW)) {
      model.writeTo(out);
    }
    return offset;
  }

  private static void writeData(OnnxGraph graph, Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      WeightSink sink = new WeightSink(channel);
      for (Map.Entry<String, Weight> entry : graph.weights().entrySet()) {
        if (entry.getValue().bytes() > SMALL) {
          sink.align(ALIGNMENT);
          write(entry.getKey(), entry.getValue(), sink);
        }
      }
      sink.flush();
      channel.force(true);
    }
  }

  private static void write(String name, Weight weight, WeightSink sink) throws IOException {
    long before = sink.written();
    sink.begin(name);
    weight.content().writeTo(sink);
    if (sink.written() - before != weight.bytes()) {
      throw new IllegalStateException(
          "weight %s has %d bytes but %d were written"
              .formatted(name, weight.bytes(), sink.written() - before));
    }
  }

  private static ByteString bytes(String name, Weight weight) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream(Math.toIntExact(weight.bytes()));
    WeightSink sink = new WeightSink(Channels.newChannel(out));
    write(name, weight, sink);
    sink.flush();
    return UnsafeByteOperations.unsafeWrap(out.toByteArray());
  }

  private static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private static StringStringEntryProto pair(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }
}
