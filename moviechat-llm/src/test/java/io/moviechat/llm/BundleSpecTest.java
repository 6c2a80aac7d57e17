package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moviechat.ModelException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.OnnxHeader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bundles that are wrong somewhere: one message names the thing, and nothing stays open. */
class BundleSpecTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path temp;
  private Path smol;
  private Path oneVision;
  private List<String> ownersBefore;

  @BeforeEach
  void copy() {
    ownersBefore = NativeOwner.openOwners();
    smol = TestData.copy(TestData.smolVlm(), temp.resolve("smol"));
    oneVision = TestData.copy(TestData.oneVision(), temp.resolve("onevision"));
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEqualTo(ownersBefore);
  }

  private static void refused(Path folder, String... parts) {
    ModelBundle bundle = ModelBundle.at(folder);
    assertThatThrownBy(bundle::openEncoder)
        .isInstanceOf(ModelException.class)
        .message()
        .contains(parts);
    assertThatThrownBy(bundle::openGenerator)
        .isInstanceOf(ModelException.class)
        .message()
        .contains(parts);
  }

  private static void edit(Path file, Consumer<ObjectNode> change) throws IOException {
    ObjectNode node = (ObjectNode) JSON.readTree(file.toFile());
    change.accept(node);
    JSON.writeValue(file.toFile(), node);
  }

  @Test
  void aMissingFolder() {
    refused(temp.resolve("nowhere"), "nowhere does not exist", "config.json");
  }

  @Test
  void aFileInsteadOfAFolder() {
    refused(smol.resolve("config.json"), "config.json is a file");
  }

  @Test
  void anEmptyFolderListsEverythingThatIsMissing() throws IOException {
    Path empty = Files.createDirectory(temp.resolve("empty"));
    refused(
        empty,
        "config.json is missing",
        "preprocessor_config.json is missing",
        "tokenizer.json is missing",
        "onnx/vision_encoder*.onnx is missing",
        "onnx/embed_tokens*.onnx is missing",
        "onnx/decoder_model_merged*.onnx is missing",
        "there is no folder onnx");
  }

  @Test
  void aTruncatedConfig() throws IOException {
    Path config = smol.resolve("config.json");
    Files.writeString(config, Files.readString(config).substring(0, 100));
    refused(smol, "config.json is not valid JSON");
  }

  @Test
  void anUnknownModelType() throws IOException {
    edit(smol.resolve("config.json"), node -> node.put("model_type", "gpt9"));
    refused(smol, "model_type 'gpt9' is unknown", "smolvlm", "llava_onevision");
  }

  @Test
  void aKnownTypeThatCannotBeUsedIsRefusedWithTheReason() throws IOException {
    edit(smol.resolve("config.json"), node -> node.put("model_type", "paligemma"));
    refused(smol, "'paligemma' cannot be used", "knows no chat");
  }

  @Test
  void anEmbeddingGraphThatGivesTheLayersNothing() throws IOException {
    Path fixtures = TestData.resource("fixtures");
    Path gemma = TestData.copy(fixtures.resolve("vlm-tiny-gemma4"), temp.resolve("gemma4"));
    Path embed = gemma.resolve("onnx/embed_tokens.onnx");
    Files.write(
        embed, Files.readAllBytes(fixtures.resolve("vlm-tiny-qwen3-5/onnx/embed_tokens.onnx")));
    refused(gemma, "embed_tokens.onnx has no output 'per_layer_inputs'");
  }

  @Test
  void anEncoderOfAnotherNumberOfPatches() throws IOException {
    Path gemma =
        TestData.copy(
            TestData.resource("fixtures").resolve("vlm-tiny-gemma4"), temp.resolve("gemma4"));
    edit(
        gemma.resolve("processor_config.json"),
        node -> ((ObjectNode) node.path("image_processor")).put("max_soft_tokens", 70));
    refused(gemma, "vision_encoder.onnx", "wants another number of patches than the 630");
  }

  @Test
  void aVariantThatIsNotThere() {
    ModelBundle bundle = ModelBundle.at(oneVision).withPrecision(Precision.INT8);
    assertThatThrownBy(bundle::openGenerator)
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("onnx/decoder_model_merged_int8.onnx is missing")
        .hasMessageContaining("decoder_model_merged_q4.onnx");
  }

  @Test
  void truncatedGraphs() throws IOException {
    for (String name : List.of("vision_encoder", "embed_tokens", "decoder_model_merged")) {
      Path copy = TestData.copy(TestData.smolVlm(), temp.resolve("cut-" + name));
      Path file = copy.resolve("onnx/" + name + ".onnx");
      byte[] bytes = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
      refused(copy, "onnx/" + name + ".onnx", "damaged or cut off");
    }
  }

  @Test
  void aTextFileInsteadOfAGraph() throws IOException {
    Files.writeString(smol.resolve("onnx/vision_encoder.onnx"), "version https://git-lfs");
    refused(smol, "onnx/vision_encoder.onnx");
  }

  @Test
  void externalWeightsThatAreMissingOrShort() throws IOException {
    Path data = smol.resolve("onnx/decoder_model_merged.onnx_data");
    byte[] bytes = Files.readAllBytes(data);
    Files.write(data, Arrays.copyOf(bytes, bytes.length - 1));
    refused(smol, "external weights", "were they cut off?", Integer.toString(bytes.length - 1));
    Files.delete(data);
    refused(smol, "'decoder_model_merged.onnx_data', which is missing");
  }

  @Test
  void externalWeightsOutsideOfTheFolderAreNotOpened() throws IOException {
    Path graph = smol.resolve("onnx/decoder_model_merged.onnx");
    String name = "decoder_model_merged.onnx_data";
    byte[] bytes = Files.readAllBytes(graph);
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    assertThat(text).contains(name);
    for (String evil : List.of("../../../../../../etc/passwd", "/etc/passwd", "C:\\secret")) {
      // The same length, so that the file stays well formed.
      String padded = evil + "x".repeat(name.length() - evil.length());
      Files.write(graph, text.replace(name, padded).getBytes(StandardCharsets.ISO_8859_1));
      refused(smol, "not a plain path inside the bundle");
    }
  }

  @Test
  void aLinkThatLeavesTheFolderIsNotFollowed() throws IOException {
    Path data = smol.resolve("onnx/decoder_model_merged.onnx_data");
    Path outside = temp.resolve("outside.bin");
    Files.move(data, outside);
    Files.createSymbolicLink(data, outside);
    refused(smol, "not a plain path inside the bundle");
  }

  @Test
  void graphsOfAnotherModel() throws IOException {
    Files.copy(
        oneVision.resolve("onnx/vision_encoder.onnx"),
        smol.resolve("onnx/vision_encoder.onnx"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    refused(smol, "visual tokens of width 64", "width 72", "pictures of 40 x 40");
    Files.copy(
        oneVision.resolve("onnx/embed_tokens.onnx"),
        smol.resolve("onnx/embed_tokens.onnx"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    refused(smol, "embeddings of width 64", "takes width 72");
  }

  @Test
  void aTokenizerOfAnotherModel() throws IOException {
    edit(
        smol.resolve("tokenizer.json"),
        node -> ((ObjectNode) node.path("model").path("vocab")).put("beyond", 5000));
    refused(smol, "ids up to 5000", "768 rows");
  }

  @Test
  void aTokenizerWithoutThePlaceholder() throws IOException {
    String text = Files.readString(smol.resolve("tokenizer.json"));
    Files.writeString(smol.resolve("tokenizer.json"), text.replace("<image>", "<imago>"));
    refused(smol, "no token '<image>'");
  }

  @Test
  void aConfigThatDisagreesWithTheGraph() throws IOException {
    edit(
        smol.resolve("config.json"),
        node -> {
          ObjectNode text = (ObjectNode) node.path("text_config");
          text.put("num_hidden_layers", 3);
          text.put("head_dim", 99);
        });
    refused(smol, "2 problems", "num_hidden_layers 3", "has 2", "head_dim 99", "has 12");
  }

  @Test
  void aConfigWithoutAContextHasPythonsDefault() throws IOException {
    edit(
        smol.resolve("config.json"),
        node -> ((ObjectNode) node.path("text_config")).remove("max_position_embeddings"));
    // Python's default for llama.
    assertThat(ModelBundle.at(smol).report().context()).isEqualTo(2048);
    edit(
        smol.resolve("config.json"),
        node -> ((ObjectNode) node.path("text_config")).put("max_position_embeddings", "many"));
    refused(smol, "max_position_embeddings", "many");
    edit(
        oneVision.resolve("config.json"),
        node -> ((ObjectNode) node.path("text_config")).remove("max_position_embeddings"));
    assertThat(ModelBundle.at(oneVision).report().context()).isEqualTo(32768);
  }

  @Test
  void noEndToken() throws IOException {
    edit(smol.resolve("generation_config.json"), node -> node.remove("eos_token_id"));
    refused(smol, "no eos_token_id");
  }

  @Test
  void pictureSizesThatCannotBe() throws IOException {
    edit(
        oneVision.resolve("preprocessor_config.json"),
        node -> node.putObject("size").put("height", -1).put("width", 10_000_000));
    refused(oneVision, "size.width", "size.height");
  }

  @Test
  void ownSettings() throws IOException {
    assertThat(ModelBundle.at(smol).defaults()).isEqualTo(io.moviechat.spi.ModelDefaults.NONE);
    Files.writeString(
        smol.resolve("moviechat.json"),
        """
        {"memory":{"strategy":"moviechat","shortTermFrames":16,"consolidateTo":4,"longTermSlots":64},
         "sampling":{"intervalMillis":250},"systemPrompt":null,"note":"one line"}
        """);
    var defaults = ModelBundle.at(smol).defaults();
    assertThat(defaults.memoryStrategy()).contains("moviechat");
    assertThat(defaults.shortTermFrames()).hasValue(16);
    assertThat(defaults.consolidateTo()).hasValue(4);
    assertThat(defaults.longTermSlots()).hasValue(64);
    assertThat(defaults.sampling())
        .contains(io.moviechat.FrameSampling.every(java.time.Duration.ofMillis(250)));
    assertThat(defaults.systemPrompt()).isEmpty();
    assertThat(defaults.notice()).contains("one line");
    Files.writeString(smol.resolve("moviechat.json"), "{\"memory\":{\"longTermSlots\":-4}}");
    assertThatThrownBy(() -> ModelBundle.at(smol).defaults())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("longTermSlots must be at least 1, was -4");
  }

  @Test
  void aTemplateOfAnotherFamily() throws IOException {
    Files.writeString(
        oneVision.resolve("chat_template.jinja"),
        "{% for message in messages %}[INST] {{ message['content'] }} [/INST]{% endfor %}");
    refused(oneVision, "chat template has no [<|im_start|>, <|im_end|>]", "LLaVA-OneVision");
    edit(
        smol.resolve("chat_template.json"),
        node -> node.put("chat_template", "<|begin|>{{ 'Assistant:' }}"));
    refused(smol, "chat template has no [<end_of_utterance>]", "SmolVLM");
  }

  @Test
  void aFloat16GraphThatOnlyLoadsWithFewerOptimisations() throws IOException {
    OnnxHeader header =
        OnnxHeader.read(
            TestData.resource("ort-fp16-rmsnorm").resolve("decoder_model_merged_fp16.onnx"));
    try (Graph graph = Graph.open(header, OptionalInt.empty(), 1)) {
      assertThat(graph.header().inputs()).isNotEmpty();
    }
  }

  @Test
  void aModelOfPythonsCacheOpens() throws IOException {
    for (Path bundle : List.of(smol, oneVision)) {
      Path model = PythonLayout.of(bundle, temp.resolve("models--a--" + bundle.getFileName()));
      for (Path folder : List.of(model, model.resolve("snapshots/abc"))) {
        try (var encoder = ModelBundle.at(folder).openEncoder();
            var generator = ModelBundle.at(folder).openGenerator()) {
          assertThat(encoder.shape().width()).isEqualTo(generator.tokenWidth().orElseThrow());
        }
      }
    }
    Path several = temp.resolve("models--several");
    Files.createDirectories(several.resolve("snapshots/one"));
    Files.createDirectories(several.resolve("snapshots/two"));
    assertThatThrownBy(() -> ModelBundle.at(several))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("2 snapshots");
  }

  @Test
  void weightsThatLinksLeadElsewhereAreNamed() throws IOException {
    Path data = smol.resolve("onnx/decoder_model_merged.onnx_data");
    Path elsewhere = Files.createDirectories(smol.resolve("elsewhere")).resolve("data");
    Files.move(data, elsewhere);
    Files.createSymbolicLink(data, elsewhere);
    assertThatThrownBy(() -> ModelBundle.at(smol).withPrecision(Precision.FP32).openGenerator())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("links lead to")
        .hasMessageContaining("beside the graph");
  }

  @Test
  void pictureSettingsThatThePresentPythonSavesElsewhere() throws IOException {
    ObjectNode nested =
        (ObjectNode) JSON.readTree(smol.resolve("preprocessor_config.json").toFile());
    ImagePreprocessor before = ModelBundle.at(smol).read(Device.CPU).family().images();
    nested.remove("video_sampling");
    ObjectNode processor = JSON.createObjectNode();
    processor.set("image_processor", nested);
    JsonNode size =
        JSON.readTree(smol.resolve("preprocessor_config.json").toFile())
            .path("video_sampling")
            .path("video_size");
    processor.putObject("video_processor").set("size", size);
    Files.delete(smol.resolve("preprocessor_config.json"));
    JSON.writeValue(smol.resolve("processor_config.json").toFile(), processor);
    ImagePreprocessor after = ModelBundle.at(smol).read(Device.CPU).family().images();
    assertThat(after.preferred()).isEqualTo(before.preferred());
    assertThat(after.width()).isEqualTo(before.width());
    Files.delete(smol.resolve("processor_config.json"));
    refused(smol, "preprocessor_config.json", "image_processor");
  }

  @Test
  void deepStackIsRefusedByName() throws IOException {
    Path qwen =
        TestData.copy(
            TestData.resource("fixtures").resolve("vlm-tiny-qwen3-vl"), temp.resolve("qwen"));
    Path vision = qwen.resolve("onnx/vision_encoder.onnx");
    byte[] bytes = Files.readAllBytes(vision);
    // GraphProto.output = 12, in a second graph field: protobuf merges messages.
    byte[] name = "deepstack_features".getBytes(StandardCharsets.UTF_8);
    byte[] value = message(1, name);
    byte[] graph = message(12, value);
    byte[] more = message(7, graph);
    byte[] whole = Arrays.copyOf(bytes, bytes.length + more.length);
    System.arraycopy(more, 0, whole, bytes.length, more.length);
    Files.write(vision, whole);
    assertThatThrownBy(() -> ModelBundle.at(qwen).withFrameSize(64, 32).openEncoder())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("deepstack_features")
        .hasMessageContaining("DeepStack");
  }

  private static byte[] message(int field, byte[] content) {
    byte[] bytes = new byte[content.length + 2];
    bytes[0] = (byte) (field << 3 | 2);
    bytes[1] = (byte) content.length;
    System.arraycopy(content, 0, bytes, 2, content.length);
    return bytes;
  }

  @Test
  void framingThatAFamilyDoesNotKnowIsRefused() {
    assertThatThrownBy(() -> ModelBundle.at(smol).withFrameSize(64, 32).openEncoder())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("a frame size cannot be chosen");
    assertThatThrownBy(() -> ModelBundle.at(smol).withLetterboxedFrames().openEncoder())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("letterboxed");
    Path qwen = TestData.resource("fixtures").resolve("vlm-tiny-qwen2-vl");
    assertThatThrownBy(() -> ModelBundle.at(qwen).withFrameSize(41, 24).openEncoder())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("multiples of 8");
    try (var encoder = ModelBundle.at(qwen).withFrameSize(40, 24).openEncoder();
        var pooled = ModelBundle.at(qwen).withFrameSize(40, 24).withPooledFrames().openEncoder()) {
      assertThat(encoder.shape().tokens()).isEqualTo(15);
      assertThat(pooled.shape().tokens()).isEqualTo(6);
      assertThat(encoder.id()).contains("@40x24");
    }
  }
}
