package io.moviechat.llm.checkpoint;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Checkpoints of any size without weights: safetensors files whose values are a hole of zeros,
 * which takes no room on a disk that knows holes.
 *
 * @param llamaWidth a multiple of 128, the head's width
 */
record SyntheticRelease(
    int vitWidth,
    int vitHeads,
    int vitBlocks,
    int vitMlp,
    int grid,
    int patch,
    int queryWidth,
    int queryLayers,
    int queryMlp,
    int queries,
    int llamaWidth,
    int llamaLayers,
    int llamaMlp,
    int vocabulary) {
  /** EVA ViT-g, BLIP-2's Q-Former, Video-LLaMA's video Q-Former, Vicuna 7B. */
  static final SyntheticRelease RELEASED =
      new SyntheticRelease(1408, 16, 40, 6144, 16, 14, 768, 12, 3072, 32, 4096, 32, 11008, 32001);

  SyntheticRelease withLlamaLayers(int layers) {
    return new SyntheticRelease(
        vitWidth,
        vitHeads,
        vitBlocks,
        vitMlp,
        grid,
        patch,
        queryWidth,
        queryLayers,
        queryMlp,
        queries,
        llamaWidth,
        layers,
        llamaMlp,
        vocabulary);
  }

  CheckpointImport.Builder write(Path folder) throws IOException {
    Path llama = Files.createDirectories(folder.resolve("llama"));
    file(folder.resolve("eva.safetensors"), eva());
    file(folder.resolve("qformer.safetensors"), qformer());
    file(folder.resolve("tuned.safetensors"), tuned());
    file(llama.resolve("model.safetensors"), llama());
    Files.copy(CheckpointGoldens.file("vicuna/tokenizer.model"), llama.resolve("tokenizer.model"));
    Files.writeString(
        llama.resolve("config.json"),
        JsonNodeFactory.instance
            .objectNode()
            .put("model_type", "llama")
            .put("hidden_size", llamaWidth)
            .put("num_attention_heads", llamaWidth / 128)
            .put("num_hidden_layers", llamaLayers)
            .put("intermediate_size", llamaMlp)
            .put("rms_norm_eps", 1e-6)
            .put("max_position_embeddings", 2048)
            .toString());
    return CheckpointImport.builder()
        .llama(llama)
        .eva(folder.resolve("eva.safetensors"))
        .qformer(folder.resolve("qformer.safetensors"))
        .checkpoint(folder.resolve("tuned.safetensors"))
        .visionHeads(vitHeads)
        .queryHeads(queryWidth / 64)
        .out(folder.resolve("bundle"));
  }

  private Map<String, int[]> eva() {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put("cls_token", new int[] {1, 1, vitWidth});
    shapes.put("pos_embed", new int[] {1, grid * grid + 1, vitWidth});
    shapes.put("patch_embed.proj.weight", new int[] {vitWidth, 3, patch, patch});
    shapes.put("patch_embed.proj.bias", new int[] {vitWidth});
    for (int i = 0; i < vitBlocks; i++) {
      String block = "blocks." + i;
      norm(shapes, block + ".norm1", vitWidth);
      norm(shapes, block + ".norm2", vitWidth);
      shapes.put(block + ".attn.q_bias", new int[] {vitWidth});
      shapes.put(block + ".attn.v_bias", new int[] {vitWidth});
      shapes.put(block + ".attn.qkv.weight", new int[] {3 * vitWidth, vitWidth});
      linear(shapes, block + ".attn.proj", vitWidth, vitWidth);
      linear(shapes, block + ".mlp.fc1", vitMlp, vitWidth);
      linear(shapes, block + ".mlp.fc2", vitWidth, vitMlp);
    }
    return shapes;
  }

  private Map<String, int[]> qformer() {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put("query_tokens", new int[] {1, queries, queryWidth});
    norm(shapes, "ln_vision", vitWidth);
    bert(shapes, "Qformer.bert", queryLayers, 2, vitWidth);
    return shapes;
  }

  private Map<String, int[]> tuned() {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put("video_query_tokens", new int[] {1, queries, queryWidth});
    shapes.put("video_frame_position_embedding.weight", new int[] {32, queryWidth});
    bert(shapes, "video_Qformer.bert", 2, 1, queryWidth);
    linear(shapes, "llama_proj", llamaWidth, queryWidth);
    return shapes;
  }

  private void bert(
      Map<String, int[]> shapes, String prefix, int layers, int crossEvery, int context) {
    norm(shapes, prefix + ".embeddings.LayerNorm", queryWidth);
    for (int i = 0; i < layers; i++) {
      String layer = prefix + ".encoder.layer." + i;
      attention(shapes, layer + ".attention", queryWidth);
      if (i % crossEvery == 0) {
        attention(shapes, layer + ".crossattention", context);
      }
      linear(shapes, layer + ".intermediate_query.dense", queryMlp, queryWidth);
      linear(shapes, layer + ".output_query.dense", queryWidth, queryMlp);
      norm(shapes, layer + ".output_query.LayerNorm", queryWidth);
    }
  }

  private void attention(Map<String, int[]> shapes, String name, int context) {
    linear(shapes, name + ".self.query", queryWidth, queryWidth);
    linear(shapes, name + ".self.key", queryWidth, context);
    linear(shapes, name + ".self.value", queryWidth, context);
    linear(shapes, name + ".output.dense", queryWidth, queryWidth);
    norm(shapes, name + ".output.LayerNorm", queryWidth);
  }

  private Map<String, int[]> llama() {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", new int[] {vocabulary, llamaWidth});
    for (int i = 0; i < llamaLayers; i++) {
      String layer = "model.layers." + i;
      for (String name : new String[] {"q", "k", "v", "o"}) {
        shapes.put(
            layer + ".self_attn." + name + "_proj.weight", new int[] {llamaWidth, llamaWidth});
      }
      shapes.put(layer + ".mlp.gate_proj.weight", new int[] {llamaMlp, llamaWidth});
      shapes.put(layer + ".mlp.up_proj.weight", new int[] {llamaMlp, llamaWidth});
      shapes.put(layer + ".mlp.down_proj.weight", new int[] {llamaWidth, llamaMlp});
      shapes.put(layer + ".input_layernorm.weight", new int[] {llamaWidth});
      shapes.put(layer + ".post_attention_layernorm.weight", new int[] {llamaWidth});
    }
    shapes.put("model.norm.weight", new int[] {llamaWidth});
    shapes.put("lm_head.weight", new int[] {vocabulary, llamaWidth});
    return shapes;
  }

  private static void linear(Map<String, int[]> shapes, String name, int out, int in) {
    shapes.put(name + ".weight", new int[] {out, in});
    shapes.put(name + ".bias", new int[] {out});
  }

  private static void norm(Map<String, int[]> shapes, String name, int width) {
    shapes.put(name + ".weight", new int[] {width});
    shapes.put(name + ".bias", new int[] {width});
  }

  private static void file(Path file, Map<String, int[]> shapes) throws IOException {
    ObjectNode header = JsonNodeFactory.instance.objectNode();
    long offset = 0;
    for (Map.Entry<String, int[]> entry : shapes.entrySet()) {
      ObjectNode tensor = header.putObject(entry.getKey()).put("dtype", "F16");
      long bytes = 2;
      for (int size : entry.getValue()) {
        tensor.withArray("shape").add(size);
        bytes *= size;
      }
      tensor.putArray("data_offsets").add(offset).add(offset + bytes);
      offset += bytes;
    }
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).array());
      out.write(json);
      out.setLength(8 + json.length + offset);
    }
  }
}
