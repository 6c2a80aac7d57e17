package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moviechat.ModelException;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What makes a speech bundle, and how others are refused. */
class SpeechBundleTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path temp;
  private Path bundle;

  @BeforeEach
  void copy() {
    bundle = TestData.copy(SpeechData.bundle(), temp.resolve("bundle"));
  }

  private void edit(String name, Consumer<ObjectNode> change) throws IOException {
    Path file = bundle.resolve(name);
    ObjectNode node = (ObjectNode) JSON.readTree(file.toFile());
    change.accept(node);
    Files.write(file, JSON.writeValueAsBytes(node));
  }

  private void renameToken(String content) throws IOException {
    edit(
        "tokenizer.json",
        node -> {
          for (JsonNode token : node.path("added_tokens")) {
            if (token.path("content").asText().equals(content)) {
              ((ObjectNode) token).put("content", "<|other|>");
            }
          }
        });
  }

  /** One exception, one line. */
  private void refused(String... parts) {
    assertThatThrownBy(() -> SpeechBundle.at(bundle).open().close())
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith("speech bundle " + bundle)
        .message()
        .doesNotContain("\n")
        .contains(parts);
  }

  @Test
  void opensAsTheHubLaysItOut() {
    try (SpeechRecognizer recognizer = SpeechBundle.at(bundle).open()) {
      assertThat(recognizer.name()).isEqualTo("bundle");
    }
  }

  @Test
  void opensFromPythonsCache() throws IOException {
    Path model = PythonLayout.of(bundle, temp.resolve("models--openai--whisper-tiny"));
    SpeechBundle cached = SpeechBundle.at(model);
    assertThat(cached.name()).isEqualTo("openai--whisper-tiny");
    try (SpeechRecognizer opened = cached.open()) {
      assertThat(opened.name()).contains("openai--whisper-tiny");
    }
  }

  @Test
  void aVisionBundleGivenAsSpeechAndTheReverse() {
    assertThatThrownBy(() -> SpeechBundle.at(TestData.smolVlm()).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("pictures and words")
        .hasMessageContaining("ModelBundle.at")
        .hasMessageNotContaining("\n");
    assertThatThrownBy(() -> ModelBundle.at(bundle).openEncoder())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("it is a speech model; open it with SpeechBundle.at")
        .hasMessageNotContaining("\n");
  }

  @Test
  void whatIsNoSpeechModelAtAll() throws IOException {
    edit("config.json", node -> node.put("model_type", "bert"));
    refused("model_type 'bert' is no speech model");
    assertThatThrownBy(() -> SpeechBundle.at(temp.resolve("nowhere")).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("does not exist; a speech bundle is a folder");
    assertThatThrownBy(() -> SpeechBundle.at(bundle.resolve("config.json")).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("is a file");
  }

  @Test
  void missingFilesAreNamedTogether() throws IOException {
    Files.delete(bundle.resolve("tokenizer.json"));
    Files.delete(bundle.resolve("onnx/encoder_model.onnx"));
    assertThatThrownBy(() -> SpeechBundle.at(bundle).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("tokenizer.json is missing")
        .hasMessageContaining("onnx/encoder_model*.onnx is missing");
  }

  @Test
  void aTokenizerWithoutTimestamps() throws IOException {
    edit(
        "tokenizer.json",
        node -> {
          ArrayNode added = (ArrayNode) node.path("added_tokens");
          for (int i = added.size() - 1; i >= 0; i--) {
            if (added.get(i).path("content").asText().matches("<\\|\\d.*")) {
              added.remove(i);
            }
          }
        });
    refused("tokenizer.json has no timestamps <|0.00|> to <|30.00|>");
  }

  @Test
  void aTokenizerWithHolesInItsTimes() throws IOException {
    renameToken("<|12.34|>");
    refused("no timestamps");
  }

  @Test
  void englishOnlyModels() throws IOException {
    edit("generation_config.json", node -> node.put("is_multilingual", false));
    refused("English-only model");
    Files.delete(bundle.resolve("generation_config.json"));
    renameToken("<|transcribe|>");
    refused("English-only model");
  }

  @Test
  void anotherTokenizersIds() throws IOException {
    edit(
        "tokenizer.json",
        node ->
            ((ArrayNode) node.path("added_tokens"))
                .addObject()
                .put("id", 5000)
                .put("content", "<|more|>")
                .put("special", true)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false));
    refused("scores 1891 tokens", "ids up to 5000");
  }

  @Test
  void filesOfTwoModels() throws IOException {
    JsonNode config = JSON.readTree(bundle.resolve("config.json").toFile());
    edit("config.json", node -> node.put("decoder_layers", 3));
    refused("2 layers", "decoder_layers 3");
    edit("config.json", node -> node.setAll((ObjectNode) config));
    edit("config.json", node -> node.put("decoder_attention_heads", 4));
    refused("[2] heads", "decoder_attention_heads 4");
    edit("config.json", node -> node.setAll((ObjectNode) config));
    edit("config.json", node -> node.put("vocab_size", 51865));
    refused("vocab_size 51865", "scores 1891");
    edit("config.json", node -> node.setAll((ObjectNode) config));
    edit("config.json", node -> node.put("d_model", 384));
    assertThatThrownBy(() -> SpeechBundle.at(bundle).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("d_model 384");
  }

  @Test
  void otherFeatures() throws IOException {
    edit("config.json", node -> node.put("num_mel_bins", 64));
    refused("num_mel_bins 64", "encoder takes 80");
    edit("config.json", node -> node.put("num_mel_bins", 80).put("max_source_positions", 750));
    refused("max_source_positions must be 1500");
  }

  @Test
  void anotherModelsDecoder() throws IOException {
    Path decoder = bundle.resolve("onnx/decoder_model_merged.onnx");
    Files.write(
        decoder,
        Files.readAllBytes(
            TestData.resource("ort-fp16-rmsnorm").resolve("decoder_model_merged_fp16.onnx")));
    assertThatThrownBy(() -> SpeechBundle.at(bundle).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("wants an input")
        .hasMessageContaining("encoder_hidden_states");
  }

  @Test
  void graphsThatAreCutOff() throws IOException {
    Path encoder = bundle.resolve("onnx/encoder_model.onnx");
    byte[] whole = Files.readAllBytes(encoder);
    for (int length : new int[] {0, 1, 100, whole.length / 2, whole.length - 1}) {
      Files.write(encoder, java.util.Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> SpeechBundle.at(bundle).open())
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("encoder_model");
    }
  }

  @Test
  void precisions() throws IOException {
    Path onnx = bundle.resolve("onnx");
    Files.copy(
        onnx.resolve("decoder_model_merged.onnx"), onnx.resolve("decoder_model_merged_q4.onnx"));
    Files.copy(onnx.resolve("encoder_model.onnx"), onnx.resolve("encoder_model_q4.onnx"));

    SpeechSpec auto = SpeechBundle.at(bundle).read();
    assertThat(auto.encoder().file().getFileName()).hasToString("encoder_model.onnx");
    assertThat(auto.decoder().file().getFileName()).hasToString("decoder_model_merged_q4.onnx");

    SpeechSpec asked = SpeechBundle.at(bundle).withPrecision(Precision.Q4).read();
    assertThat(asked.encoder().file().getFileName()).hasToString("encoder_model_q4.onnx");

    assertThatThrownBy(() -> SpeechBundle.at(bundle).withPrecision(Precision.FP16).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("onnx/encoder_model_fp16.onnx is missing");
  }

  @Test
  void theFilesThatAPrecisionNeeds() {
    Set<String> there =
        new TreeSet<>(
            List.of(
                "config.json",
                "tokenizer.json",
                "README.md",
                "generation_config.json",
                "onnx/encoder_model.onnx",
                "onnx/encoder_model.onnx_data",
                "onnx/encoder_model_q4.onnx",
                "onnx/decoder_model.onnx",
                "onnx/decoder_model_merged.onnx",
                "onnx/decoder_model_merged_q4.onnx"));

    assertThat(SpeechBundle.files(there, Precision.AUTO))
        .containsExactlyInAnyOrder(
            "config.json",
            "tokenizer.json",
            "README.md",
            "generation_config.json",
            "onnx/encoder_model.onnx",
            "onnx/encoder_model.onnx_data",
            "onnx/decoder_model_merged_q4.onnx");
    assertThat(SpeechBundle.files(there, Precision.Q4)).contains("onnx/encoder_model_q4.onnx");
    assertThatThrownBy(() -> SpeechBundle.files(there, Precision.Q8))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("encoder_model in Q8");
  }

  @Test
  void aLanguageThatTheModelDoesNotKnow() {
    try (SpeechRecognizer recognizer = SpeechBundle.at(bundle).open()) {
      SpeechOptions options = SpeechOptions.DEFAULT.withLanguage("tlh");
      assertThatThrownBy(
              () ->
                  recognizer.transcribe(
                      SpeechData.sound(16_000, Duration.ZERO, sample -> 0), options))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("knows no language 'tlh'")
          .hasMessageContaining("en");
    }
  }

  /** Each key is taken away, alone: the bundle is the same by a default, or the key is named. */
  @Test
  void everyKey() throws IOException {
    SpeechSpec whole = SpeechBundle.at(bundle).read();
    for (String name :
        List.of("config.json", "generation_config.json", "preprocessor_config.json")) {
      byte[] before = Files.readAllBytes(bundle.resolve(name));
      List<String> keys = new java.util.ArrayList<>();
      JSON.readTree(before).fieldNames().forEachRemaining(keys::add);
      for (String key : keys) {
        edit(name, node -> node.remove(key));
        String as = name + " without " + key;
        SpeechSpec spec = SpeechBundle.at(bundle).read();
        assertThat(spec.own()).as(as).isEqualTo(whole.own());
        assertThat(spec.bands()).as(as).isEqualTo(whole.bands());
        assertThat(spec.width()).as(as).isEqualTo(whole.width());
        assertThat(spec.positions()).as(as).isEqualTo(whole.positions());
        if (!key.contains("suppress")) {
          assertThat(spec.tokens()).as(as).isEqualTo(whole.tokens());
        }
        Files.write(bundle.resolve(name), before);
      }
    }
    Files.delete(bundle.resolve("generation_config.json"));
    Files.delete(bundle.resolve("preprocessor_config.json"));
    SpeechSpec least = SpeechBundle.at(bundle).read();
    assertThat(least.tokens().languages()).isEqualTo(whole.tokens().languages());
    assertThat(least.tokens().firstSuppressed()).isEmpty();
    assertThat(least.tokens().suppressed().asList())
        .as("what leads the model is never written")
        .contains(whole.tokens().start(), whole.tokens().transcribe(), whole.tokens().noSpeech());
    try (SpeechRecognizer opened = SpeechBundle.at(bundle).open()) {
      assertThat(opened.name()).isNotBlank();
    }
  }
}
