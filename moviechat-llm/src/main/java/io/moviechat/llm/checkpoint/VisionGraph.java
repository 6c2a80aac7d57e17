package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moviechat.llm.checkpoint.OnnxGraph.Value;
import io.moviechat.llm.checkpoint.TokenMergingLayer.Tokens;
import java.util.List;

/**
 * EVA-CLIP's vision transformer without its last block, {@code ln_vision}, and BLIP-2's Q-Former:
 * {@code pixel_values [frames, 3, side, side]} to {@code image_features [frames, queries, width]}.
 */
final class VisionGraph {
  private static final String FRAMES = "frames";

  private VisionGraph() {}

  /**
   * @param grid patches per side of the pictures that it is made for
   * @param compute FLOAT or FLOAT16
   * @param merged tokens that each block merges ({@link TokenMergingLayer}), 0 for none
   */
  static OnnxGraph build(
      Checkpoint eva,
      Checkpoint qformer,
      Networks.Vision shape,
      int grid,
      DataType compute,
      int merged) {
    OnnxGraph graph = new OnnxGraph("vision_encoder");
    Layers vit = new Layers(graph, eva, compute);
    String side = String.valueOf(grid * shape.patch());
    Value pixels = graph.input("pixel_values", DataType.FLOAT, FRAMES, "3", side, side);
    Value frames =
        graph
            .node("Shape", "/vit/frames")
            .in(pixels)
            .attribute("start", 0)
            .attribute("end", 1)
            .out(DataType.INT64, List.of("1"));
    Value embedded = embed(graph, vit, pixels, frames, shape, grid, compute);
    Tokens tokens = new Tokens(embedded, null);
    for (int i = 0; i < shape.blocks(); i++) {
      tokens = block(graph, vit, tokens, i, shape, compute, merged);
      graph.mark("vit_block_" + i, tokens.x());
    }
    Layers bridge = new Layers(graph, qformer, compute);
    Value image = bridge.layerNorm("/ln_vision", tokens.x(), "ln_vision", 1e-5);
    graph.mark("ln_vision", image);
    Value features =
        bridge.queryTransformer(
            "/qformer",
            "Qformer.bert",
            bridge.weight("query_tokens"),
            image,
            frames,
            shape.qformer(),
            "qformer");
    graph.output("image_features", features);
    return graph;
  }

  private static Value embed(
      OnnxGraph graph,
      Layers vit,
      Value pixels,
      Value frames,
      Networks.Vision shape,
      int grid,
      DataType compute) {
    String path = "/vit/patch_embed";
    String width = String.valueOf(shape.width());
    String cells = String.valueOf(grid);
    String patches = String.valueOf(grid * grid);
    Value kernel =
        graph.weight(
            "patch_embed.proj.weight", Weight.of(vit.tensor("patch_embed.proj.weight"), compute));
    Value bias =
        graph.weight(
            "patch_embed.proj.bias", Weight.of(vit.tensor("patch_embed.proj.bias"), compute));
    Value convolved =
        graph
            .node("Conv", path)
            .in(graph.cast(pixels, compute, path + "/in"), kernel, bias)
            .attribute("kernel_shape", List.of((long) shape.patch(), (long) shape.patch()))
            .attribute("strides", List.of((long) shape.patch(), (long) shape.patch()))
            .out(compute, List.of(FRAMES, width, cells, cells));
    Value rows =
        graph
            .node("Reshape", path)
            .in(convolved, graph.integers(0, shape.width(), (long) grid * grid))
            .out(compute, List.of(FRAMES, width, patches));
    Value tokens =
        graph
            .node("Transpose", path)
            .in(rows)
            .attribute("perm", List.of(0L, 2L, 1L))
            .out(compute, List.of(FRAMES, patches, width));
    tokens = graph.cast(tokens, DataType.FLOAT, path + "/out");
    graph.mark("vit_patch_embed", tokens);
    Value sizes =
        graph
            .node("Concat", "/vit/cls_token/sizes")
            .in(frames, graph.integers(1, 1))
            .attribute("axis", 0)
            .out(DataType.INT64, List.of("3"));
    Value first =
        graph
            .node("Expand", "/vit/cls_token")
            .in(vit.weight("cls_token"), sizes)
            .out(DataType.FLOAT, List.of(FRAMES, "1", width));
    String all = String.valueOf(grid * grid + 1);
    Value joined =
        graph
            .node("Concat", "/vit/embed")
            .in(first, tokens)
            .attribute("axis", 1)
            .out(DataType.FLOAT, List.of(FRAMES, all, width));
    float[] table = vit.tensor("pos_embed").values();
    Value positions =
        graph.weight(
            "pos_embed",
            Weight.floats(
                List.of(1L, (long) grid * grid + 1, (long) shape.width()),
                PositionGrid.resize(table, shape.grid(), grid, shape.width())));
    return vit.add("/vit/pos_embed", joined, positions);
  }

  private static Tokens block(
      OnnxGraph graph,
      Layers vit,
      Tokens tokens,
      int i,
      Networks.Vision shape,
      DataType compute,
      int wanted) {
    Value x = tokens.x();
    String path = "/vit/blocks." + i;
    String block = "blocks." + i;
    int width = shape.width();
    // The file has biases for queries and values only; those of the keys are zero.
    float[] biases = new float[3 * width];
    vit.tensor(block + ".attn.q_bias").read(0, biases, 0, width);
    vit.tensor(block + ".attn.v_bias").read(0, biases, 2 * width, width);
    Value bias =
        graph.weight(block + ".attn.qkv.bias", Weight.floats(List.of(3L * width), biases, compute));
    Value normed = vit.layerNorm(path + "/norm1", x, block + ".norm1", 1e-6);
    Value all = vit.linear(path + "/attn/qkv", normed, block + ".attn.qkv.weight", bias);
    List<String> one = List.of(x.dim(0), x.dim(1), String.valueOf(width));
    OnnxGraph.Node split =
        graph
            .node("Split", path + "/attn")
            .in(all)
            .attribute("axis", -1)
            .attribute("num_outputs", 3)
            .more(compute, one)
            .more(compute, one);
    Value value = split.out(compute, one);
    Value query = split.result(0);
    Value key = split.result(1);
    TokenMergingLayer merging = new TokenMergingLayer(graph, shape.heads());
    Value patches = tokens.patches();
    Value mixed =
        patches == null
            ? vit.attention(path + "/attn", query, key, value, shape.heads())
            : merging.attention(path + "/attn", query, key, value, patches);
    Value attended = vit.linear(path + "/attn/proj", mixed, block + ".attn.proj");
    x = vit.add(path + "/attn/residual", x, attended);
    int merged = TokenMergingLayer.most((int) x.size(1), wanted);
    if (merged > 0) {
      Tokens fewer = merging.merge(path + "/merge", new Tokens(x, patches), key, merged);
      x = fewer.x();
      patches = fewer.patches();
    }
    Value second = vit.layerNorm(path + "/norm2", x, block + ".norm2", 1e-6);
    Value hidden =
        vit.gelu(path + "/mlp", vit.linear(path + "/mlp/fc1", second, block + ".mlp.fc1"));
    Value out = vit.linear(path + "/mlp/fc2", hidden, block + ".mlp.fc2");
    return new Tokens(vit.add(path + "/mlp/residual", x, out), patches);
  }
}
