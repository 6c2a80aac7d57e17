package io.moviechat.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileGoldenTest {
  @ParameterizedTest
  @ValueSource(strings = {"torch-format/odd.pth", "torch-format/odd-legacy.pth"})
  void readsEveryViewAndTypeOfBothLayouts(String file) {
    JsonNode expected = CheckpointGoldens.read(CheckpointGoldens.file("torch-format/odd.json"));
    try (Checkpoint checkpoint = Checkpoint.open(CheckpointGoldens.file(file))) {
      assertThat(expected.path("tensors")).isNotEmpty();
      for (Map.Entry<String, JsonNode> entry : expected.path("tensors").properties()) {
        Tensor tensor = checkpoint.get(entry.getKey());
        JsonNode values = entry.getValue().path("values");
        assertThat(tensor.type().toString()).isEqualTo(entry.getValue().path("dtype").asText());
        assertThat(tensor.shape().stream().mapToLong(Long::longValue).toArray())
            .as(entry.getKey())
            .isEqualTo(CheckpointGoldens.longs(entry.getValue().path("shape")));
        float[] actual = tensor.values();
        assertThat(actual).hasSize(values.size());
        for (int i = 0; i < actual.length; i++) {
          assertThat(actual[i])
              .as("%s[%d]", entry.getKey(), i)
              .isEqualTo((float) values.get(i).asDouble());
        }
        // Any part can be read, not only the whole.
        for (int first = 0; first < actual.length; first++) {
          float[] one = new float[1];
          tensor.read(first, one, 0, 1);
          assertThat(one[0]).isEqualTo(actual[first]);
        }
      }
    }
  }

  @Test
  void readsABareOrderedDictionary() {
    try (Checkpoint checkpoint =
        Checkpoint.open(CheckpointGoldens.file("torch-format/ordered.pth"))) {
      assertThat(checkpoint.names()).isNotEmpty();
      checkpoint.names().forEach(name -> assertThat(checkpoint.get(name).values()).isNotNull());
    }
  }

  @Test
  void vicunaIsBasePlusDeltaToTheBit() {
    try (Checkpoint base = Checkpoint.open(CheckpointGoldens.file("llama-base"));
        Checkpoint delta = Checkpoint.open(CheckpointGoldens.file("vicuna-delta"));
        Checkpoint vicuna = Checkpoint.open(CheckpointGoldens.file("vicuna"));
        Checkpoint sum = DeltaTensors.apply(base, delta)) {
      assertThat(sum.names()).containsExactlyInAnyOrderElementsOf(vicuna.names());
      for (String name : vicuna.names()) {
        assertThat(sum.get(name).shape()).isEqualTo(vicuna.get(name).shape());
        assertThat(sum.get(name).values()).as(name).isEqualTo(vicuna.get(name).values());
      }
    }
  }
}
