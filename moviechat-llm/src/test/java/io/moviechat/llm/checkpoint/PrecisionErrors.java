package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What each precision loses against the recorded float32 outputs, stage by stage: run by name only,
 * {@code ./mvnw -pl moviechat-llm -am test -Dtest=PrecisionErrors
 * -Dsurefire.failIfNoSpecifiedTests=false}. Prints the largest difference over the largest value,
 * and the root mean square of the differences over that of the expected values.
 */
final class PrecisionErrors {
  private static final List<String> VISION =
      List.of("vit_patch_embed", "vit_block_0", "vit_block_1", "ln_vision", "image_features");
  private static final List<String> DECODER = List.of("llama_hidden_1", "llama_norm", "logits");

  @Test
  void print(@TempDir Path folder) throws IOException {
    try (Checkpoint eva = Checkpoint.open(CheckpointGoldens.file("eva_vit_g.pth"));
        Checkpoint qformer =
            Checkpoint.open(CheckpointGoldens.file("blip2_pretrained_flant5xxl.pth"))) {
      for (DataType type : List.of(DataType.FLOAT, DataType.FLOAT16)) {
        vision(folder.resolve("vision-" + type + ".onnx"), eva, qformer, type);
      }
    }
    try (Checkpoint vicuna = Checkpoint.open(CheckpointGoldens.file("vicuna"))) {
      decoder(folder.resolve("decoder-fp32.onnx"), vicuna, DataType.FLOAT, 0);
      decoder(folder.resolve("decoder-fp16.onnx"), vicuna, DataType.FLOAT16, 0);
      for (int block : new int[] {16, 32, 64, 128}) {
        decoder(folder.resolve("decoder-q4-" + block + ".onnx"), vicuna, DataType.FLOAT, block);
      }
    }
  }

  private static void vision(Path file, Checkpoint eva, Checkpoint qformer, DataType type)
      throws IOException {
    var config = CheckpointGoldens.expected().path("config");
    Networks.Vision shape =
        Networks.vision(
            eva,
            qformer,
            new Networks.Heads(
                config.path("vit_heads").asInt(),
                config.path("bert").path("num_attention_heads").asInt(),
                config.path("vit_depth").asInt()));
    OnnxGraph graph = VisionGraph.build(eva, qformer, shape, shape.grid(), type, 0);
    VISION.subList(0, VISION.size() - 1).forEach(graph::outputMark);
    OnnxFile.write(graph, file, 0);
    try (OrtRunner runner = new OrtRunner(file)) {
      var pixels =
          OrtRunner.Array.of(CheckpointGoldens.array("pixels"), CheckpointGoldens.shape("pixels"));
      print(file, runner.run(Map.of("pixel_values", pixels), VISION.toArray(String[]::new)));
    }
  }

  private static void decoder(Path file, Checkpoint vicuna, DataType type, int block)
      throws IOException {
    Networks.Llama shape = LlamaConfig.read(CheckpointGoldens.file("vicuna"), vicuna);
    OnnxGraph graph =
        DecoderGraph.build(vicuna, shape, type, block, DecoderGraph.Attention.MULTI_HEAD);
    DECODER.subList(0, DECODER.size() - 1).forEach(graph::outputMark);
    OnnxFile.write(graph, file, 0);
    try (OrtRunner runner = new OrtRunner(file)) {
      float[] prompt = CheckpointGoldens.array("prompt_embeddings");
      print(
          file,
          new GreedyLoop(runner, shape, type)
              .step(prompt, 0, DECODER.subList(0, DECODER.size() - 1).toArray(String[]::new)));
    }
  }

  private static void print(Path file, Map<String, OrtRunner.Array> outputs) {
    for (String stage : file.getFileName().toString().startsWith("v") ? VISION : DECODER) {
      float[] expected =
          CheckpointGoldens.array(stage.equals("image_features") ? "qformer" : stage);
      float[] actual = Arrays.copyOf(outputs.get(stage).floats(), expected.length);
      double squares = 0;
      double all = 0;
      for (int i = 0; i < expected.length; i++) {
        squares += Math.pow(actual[i] - expected[i], 2);
        all += Math.pow(expected[i], 2);
      }
      System.out.printf(
          Locale.ROOT,
          "%-24s %-16s largest %.1e  rms %.1e%n",
          file.getFileName(),
          stage,
          CheckpointGoldens.relativeError(actual, expected),
          Math.sqrt(squares / all));
    }
  }
}
