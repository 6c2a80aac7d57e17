package io.moviechat.llm.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.llm.TestData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DetachedModelTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"embed_tokens.onnx", "decoder_model_merged_fp16.onnx"})
  void declaresWhatTheFileDeclaresAndSaysWhereLargeWeightsLie(String name) throws IOException {
    Path file = TestData.oneVision().resolve("onnx").resolve(name);
    byte[] detached = DetachedModel.of(file).orElseThrow();
    OnnxHeader before = OnnxHeader.read(file);
    OnnxHeader after = OnnxHeader.read(Files.write(folder.resolve("detached.onnx"), detached));

    assertThat(after.weights()).isEqualTo(before.weights());
    assertThat(after.inputs()).isEqualTo(before.inputs());
    assertThat(after.outputs()).isEqualTo(before.outputs());
    assertThat(after.operators()).isEqualTo(before.operators());
    assertThat(after.externalFiles()).containsExactly(name);
    long entries = 200L * before.weights().size();
    assertThat(detached.length + after.externalBytes())
        .isBetween(Files.size(file) - entries, Files.size(file) + entries);
  }

  @Test
  void aWeightIsWhereItSays() throws IOException {
    Path file = folder.resolve("weight.onnx");
    byte[] data = new byte[70_001];
    Arrays.fill(data, (byte) 7);
    byte[] weight = message(9, data);
    byte[] graph = message(5, weight);
    Files.write(file, message(7, graph));

    byte[] detached = DetachedModel.of(file).orElseThrow();

    int offset = (int) (Files.size(file) - data.length);
    assertThat(new String(detached, java.nio.charset.StandardCharsets.ISO_8859_1))
        .contains("location", "weight.onnx", "offset", "" + offset, "length", "70001");
    assertThat(detached.length).isLessThan(200);
    assertThat(Arrays.copyOfRange(Files.readAllBytes(file), offset, offset + data.length))
        .isEqualTo(data);
  }

  @Test
  void smallWeightsStay() throws IOException {
    Path file =
        Files.write(
            folder.resolve("small.onnx"), message(7, message(5, message(9, new byte[1000]))));
    assertThat(DetachedModel.of(file)).hasValue(Files.readAllBytes(file));
  }

  @Test
  void isEmptyWhereTooMuchLiesBesideTheWeights() throws IOException {
    Path file = folder.resolve("talkative.onnx");
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      int length = 65 << 20;
      byte[] field = message(6, new byte[length]);
      channel.write(ByteBuffer.wrap(field, 0, 16)); // what follows is a hole in the file
      channel.write(ByteBuffer.allocate(1), field.length - 1);
    }
    assertThat(DetachedModel.of(file)).isEmpty();
  }

  @Test
  void aFileThatIsCutOffIsRefused() throws IOException {
    byte[] whole = message(7, message(5, message(9, new byte[70_000])));
    for (int length : new int[] {1, 3, 8, 12, 40_000}) {
      Path file = Files.write(folder.resolve("cut.onnx"), Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> DetachedModel.of(file))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cut off");
    }
  }

  @Test
  void matricesOf8BitsAreComputedWith8BitActivations() throws IOException {
    byte[] before = message(1, node(8, -1));
    byte[] after = DetachedModel.of(file(before)).orElseThrow();
    assertThat(after).isEqualTo(message(7, message(1, node(8, 4))));
    // What the exporter said stays, and 4 bits are fast as they are.
    for (byte[] node : List.of(node(8, 1), node(4, -1))) {
      assertThat(DetachedModel.of(file(message(1, node)))).hasValue(message(7, message(1, node)));
    }
  }

  private Path file(byte[] graph) throws IOException {
    return Files.write(folder.resolve("nodes.onnx"), message(7, graph));
  }

  /** A MatMulNBits; a negative accuracy is not written. */
  private static byte[] node(int bits, int accuracy) throws IOException {
    ByteArrayOutputStream node = new ByteArrayOutputStream();
    node.write(message(1, new byte[] {'x'}));
    node.write(message(4, "MatMulNBits".getBytes(StandardCharsets.UTF_8)));
    node.write(message(5, attribute("bits", bits)));
    if (accuracy >= 0) {
      node.write(message(5, attribute("accuracy_level", accuracy)));
    }
    return node.toByteArray();
  }

  private static byte[] attribute(String name, int number) throws IOException {
    ByteArrayOutputStream attribute = new ByteArrayOutputStream();
    attribute.write(message(1, name.getBytes(StandardCharsets.UTF_8)));
    attribute.write(new byte[] {3 << 3, (byte) number, (byte) 0xa0, 1, 2}); // i, and type INT
    return attribute.toByteArray();
  }

  private static byte[] message(int field, byte[] content) {
    ByteBuffer bytes = ByteBuffer.allocate(content.length + 10);
    bytes.put((byte) ((field << 3) | 2));
    for (int rest = content.length; ; rest >>>= 7) {
      if (rest < 0x80) {
        bytes.put((byte) rest);
        break;
      }
      bytes.put((byte) ((rest & 0x7f) | 0x80));
    }
    bytes.put(content);
    return Arrays.copyOf(bytes.array(), bytes.position());
  }
}
