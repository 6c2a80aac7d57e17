package io.moviechat.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.ModelException;
import io.moviechat.internal.HalfFloats;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {
  private static final String HEADER =
      "{\"__metadata__\":{\"format\":\"pt\"},"
          + "\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]},"
          + "\"b\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[16,22]},"
          + "\"c\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[22,24]}}";

  @TempDir private Path folder;

  static byte[] file() {
    return file(HEADER);
  }

  private static byte[] file(String header) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer values = ByteBuffer.allocate(8 + json.length + 24).order(ByteOrder.LITTLE_ENDIAN);
    values.putLong(json.length).put(json);
    for (float value : new float[] {1, 2, 3, -4}) {
      values.putFloat(value);
    }
    for (float value : new float[] {0.5f, -2, 65504}) {
      values.putShort(HalfFloats.fromFloat(value));
    }
    values.putShort(Halves.toBfloat16(3));
    return values.array();
  }

  /** Writes tensors in float16. */
  static void writeHalves(Path file, Map<String, List<Long>> shapes, Map<String, float[]> tensors)
      throws IOException {
    StringBuilder header = new StringBuilder("{");
    ByteArrayOutputStream values = new ByteArrayOutputStream();
    for (Map.Entry<String, float[]> tensor : tensors.entrySet()) {
      int begin = values.size();
      ByteBuffer halves =
          ByteBuffer.allocate(2 * tensor.getValue().length).order(ByteOrder.LITTLE_ENDIAN);
      for (float value : tensor.getValue()) {
        halves.putShort(HalfFloats.fromFloat(value));
      }
      values.writeBytes(halves.array());
      header.append(header.length() > 1 ? "," : "");
      header.append(
          "\"%s\":{\"dtype\":\"F16\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
              .formatted(tensor.getKey(), shapes.get(tensor.getKey()), begin, values.size()));
    }
    byte[] json = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer all =
        ByteBuffer.allocate(8 + json.length + values.size()).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(file, all.putLong(json.length).put(json).put(values.toByteArray()).array());
  }

  private Checkpoint open(byte[] bytes) throws IOException {
    Path file = folder.resolve("model.safetensors");
    Files.write(file, bytes);
    return Checkpoint.open(file);
  }

  @Test
  void readsAllFloats() throws IOException {
    try (Checkpoint checkpoint = open(file())) {
      assertThat(checkpoint.get("a").values()).containsExactly(1, 2, 3, -4);
      assertThat(checkpoint.get("a").shape()).containsExactly(2L, 2L);
      assertThat(checkpoint.get("b").values()).containsExactly(0.5f, -2, 65504);
      assertThat(checkpoint.get("c").values()).containsExactly(3);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,16]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[16,32]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2,-2],\"data_offsets\":[0,16]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,16]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,16]}}",
        "{\"a\":{\"dtype\":\"Q3\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":3}",
        "{}",
        "{\"a\""
      })
  void refusesHeadersThatCannotBe(String header) {
    assertThatThrownBy(() -> open(file(header)))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("model.safetensors");
  }

  @Test
  void readsShardsOfAFolder() throws IOException {
    Files.write(folder.resolve("one.safetensors"), file());
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"a\":\"one.safetensors\",\"c\":\"one.safetensors\"}}");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.names()).containsExactlyInAnyOrder("a", "c");
    }
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"d\":\"one.safetensors\"}}");
    assertThatThrownBy(() -> Checkpoint.open(folder)).hasMessageContaining("has no tensor d");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../one.safetensors", "/etc/passwd", "..", "a/b", ""})
  void shardsStayInTheirFolder(String shard) throws IOException {
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"a\":\"" + shard + "\"}}");
    assertThatThrownBy(() -> Checkpoint.open(folder))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("no plain file name");
  }

  @Test
  void whatIsNoCheckpointIsRefused() {
    for (byte[] bytes :
        List.of(
            new byte[0],
            new byte[1],
            "hello world, how are you".getBytes(StandardCharsets.UTF_8))) {
      assertThatThrownBy(() -> open(bytes)).isInstanceOf(ModelException.class);
    }
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    pickle.writeBytes(new byte[] {(byte) 0x80, 2, 'N', '.', 0, 0, 0, 0, 0, 0});
    assertThatThrownBy(() -> open(pickle.toByteArray()))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("no PyTorch checkpoint");
  }
}
