package io.moviechat.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SentencePieceModelGoldenTest {
  private static HuggingFaceTokenizer open() throws Exception {
    byte[] json =
        SentencePieceModel.read(CheckpointGoldens.file("vicuna/tokenizer.model")).toTokenizerJson();
    return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), Map.of());
  }

  @Test
  void encodesAndDecodesAsSentencePieceDoes() throws Exception {
    try (HuggingFaceTokenizer tokenizer = open()) {
      assertThat(CheckpointGoldens.expected().path("tokenizer")).isNotEmpty();
      for (JsonNode item : CheckpointGoldens.expected().path("tokenizer")) {
        String text = item.path("text").asText();
        long[] ids = CheckpointGoldens.longs(item.path("ids"));
        if (!text.contains("<s>")) {
          assertThat(tokenizer.encode(text, false, false).getIds()).as(text).isEqualTo(ids);
        }
        assertThat(tokenizer.decode(ids, true)).isEqualTo(item.path("decoded").asText());
      }
    }
  }

  @Test
  void encodesThePrompt() throws Exception {
    JsonNode prompt = CheckpointGoldens.expected().path("prompt");
    try (HuggingFaceTokenizer tokenizer = open()) {
      assertThat(tokenizer.encode(prompt.path("before").asText(), true, false).getIds())
          .isEqualTo(CheckpointGoldens.longs(prompt.path("before_ids")));
      assertThat(tokenizer.encode(prompt.path("after").asText(), false, false).getIds())
          .isEqualTo(CheckpointGoldens.longs(prompt.path("after_ids")));
      JsonNode greedy = CheckpointGoldens.expected().path("greedy");
      assertThat(tokenizer.decode(CheckpointGoldens.longs(greedy.path("ids")), true))
          .isEqualTo(greedy.path("text").asText());
    }
  }
}
