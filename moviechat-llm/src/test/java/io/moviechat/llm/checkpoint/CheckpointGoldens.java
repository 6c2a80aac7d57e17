package io.moviechat.llm.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The tiny checkpoints with the original network's outputs (see README.md beside them). */
final class CheckpointGoldens {
  private static final JsonNode EXPECTED = read(file("expected.json"));

  private CheckpointGoldens() {}

  /** A file below the root, {@code -Dmoviechat.goldens.checkpoint=DIR} or the test resources. */
  static Path file(String name) {
    String root = System.getProperty("moviechat.goldens.checkpoint", "");
    if (!root.isEmpty()) {
      return Path.of(root).resolve(name);
    }
    try {
      return Path.of(CheckpointGoldens.class.getResource("/checkpoint-tiny").toURI()).resolve(name);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static JsonNode expected() {
    return EXPECTED;
  }

  static JsonNode read(Path file) {
    try {
      return new ObjectMapper().readTree(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A recorded array. */
  static float[] array(String name) {
    JsonNode description = EXPECTED.path("arrays").path(name);
    try {
      ByteBuffer bytes =
          ByteBuffer.wrap(Files.readAllBytes(file(description.path("file").asText())))
              .order(ByteOrder.LITTLE_ENDIAN);
      if (description.path("type").asText().equals("uint8")) {
        float[] values = new float[bytes.remaining()];
        for (int i = 0; i < values.length; i++) {
          values[i] = bytes.get(i) & 0xff;
        }
        return values;
      }
      float[] values = new float[bytes.remaining() / 4];
      bytes.asFloatBuffer().get(values);
      return values;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static long[] shape(String name) {
    return longs(EXPECTED.path("arrays").path(name).path("shape"));
  }

  static long[] longs(JsonNode array) {
    List<Long> values = new ArrayList<>();
    array.forEach(item -> values.add(item.asLong()));
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  /** The largest difference over the largest value of what was expected. */
  static double relativeError(float[] actual, float[] expected) {
    if (actual.length != expected.length) {
      throw new AssertionError(actual.length + " values, expected " + expected.length);
    }
    double largest = 0;
    double difference = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      double d = Math.abs((double) actual[i] - expected[i]);
      difference = d <= difference ? difference : d; // a NaN stays
    }
    return difference / largest;
  }
}
