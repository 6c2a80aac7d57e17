package io.moviechat.llm.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moviechat.ModelException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Safetensors: the length of a JSON header, the header, then the values. */
final class SafetensorsFile {
  // The format's own limit.
  private static final long MAX_HEADER_BYTES = 100_000_000;
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY);

  private SafetensorsFile() {}

  static Checkpoint open(Path path) throws IOException {
    FileChannel channel = FileChannel.open(path);
    try {
      Map<String, Tensor> tensors = read(path, channel);
      return new Checkpoint(path.getFileName().toString(), tensors, channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static Map<String, Tensor> read(Path path, FileChannel channel) throws IOException {
    FileCursor cursor = new FileCursor(channel, path.toString(), 0, channel.size());
    long length = cursor.i64();
    if (length < 2 || length > MAX_HEADER_BYTES || length > channel.size() - 8) {
      throw new ModelException(
          "%s says that its header has %d bytes; the file has %d and %d is the limit"
              .formatted(path, length, channel.size(), MAX_HEADER_BYTES));
    }
    JsonNode header;
    try {
      header = JSON.readTree(cursor.bytes(length));
    } catch (JsonProcessingException e) {
      throw new ModelException(
          path + " has a header that is no JSON: " + e.getOriginalMessage(), e);
    }
    long start = 8 + length;
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : header.properties()) {
      if (!field.getKey().equals("__metadata__")) {
        tensors.put(field.getKey(), tensor(path, channel, start, field.getKey(), field.getValue()));
      }
    }
    if (tensors.isEmpty()) {
      throw new ModelException(path + " holds no tensors");
    }
    return tensors;
  }

  private static Tensor tensor(
      Path path, FileChannel channel, long start, String name, JsonNode node) throws IOException {
    String shown = path + ": tensor " + Unpickler.printable(name);
    ElementType type =
        ElementType.ofSafetensors(node.path("dtype").asText())
            .orElseThrow(
                () ->
                    new ModelException(
                        shown + " has type " + Unpickler.printable(node.path("dtype").asText())));
    List<Long> shape = longs(shown, node.path("shape"));
    List<Long> offsets = longs(shown, node.path("data_offsets"));
    long count = 1;
    try {
      for (long size : shape) {
        count = Math.multiplyExact(count, size);
      }
      Math.multiplyExact(count, type.bytes());
    } catch (ArithmeticException e) {
      throw new ModelException(shown + " has shape " + shape, e);
    }
    if (offsets.size() != 2
        || offsets.get(1) > channel.size() - start
        || offsets.get(1) - offsets.get(0) != count * type.bytes()) {
      throw new ModelException(
          "%s has shape %s of %s and lies at %s, but the file holds %d bytes of values"
              .formatted(shown, shape, type, offsets, channel.size() - start));
    }
    List<Long> strides = new ArrayList<>(shape);
    long stride = 1;
    for (int d = shape.size() - 1; d >= 0; d--) {
      strides.set(d, stride);
      stride *= shape.get(d);
    }
    return new StridedTensor(
        new MappedStorage(channel, type, count, start + offsets.get(0)), 0, shape, strides);
  }

  private static List<Long> longs(String shown, JsonNode array) {
    List<Long> result = new ArrayList<>();
    for (JsonNode item : array) {
      if (!item.canConvertToLong() || !item.isIntegralNumber() || item.asLong() < 0) {
        throw new ModelException(shown + " has a size or offset that is no whole number");
      }
      result.add(item.asLong());
    }
    if (!array.isArray() || result.size() > 16) {
      throw new ModelException(shown + " has no list of sizes or offsets");
    }
    return result;
  }
}
