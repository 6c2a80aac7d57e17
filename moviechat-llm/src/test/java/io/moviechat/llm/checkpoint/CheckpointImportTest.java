package io.moviechat.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.moviechat.ModelException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CheckpointImportTest {
  @TempDir private Path root;
  private Path input;
  private Path output;

  @BeforeEach
  void copyTheGoldens() throws IOException {
    input = Files.createDirectory(root.resolve("input"));
    output = Files.createDirectory(root.resolve("output"));
    for (String name :
        List.of(
            "eva_vit_g.pth",
            "blip2_pretrained_flant5xxl.pth",
            "finetune-vicuna7b-v2.pth",
            "pretrained_minigpt4.pth")) {
      Files.copy(CheckpointGoldens.file(name), input.resolve(name));
    }
    for (String folder : List.of("llama-base", "vicuna", "vicuna-delta")) {
      copyFolder(CheckpointGoldens.file(folder), input.resolve(folder));
    }
  }

  private static void copyFolder(Path from, Path to) throws IOException {
    Files.createDirectory(to);
    try (var files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName().toString()));
      }
    }
  }

  private CheckpointImport.Builder complete() {
    return CheckpointImport.builder()
        .llama(input.resolve("vicuna"))
        .eva(input.resolve("eva_vit_g.pth"))
        .qformer(input.resolve("blip2_pretrained_flant5xxl.pth"))
        .checkpoint(input.resolve("finetune-vicuna7b-v2.pth"))
        .visionHeads(4)
        .queryHeads(4)
        .out(output.resolve("bundle"));
  }

  /** Whatever a test did: there is a whole bundle or nothing at all. */
  @AfterEach
  void nothingHalfWrittenIsLeft() throws IOException {
    try (var files = Files.list(output)) {
      assertThat(files.map(f -> f.getFileName().toString())).isSubsetOf("bundle", "mine");
    }
  }

  private void refused(CheckpointImport.Builder builder, String... parts) {
    assertThatThrownBy(builder::run)
        .isInstanceOf(ModelException.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    assertThat(output.resolve("bundle")).doesNotExist();
  }

  @ParameterizedTest
  @EnumSource(CheckpointImport.Precision.class)
  void writesACompleteBundle(CheckpointImport.Precision precision) throws IOException {
    CheckpointImport.Report report = complete().precision(precision).run();
    Path bundle = output.resolve("bundle");
    assertThat(report.bundle()).isEqualTo(bundle);
    String suffix = precision == CheckpointImport.Precision.FP32 ? "" : "_fp16";
    String decoder = precision == CheckpointImport.Precision.INT4 ? "_q4" : suffix;
    for (String file :
        List.of(
            "config.json",
            "preprocessor_config.json",
            "generation_config.json",
            "moviechat.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "onnx/vision_encoder" + suffix + ".onnx",
            "onnx/memory_projector.onnx",
            "onnx/embed_tokens" + suffix + ".onnx",
            "onnx/decoder_model_merged" + decoder + ".onnx")) {
      assertThat(bundle.resolve(file)).isNotEmptyFile();
    }
    assertThat(report.parameters()).isGreaterThan(300_000);
    assertThat(report.unused())
        .contains(
            "blip2_pretrained_flant5xxl.pth: Qformer.bert.embeddings.position_ids"
                .replace("blip2", "finetune-vicuna7b-v2.pth over blip2"),
            "eva_vit_g.pth: norm.weight")
        .noneMatch(name -> name.contains("blocks.0"));
    for (String graph : List.of("vision_encoder" + suffix, "decoder_model_merged" + decoder)) {
      new OrtRunner(bundle.resolve("onnx/" + graph + ".onnx")).close();
    }
  }

  @Test
  void aDeltaGivesTheSameBundleAsItsTarget() throws IOException {
    complete().precision(CheckpointImport.Precision.FP32).run();
    complete()
        .precision(CheckpointImport.Precision.FP32)
        .llama(input.resolve("llama-base"))
        .delta(input.resolve("vicuna-delta"))
        .projection(input.resolve("pretrained_minigpt4.pth"))
        .out(output.resolve("mine"))
        .run();
    for (String file :
        List.of(
            "onnx/decoder_model_merged.onnx",
            "onnx/embed_tokens.onnx",
            "tokenizer.json",
            "config.json")) {
      assertThat(output.resolve("mine").resolve(file))
          .hasSameBinaryContentAs(output.resolve("bundle").resolve(file));
    }
  }

  @Test
  void refusesAnExistingFolder() throws IOException {
    Path mine = Files.createDirectory(output.resolve("mine"));
    Files.writeString(mine.resolve("diary"), "dear");
    assertThatThrownBy(() -> complete().out(mine).run())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("exists already");
    assertThat(mine.resolve("diary")).hasContent("dear");
  }

  @Test
  void aFullDiskIsNoticedBeforeAnythingIsWritten() throws IOException {
    try (FileSystem small =
        Jimfs.newFileSystem(Configuration.unix().toBuilder().setMaxSize(1 << 20).build())) {
      Path folder = Files.createDirectory(small.getPath("/small"));
      assertThatThrownBy(() -> complete().out(folder.resolve("bundle")).run())
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("MB left");
      try (var left = Files.list(folder)) {
        assertThat(left).isEmpty();
      }
    }
  }

  @Test
  void aDiskThatFillsMeanwhileIsLeftAsItWas() throws IOException {
    try (FileSystem small =
        Jimfs.newFileSystem(Configuration.unix().toBuilder().setMaxSize(80 << 20).build())) {
      Path folder = Files.createDirectory(small.getPath("/small"));
      Path other = small.getPath("/somebody-elses");
      assertThatThrownBy(
              () ->
                  complete()
                      .out(folder.resolve("bundle"))
                      .progress(text -> fillWhen(text.contains("decoder"), other))
                      .run())
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("cannot write /small/bundle");
      try (var left = Files.list(folder)) {
        assertThat(left).isEmpty();
      }
      assertThat(Files.size(other)).isGreaterThan(60 << 20);
    }
  }

  private static void fillWhen(boolean now, Path file) {
    if (now) {
      byte[] block = new byte[1 << 13];
      try (var out = Files.newOutputStream(file)) {
        for (int i = 0; i < 80 << 7; i++) {
          out.write(block);
        }
        throw new AssertionError("the disk has more room than it should");
      } catch (IOException e) {
        // Full, as it was meant to be.
      }
    }
  }

  @Test
  void aFolderThatAppearsMeanwhileIsNotTouched() throws IOException {
    Path mine = output.resolve("mine");
    assertThatThrownBy(
            () ->
                complete()
                    .out(mine)
                    .progress(
                        text ->
                            assertThat(mine.toFile().mkdir() || mine.toFile().exists()).isTrue())
                    .run())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("came into being");
    try (var left = Files.list(mine)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void asksForWhatIsMissing() {
    assertThatThrownBy(() -> CheckpointImport.builder().run())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("llama");
    refused(complete().eva(input.resolve("nowhere.pth")), "no checkpoint", "nowhere.pth");
    assertThatThrownBy(() -> complete().int4Block(48)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> complete().visionHeads(0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void asksForHeadsOfUnknownWidths() {
    refused(
        CheckpointImport.builder()
            .llama(input.resolve("vicuna"))
            .eva(input.resolve("eva_vit_g.pth"))
            .qformer(input.resolve("blip2_pretrained_flant5xxl.pth"))
            .checkpoint(input.resolve("finetune-vicuna7b-v2.pth"))
            .out(output.resolve("bundle")),
        "64 wide",
        "visionHeads");
    refused(complete().visionHeads(5), "width 64, 5 heads");
  }

  @Test
  void filesInEachOthersPlacesAreNamed() {
    refused(complete().eva(input.resolve("finetune-vicuna7b-v2.pth")), "finetune", "cls_token");
    refused(complete().qformer(input.resolve("eva_vit_g.pth")), "query_tokens");
    refused(complete().checkpoint(input.resolve("pretrained_minigpt4.pth")), "video_query_tokens");
    refused(complete().llama(input), "holds no weights");
  }

  @ParameterizedTest
  @CsvSource({"eva_vit_g.pth", "blip2_pretrained_flant5xxl.pth", "finetune-vicuna7b-v2.pth"})
  void cutFilesAreRefused(String name) throws IOException {
    byte[] bytes = Files.readAllBytes(input.resolve(name));
    for (int percent : new int[] {0, 1, 50, 99}) {
      Files.write(
          input.resolve(name), java.util.Arrays.copyOf(bytes, bytes.length * percent / 100));
      refused(complete(), name);
    }
  }

  @Test
  void aPickleThatWouldRunCodeIsRefused() throws IOException {
    Path proof = root.resolve("proof");
    String pickle = "\u0080\u0002cos\nsystem\n(X";
    byte[] command = ("touch " + proof).getBytes(StandardCharsets.ISO_8859_1);
    var bytes = new java.io.ByteArrayOutputStream();
    bytes.writeBytes(pickle.getBytes(StandardCharsets.ISO_8859_1));
    bytes.writeBytes(new byte[] {(byte) command.length, 0, 0, 0});
    bytes.writeBytes(command);
    bytes.writeBytes("tR.".getBytes(StandardCharsets.ISO_8859_1));
    Files.write(input.resolve("eva_vit_g.pth"), TestZip.of("x/data.pkl", bytes.toByteArray()));
    refused(complete(), "os.system", "not run");
    assertThat(proof).doesNotExist();
  }

  @Test
  void missingAndUnknownTensorsAreListedWithTheNearestNames() throws IOException {
    // Renamed inside the pickle, to a name of the same length.
    replace("eva_vit_g.pth", "blocks.1.mlp.fc1.bias", "blocks.1.mpl.fc1.bias");
    refused(
        complete(),
        "missing: blocks.1.mlp.fc1.bias [279] (nearest: 'blocks.1.mpl.fc1.bias')",
        "unknown: blocks.1.mpl.fc1.bias [279]");
  }

  private void replace(String name, String from, String to) throws IOException {
    Path file = input.resolve(name);
    String content = Files.readString(file, StandardCharsets.ISO_8859_1);
    assertThat(content).contains(from);
    Files.writeString(file, content.replace(from, to), StandardCharsets.ISO_8859_1);
  }

  @Test
  void aConfigThatDoesNotFitTheWeightsIsRefused() throws IOException {
    edit("vicuna/config.json", config -> config.put("num_hidden_layers", 3));
    refused(complete(), "missing: model.layers.2.self_attn.q_proj.weight [96, 96]");
    edit(
        "vicuna/config.json",
        config -> config.put("num_hidden_layers", 2).put("intermediate_size", 128));
    refused(
        complete(),
        "wrong shape: model.layers.0.mlp.gate_proj.weight is [160, 96], expected [128, 96]");
    edit("vicuna/config.json", config -> config.put("hidden_size", -1));
    refused(complete(), "hidden_size");
    edit("vicuna/config.json", config -> config.put("model_type", "gpt2"));
    refused(complete(), "'gpt2'");
  }

  private void edit(String name, java.util.function.Consumer<ObjectNode> change)
      throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode config = (ObjectNode) json.readTree(input.resolve(name).toFile());
    change.accept(config);
    json.writeValue(input.resolve(name).toFile(), config);
  }

  @Test
  void aDeltaForAnotherBaseIsRefused() throws IOException {
    CheckpointImport.Builder builder =
        complete().llama(input.resolve("llama-base")).delta(input.resolve("vicuna-delta"));
    edit("llama-base/config.json", config -> config.put("rms_norm_eps", 1e-5));
    refused(builder, "no delta for", "rms_norm_eps");
    edit("llama-base/config.json", config -> config.put("rms_norm_eps", 1e-6));
    // A delta of more rows than its base cannot be turned round.
    refused(
        complete().llama(input.resolve("vicuna")).delta(input.resolve("llama-base")),
        "no delta",
        "embed_tokens");
    Files.delete(input.resolve("llama-base/pytorch_model-00002-of-00002.bin"));
    refused(builder, "pytorch_model-00002-of-00002.bin");
  }

  /** Same shapes, same config, same distribution: only the numbers are others. */
  @Test
  void aDeltaForOtherWeightsOfTheSameShapesIsRefused() throws IOException {
    Path other = Files.createDirectory(input.resolve("other"));
    Files.copy(input.resolve("llama-base/config.json"), other.resolve("config.json"));
    Random random = new Random(7);
    try (Checkpoint base = Checkpoint.open(input.resolve("llama-base"))) {
      Map<String, float[]> shuffled = new LinkedHashMap<>();
      Map<String, List<Long>> shapes = new LinkedHashMap<>();
      for (String name : base.names()) {
        float[] values = base.get(name).values();
        for (int i = values.length - 1; i > 0; i--) {
          int j = random.nextInt(i + 1);
          float swapped = values[i];
          values[i] = values[j];
          values[j] = swapped;
        }
        shuffled.put(name, values);
        shapes.put(name, base.get(name).shape());
      }
      SafetensorsFileTest.writeHalves(other.resolve("model.safetensors"), shapes, shuffled);
    }
    refused(
        complete().llama(other).delta(input.resolve("vicuna-delta")),
        "vicuna-delta is no delta for model.safetensors",
        "need no rounding");
    refused(
        complete().llama(input.resolve("vicuna-delta")).delta(input.resolve("vicuna-delta")),
        "whole model");
  }

  @Test
  void aTokenizerOfAnotherModelIsRefused() throws IOException {
    Path tokenizer = input.resolve("vicuna/tokenizer.model");
    byte[] bytes = Files.readAllBytes(tokenizer);
    Files.write(tokenizer, java.util.Arrays.copyOf(bytes, bytes.length / 2));
    refused(complete(), "tokenizer.model");
    Files.delete(tokenizer);
    refused(complete(), "no tokenizer");
    edit(
        "vicuna/pytorch_model.bin.index.json",
        index -> index.withObject("/weight_map").put("x", "../x.bin"));
    refused(complete(), "no plain file name");
  }

  @Test
  void picturesOfAnotherSizeNeedWholePatches() {
    refused(complete().imageSize(57), "patches of 14");
    CheckpointImport.Report report = complete().imageSize(84).run();
    assertThat(report.bundle().resolve("preprocessor_config.json")).content().contains("84");
  }

  @ParameterizedTest
  @EnumSource(CheckpointImport.Precision.class)
  void tokensAreMergedOnRequest(CheckpointImport.Precision precision) throws IOException {
    Path bundle = complete().precision(precision).mergeTokens(3).run().bundle();
    assertThat(bundle.resolve("config.json")).content().contains("\"merged_tokens_per_block\" : 3");
    String name =
        precision == CheckpointImport.Precision.FP32 ? "vision_encoder" : "vision_encoder_fp16";
    try (OrtRunner runner = new OrtRunner(bundle.resolve("onnx/" + name + ".onnx"))) {
      var pixels =
          OrtRunner.Array.of(CheckpointGoldens.array("pixels"), CheckpointGoldens.shape("pixels"));
      float[] features =
          runner
              .run(Map.of("pixel_values", pixels), "image_features")
              .get("image_features")
              .floats();
      // Not the network that was trained, but no other one either.
      assertThat(CheckpointGoldens.relativeError(features, CheckpointGoldens.array("qformer")))
          .isBetween(1e-3, 1.0);
    }
    assertThatThrownBy(() -> complete().mergeTokens(0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void weightsThatDoNotFitHalfPrecisionAreNamed() throws IOException {
    Path file = input.resolve("blip2_pretrained_flant5xxl.pth");
    // The first weight of the query projection of the first layer becomes 1e30.
    byte[] bytes = Files.readAllBytes(file);
    int at;
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      float first =
          checkpoint.get("Qformer.bert.encoder.layer.0.attention.self.query.weight").values()[0];
      at = indexOf(bytes, Float.floatToIntBits(first));
    }
    java.nio.ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN).putFloat(at, 1e30f);
    Files.write(file, bytes);
    refused(
        complete().precision(CheckpointImport.Precision.FP16),
        "Qformer.bert.encoder.layer.0.attention.self.query.weight",
        "fp32");
    assertThat(complete().precision(CheckpointImport.Precision.FP32).run().bytes()).isPositive();
  }

  private static int indexOf(byte[] bytes, int bits) {
    var buffer = java.nio.ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i + 4 <= bytes.length; i += 4) {
      if (buffer.getInt(i) == bits) {
        return i;
      }
    }
    throw new AssertionError("not found");
  }
}
