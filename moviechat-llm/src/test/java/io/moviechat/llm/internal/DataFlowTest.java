package io.moviechat.llm.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DataFlowTest {
  /** Two layers, each of whose keys are joined to what was read and then looked at. */
  private final byte[] first = node("Concat", List.of("past.0", "key.0"), List.of("present.0"));

  private final byte[] attention = node("MatMul", List.of("present.0"), List.of("hidden"));
  private final byte[] keys = node("Tanh", List.of("hidden"), List.of("key.1"));
  private final byte[] second = node("Concat", List.of("past.1", "key.1"), List.of("present.1"));

  @Test
  void whatTheNextLayerNeedsWasReadBefore() throws IOException {
    DataFlow flow = flow(first, attention, keys, second);
    assertThat(flow.isReadBefore("past.0", "present.1")).isTrue();
    assertThat(flow.isReadBefore("past.1", "present.0")).isFalse();
    // The node itself reads while it writes.
    assertThat(flow.isReadBefore("past.0", "present.0")).isFalse();
    assertThat(flow.isReadBefore("past.0", "no such output")).isFalse();
    assertThat(flow.isReadBefore("no such input", "present.1")).isFalse();
  }

  @Test
  void theOrderOfTheFileProvesNothing() throws IOException {
    byte[] free = node("Concat", List.of("past.1", "key"), List.of("present.1"));
    assertThat(flow(first, attention, free).isReadBefore("past.0", "present.1")).isFalse();
  }

  @Test
  void whoReadsItTwiceMustHaveDoneSoTwice() throws IOException {
    byte[] other = node("MatMul", List.of("past.0"), List.of("elsewhere"));
    DataFlow flow = flow(first, attention, keys, second, other);
    assertThat(flow.isReadBefore("past.0", "present.1")).isFalse();
  }

  @Test
  void lookingAtTheShapeReadsNothing() throws IOException {
    byte[] shape = node("Shape", List.of("past.0"), List.of("shape"));
    byte[] late = node("Gather", List.of("shape"), List.of("length"));
    DataFlow flow = flow(first, attention, keys, second, shape, late);
    assertThat(flow.isReadBefore("past.0", "present.1")).isTrue();
  }

  @Test
  void whatMayLieInItsMemoryIsReadLikeItself() throws IOException {
    byte[] view = node("Reshape", List.of("past.0", "shape"), List.of("view"));
    byte[] joined = node("Concat", List.of("view", "key.0"), List.of("present.0"));
    byte[] late = node("MatMul", List.of("view"), List.of("elsewhere"));
    assertThat(flow(view, joined, attention, keys, second).isReadBefore("past.0", "present.1"))
        .isTrue();
    assertThat(
            flow(view, joined, attention, keys, second, late).isReadBefore("past.0", "present.1"))
        .isFalse();
  }

  @Test
  void aBranchReadsWhatItsGraphReads() throws IOException {
    byte[] branch =
        join(
            node("If", List.of("condition"), List.of("chosen")),
            message(5, message(6, message(1, node("Abs", List.of("past.0"), List.of("a"))))));
    byte[] given =
        join(
            node("If", List.of("condition"), List.of("chosen")),
            message(5, message(6, message(12, message(1, "past.0")))));
    for (byte[] late : List.of(branch, given)) {
      DataFlow flow = flow(first, attention, keys, second, late);
      assertThat(flow.isReadBefore("past.0", "present.1")).isFalse();
    }
  }

  @Test
  void aFileOutOfOrderProvesNothing() throws IOException {
    DataFlow flow = flow(second, first, attention, keys);
    assertThat(flow.isReadBefore("past.0", "present.1")).isFalse();
  }

  private static DataFlow flow(byte[]... nodes) throws IOException {
    byte[] graph = new byte[0];
    for (byte[] node : nodes) {
      graph = join(graph, message(1, node));
    }
    OnnxHeader header = OnnxHeader.of(message(7, graph), "graph.onnx");
    return DataFlow.of(header, Set.of("past.0", "past.1"));
  }

  private static byte[] node(String operator, List<String> reads, List<String> writes) {
    byte[] node = message(4, operator);
    for (String read : reads) {
      node = join(node, message(1, read));
    }
    for (String written : writes) {
      node = join(node, message(2, written));
    }
    return node;
  }

  private static byte[] message(int field, String text) {
    return message(field, text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] message(int field, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(field << 3 | ProtoReader.BYTES);
    int rest = content.length;
    while (rest > 0x7f) {
      out.write((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    out.write(rest);
    out.writeBytes(content);
    return out.toByteArray();
  }

  private static byte[] join(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}
