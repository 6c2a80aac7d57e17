package io.moviechat.llm.checkpoint;

import io.moviechat.ModelException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What the four networks are: sizes read from the tensors themselves, the few numbers that tensors
 * do not tell ({@link Heads}), and from both the list of every tensor that must be there.
 */
final class Networks {
  /**
   * Numbers that no tensor tells.
   *
   * @param vit heads of the vision transformer
   * @param qformer heads of both Q-Formers
   * @param vitBlocks blocks that are used, the first ones
   */
  record Heads(int vit, int qformer, int vitBlocks) {}

  /**
   * The vision transformer and the Q-Former behind it.
   *
   * @param grid patches per side that {@code pos_embed} is for
   */
  record Vision(
      int width,
      int patch,
      int grid,
      int heads,
      int blocks,
      int mlp,
      int queries,
      int queryWidth,
      Layers.QueryTransformerShape qformer) {}

  /** The network from memory to language model. */
  record Projector(
      int queries, int width, int positions, int out, Layers.QueryTransformerShape qformer) {}

  /** The language model. */
  record Llama(
      int width,
      int layers,
      int heads,
      int keyValueHeads,
      int mlp,
      int vocabulary,
      int context,
      double epsilon,
      double ropeBase) {
    int headWidth() {
      return width / heads;
    }
  }

  private Networks() {}

  /** Sizes of the vision side, after checking that every tensor is there and fits. */
  static Vision vision(Checkpoint eva, Checkpoint qformer, Heads heads) {
    int width = size(eva, "cls_token", 3, 2);
    int patch = size(eva, "patch_embed.proj.weight", 4, 2);
    int rows = size(eva, "pos_embed", 3, 1);
    int grid = (int) Math.round(Math.sqrt(rows - 1));
    int mlp = size(eva, "blocks.0.mlp.fc1.weight", 2, 0);
    if (grid * grid + 1 != rows || width % heads.vit() != 0) {
      throw new ModelException(
          "%s: pos_embed has %d rows, which is no square and one; width %d, %d heads"
              .formatted(eva.name(), rows, width, heads.vit()));
    }
    Map<String, List<Long>> expected = new LinkedHashMap<>();
    put(expected, "cls_token", 1, 1, width);
    put(expected, "pos_embed", 1, rows, width);
    put(expected, "patch_embed.proj.weight", width, 3, patch, patch);
    put(expected, "patch_embed.proj.bias", width);
    for (int i = 0; i < heads.vitBlocks(); i++) {
      String block = "blocks." + i;
      for (String norm : List.of(".norm1", ".norm2")) {
        put(expected, block + norm + ".weight", width);
        put(expected, block + norm + ".bias", width);
      }
      put(expected, block + ".attn.q_bias", width);
      put(expected, block + ".attn.v_bias", width);
      put(expected, block + ".attn.qkv.weight", 3L * width, width);
      linear(expected, block + ".attn.proj", width, width);
      linear(expected, block + ".mlp.fc1", mlp, width);
      linear(expected, block + ".mlp.fc2", width, mlp);
    }
    eva.require(
        expected,
        key ->
            key.startsWith("norm.")
                || key.startsWith("fc_norm.")
                || key.startsWith("head.")
                || blockIndex(key) >= heads.vitBlocks());

    int queries = size(qformer, "query_tokens", 3, 1);
    int queryWidth = size(qformer, "query_tokens", 3, 2);
    var shape =
        new Layers.QueryTransformerShape(layers(qformer, "Qformer.bert"), heads.qformer(), 2);
    expected.clear();
    put(expected, "query_tokens", 1, queries, queryWidth);
    put(expected, "ln_vision.weight", width);
    put(expected, "ln_vision.bias", width);
    bert(expected, qformer, "Qformer.bert", queryWidth, width, shape);
    qformer.require(expected, outside("Qformer.", "ln_vision.", "query_tokens"));
    return new Vision(
        width, patch, grid, heads.vit(), heads.vitBlocks(), mlp, queries, queryWidth, shape);
  }

  /** Sizes of the part between memory and language model. */
  static Projector projector(Checkpoint tuned, Heads heads, int queryWidth, int llamaWidth) {
    int queries = size(tuned, "video_query_tokens", 3, 1);
    int positions = size(tuned, "video_frame_position_embedding.weight", 2, 0);
    var shape =
        new Layers.QueryTransformerShape(layers(tuned, "video_Qformer.bert"), heads.qformer(), 1);
    Map<String, List<Long>> expected = new LinkedHashMap<>();
    put(expected, "video_query_tokens", 1, queries, queryWidth);
    put(expected, "video_frame_position_embedding.weight", positions, queryWidth);
    bert(expected, tuned, "video_Qformer.bert", queryWidth, queryWidth, shape);
    linear(expected, "llama_proj", llamaWidth, queryWidth);
    tuned.require(expected, outside("video_Qformer.", "video_query", "video_frame", "llama_proj."));
    return new Projector(queries, queryWidth, positions, llamaWidth, shape);
  }

  /** Checks that every tensor of a language model is there and fits. */
  static void llama(Checkpoint llama, Llama shape) {
    Map<String, List<Long>> expected = new LinkedHashMap<>();
    int width = shape.width();
    int keys = shape.keyValueHeads() * shape.headWidth();
    put(expected, "model.embed_tokens.weight", shape.vocabulary(), width);
    for (int i = 0; i < shape.layers(); i++) {
      String layer = "model.layers." + i;
      put(expected, layer + ".self_attn.q_proj.weight", width, width);
      put(expected, layer + ".self_attn.k_proj.weight", keys, width);
      put(expected, layer + ".self_attn.v_proj.weight", keys, width);
      put(expected, layer + ".self_attn.o_proj.weight", width, width);
      put(expected, layer + ".mlp.gate_proj.weight", shape.mlp(), width);
      put(expected, layer + ".mlp.up_proj.weight", shape.mlp(), width);
      put(expected, layer + ".mlp.down_proj.weight", width, shape.mlp());
      put(expected, layer + ".input_layernorm.weight", width);
      put(expected, layer + ".post_attention_layernorm.weight", width);
    }
    put(expected, "model.norm.weight", width);
    put(expected, "lm_head.weight", shape.vocabulary(), width);
    llama.require(expected, key -> key.endsWith(".inv_freq"));
  }

  /** Every tensor of a checkpoint outside some modules may stay unused; buffers inside too. */
  private static Predicate<String> outside(String... modules) {
    return key ->
        key.endsWith(".position_ids") || List.of(modules).stream().noneMatch(key::startsWith);
  }

  private static void bert(
      Map<String, List<Long>> expected,
      Checkpoint checkpoint,
      String prefix,
      int width,
      int context,
      Layers.QueryTransformerShape shape) {
    if (width % shape.heads() != 0) {
      throw new ModelException(
          "%s: %s is %d wide, which %d heads do not divide"
              .formatted(checkpoint.name(), prefix, width, shape.heads()));
    }
    norm(expected, prefix + ".embeddings.LayerNorm", width);
    int mlp = size(checkpoint, prefix + ".encoder.layer.0.intermediate_query.dense.weight", 2, 0);
    for (int i = 0; i < shape.layers(); i++) {
      String layer = prefix + ".encoder.layer." + i;
      attention(expected, layer + ".attention", width, width);
      if (i % shape.crossEvery() == 0) {
        attention(expected, layer + ".crossattention", width, context);
      }
      linear(expected, layer + ".intermediate_query.dense", mlp, width);
      linear(expected, layer + ".output_query.dense", width, mlp);
      norm(expected, layer + ".output_query.LayerNorm", width);
    }
  }

  private static void attention(
      Map<String, List<Long>> expected, String name, int width, int context) {
    linear(expected, name + ".self.query", width, width);
    linear(expected, name + ".self.key", width, context);
    linear(expected, name + ".self.value", width, context);
    linear(expected, name + ".output.dense", width, width);
    norm(expected, name + ".output.LayerNorm", width);
  }

  private static void linear(Map<String, List<Long>> expected, String name, int out, int in) {
    put(expected, name + ".weight", out, in);
    put(expected, name + ".bias", out);
  }

  private static void norm(Map<String, List<Long>> expected, String name, int width) {
    put(expected, name + ".weight", width);
    put(expected, name + ".bias", width);
  }

  private static void put(Map<String, List<Long>> expected, String name, long... shape) {
    List<Long> sizes = new ArrayList<>();
    for (long size : shape) {
      sizes.add(size);
    }
    expected.put(name, List.copyOf(sizes));
  }

  /** One more than the largest index in {@code prefix.encoder.layer.INDEX.}. */
  private static int layers(Checkpoint checkpoint, String prefix) {
    String start = prefix + ".encoder.layer.";
    int layers =
        checkpoint.names().stream()
            .filter(key -> key.startsWith(start))
            .mapToInt(key -> index(key, start.length()) + 1)
            .max()
            .orElse(0);
    if (layers == 0 || layers > 1000) {
      throw new ModelException(
          "%s has %d layers %s*; is it the right file?"
              .formatted(checkpoint.name(), layers, start));
    }
    return layers;
  }

  /** Blocks of a vision transformer. */
  static int blocks(Checkpoint eva) {
    return eva.names().stream().mapToInt(key -> blockIndex(key) + 1).max().orElse(0);
  }

  private static int blockIndex(String key) {
    return key.startsWith("blocks.") ? index(key, "blocks.".length()) : -1;
  }

  private static int index(String key, int from) {
    int end = key.indexOf('.', from);
    String digits = end < 0 ? "" : key.substring(from, end);
    return digits.matches("[0-9]{1,4}") ? Integer.parseInt(digits) : -1;
  }

  private static int size(Checkpoint checkpoint, String key, int rank, int dimension) {
    List<Long> shape = checkpoint.get(key).shape();
    if (shape.size() != rank || shape.get(dimension) < 1 || shape.get(dimension) > 1 << 24) {
      throw new ModelException(
          "%s: %s has shape %s, expected %d dimensions"
              .formatted(checkpoint.name(), key, shape, rank));
    }
    return shape.get(dimension).intValue();
  }
}
