package io.moviechat.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The graphs at the sizes of the release, from checkpoints that are holes in the disk: ONNX Runtime
 * loads them and infers every shape, strictly.
 */
class ReleasedSizesTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource(CheckpointImport.Precision.class)
  void everyGraphLoadsWithEveryShapeInferred(CheckpointImport.Precision precision)
      throws IOException {
    // ONNX Runtime reserves (it does not touch) memory for all weights: with 32 bits, more than
    // many machines have for all 32 layers, which are alike.
    SyntheticRelease release =
        precision == CheckpointImport.Precision.FP32
            ? SyntheticRelease.RELEASED.withLlamaLayers(4)
            : SyntheticRelease.RELEASED;
    CheckpointImport.Builder builder = release.write(folder).precision(precision);
    if (precision == CheckpointImport.Precision.INT4) {
      builder.mergeTokens(4);
    }
    Map<String, OnnxGraph> graphs = builder.graphs();
    assertThat(graphs).hasSize(4);
    for (Map.Entry<String, OnnxGraph> entry : graphs.entrySet()) {
      OnnxGraph graph = entry.getValue();
      Path file = folder.resolve(entry.getKey() + ".onnx");
      long bytes = OnnxFile.writeModel(graph, file, true);
      try (RandomAccessFile data = new RandomAccessFile(OnnxFile.data(file).toFile(), "rw")) {
        data.setLength(bytes);
      }
      assertThat(bytes + Files.size(file))
          .as("predicted size of %s", file)
          .isBetween(
              OnnxFile.predictedBytes(graph) - (1 << 20), OnnxFile.predictedBytes(graph) + 1);
      OrtRunner.checkShapes(file);
      Files.delete(file);
      Files.delete(OnnxFile.data(file));
    }
  }

  @Test
  void nodesSayWhichLayerTheyAre() throws IOException {
    Map<String, OnnxGraph> graphs =
        SyntheticRelease.RELEASED.write(folder).precision(CheckpointImport.Precision.FP16).graphs();
    assertThat(names(graphs.get("vision_encoder_fp16")))
        .contains(
            "/vit/blocks.0/attn/qkv/MatMul",
            "/vit/blocks.38/mlp/fc2/MatMul",
            "/qformer/layer.10/crossattention/MultiHeadAttention")
        .noneMatch(name -> name.startsWith("/vit/blocks.39"));
    assertThat(names(graphs.get("memory_projector")))
        .contains("/video_qformer/layer.1/crossattention/MultiHeadAttention", "/llama_proj/MatMul");
    assertThat(names(graphs.get("decoder_model_merged_fp16")))
        .contains("/model/layers.31/self_attn/q_proj/MatMul", "/lm_head/MatMul");
  }

  private static List<String> names(OnnxGraph graph) {
    return graph.nodes().stream().map(NodeProto::getName).toList();
  }

  @Test
  void sizesAreThoseOfTheRelease() throws IOException {
    Map<String, OnnxGraph> graphs =
        SyntheticRelease.RELEASED.write(folder).precision(CheckpointImport.Precision.FP16).graphs();
    // Vicuna 7B has 6,738,423,808 weights in 32,001 tokens; the rest are rotary tables and numbers.
    long language =
        graphs.get("embed_tokens_fp16").parameters()
            + graphs.get("decoder_model_merged_fp16").parameters();
    assertThat(language).isBetween(6_738_423_808L, 6_738_423_808L + 300_000);
    assertThat(graphs.get("vision_encoder_fp16").parameters())
        .isBetween(1_080_000_000L, 1_110_000_000L);
  }
}
