package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moviechat.llm.checkpoint.OnnxGraph.Value;
import java.util.ArrayList;
import java.util.List;

/**
 * The layers that several networks have in common, over the tensors of one checkpoint.
 *
 * <p>Precision follows the original: with {@link DataType#FLOAT16} as compute type the products run
 * in fp16 while what comes in and goes out of a layer, and norms, stay in float32.
 */
final class Layers {
  private final OnnxGraph graph;
  private final Checkpoint weights;
  private final DataType compute;

  /**
   * @param compute type of the products: FLOAT or FLOAT16
   */
  Layers(OnnxGraph graph, Checkpoint weights, DataType compute) {
    this.graph = graph;
    this.weights = weights;
    this.compute = compute;
  }

  Tensor tensor(String name) {
    return weights.get(name);
  }

  /** A tensor as a float32 weight under its own name. */
  Value weight(String name) {
    return graph.weight(name, Weight.of(weights.get(name), DataType.FLOAT));
  }

  /** {@code x W^T + b} of {@code prefix.weight}, {@code prefix.bias}; in the compute type. */
  Value linear(String path, Value x, String prefix) {
    Value bias = graph.weight(prefix + ".bias", Weight.of(weights.get(prefix + ".bias"), compute));
    return linear(path, x, prefix + ".weight", bias);
  }

  /** {@code x W^T + b} with a bias made elsewhere. */
  Value linear(String path, Value x, String weight, Value bias) {
    Tensor tensor = weights.get(weight);
    Value matrix = graph.weight(weight, Weight.transposed(tensor, compute));
    Value product = matmul(path, graph.cast(x, compute, path + "/in"), matrix);
    return graph.node("Add", path).in(product, bias).out(compute, product.shape());
  }

  /** A product with a matrix {@code [in, out]}. */
  Value matmul(String path, Value x, Value matrix) {
    if (!x.dim(-1).equals(matrix.dim(0))) {
      throw new IllegalArgumentException(
          "%s multiplies %s by %s".formatted(path, x.shape(), matrix.shape()));
    }
    List<String> shape = new ArrayList<>(x.shape());
    shape.set(shape.size() - 1, matrix.dim(1));
    return graph.node("MatMul", path).in(x, matrix).out(x.type(), shape);
  }

  /** LayerNorm over the last axis, in float32. */
  Value layerNorm(String path, Value x, String prefix, double epsilon) {
    Value scale = weight(prefix + ".weight");
    if (!scale.dim(0).equals(x.dim(-1))) {
      throw new IllegalArgumentException(path + " norms " + x.shape() + " by " + scale.shape());
    }
    return graph
        .node("LayerNormalization", path)
        .in(graph.cast(x, DataType.FLOAT, path + "/in"), scale, weight(prefix + ".bias"))
        .attribute("axis", -1)
        .attribute("epsilon", (float) epsilon)
        .out(DataType.FLOAT, x.shape());
  }

  /** Adds in float32. */
  Value add(String path, Value a, Value b) {
    Value left = graph.cast(a, DataType.FLOAT, path + "/a");
    Value right = graph.cast(b, DataType.FLOAT, path + "/b");
    List<String> shape = new ArrayList<>(left.shape());
    for (int d = 1; d <= right.shape().size(); d++) {
      String mine = left.dim(-d);
      String other = right.dim(-d);
      if (!mine.equals(other) && !mine.equals("1") && !other.equals("1")) {
        throw new IllegalArgumentException(path + " adds " + a.shape() + " and " + b.shape());
      }
      if (mine.equals("1")) {
        shape.set(shape.size() - d, other);
      }
    }
    return graph.node("Add", path).in(left, right).out(DataType.FLOAT, shape);
  }

  /** The exact GELU (erf). */
  Value gelu(String path, Value x) {
    return graph.node("Gelu", path).in(x).out(x.type(), x.shape());
  }

  /** Attention of equal heads; scores over the root of the head's width. */
  Value attention(String path, Value query, Value key, Value value, int heads) {
    if (query.size(-1) % heads != 0 || !query.dim(-1).equals(key.dim(-1))) {
      throw new IllegalArgumentException(
          "%s has %d heads on %s and %s".formatted(path, heads, query.shape(), key.shape()));
    }
    return graph
        .microsoft("MultiHeadAttention", path)
        .in(query, key, value)
        .attribute("num_heads", heads)
        .out(query.type(), query.shape());
  }

  /**
   * A stack of BERT layers over learned queries (a Q-Former): self-attention, cross-attention to a
   * context in each layer whose index is divisible by {@code crossEvery}, and the queries'
   * feed-forward part; each followed by LayerNorm over the sum (epsilon 1e-12).
   *
   * @param root path of the nodes
   * @param prefix of the tensors, {@code Qformer.bert} for instance
   * @param queries {@code [1, queries, width]}
   * @param context {@code [batch, tokens, contextWidth]}
   * @param batch an int64 of one element with the context's batch size
   * @return {@code [batch, queries, width]}
   */
  Value queryTransformer(
      String root,
      String prefix,
      Value queries,
      Value context,
      Value batch,
      QueryTransformerShape shape,
      String stage) {
    Value x =
        layerNorm(root + "/embeddings/LayerNorm", queries, prefix + ".embeddings.LayerNorm", 1e-12);
    graph.mark(stage + "_embeddings", x);
    boolean spread = false;
    for (int i = 0; i < shape.layers(); i++) {
      String path = root + "/layer." + i;
      String layer = prefix + ".encoder.layer." + i;
      x = attend(path + "/attention", layer + ".attention", x, x, shape.heads());
      if (i % shape.crossEvery() == 0) {
        if (!spread) {
          // Until the first look at the context all frames are alike.
          Value ones = graph.integers(1, 1);
          Value sizes =
              graph
                  .node("Concat", path + "/spread/sizes")
                  .in(batch, ones)
                  .attribute("axis", 0)
                  .out(DataType.INT64, List.of("3"));
          x =
              graph
                  .node("Expand", path + "/spread")
                  .in(x, sizes)
                  .out(DataType.FLOAT, List.of(context.dim(0), x.dim(1), x.dim(2)));
          spread = true;
        }
        x = attend(path + "/crossattention", layer + ".crossattention", x, context, shape.heads());
      }
      Value hidden =
          gelu(
              path + "/intermediate_query",
              linear(path + "/intermediate_query/dense", x, layer + ".intermediate_query.dense"));
      Value out = linear(path + "/output_query/dense", hidden, layer + ".output_query.dense");
      x =
          layerNorm(
              path + "/output_query/LayerNorm",
              add(path + "/output_query/residual", x, out),
              layer + ".output_query.LayerNorm",
              1e-12);
      graph.mark(stage + "_layer_" + i, x);
    }
    return x;
  }

  private Value attend(String path, String layer, Value x, Value context, int heads) {
    Value query = linear(path + "/query", x, layer + ".self.query");
    Value key = linear(path + "/key", context, layer + ".self.key");
    Value value = linear(path + "/value", context, layer + ".self.value");
    Value mixed = attention(path, query, key, value, heads);
    Value out = linear(path + "/output/dense", mixed, layer + ".output.dense");
    return layerNorm(
        path + "/output/LayerNorm",
        add(path + "/output/residual", x, out),
        layer + ".output.LayerNorm",
        1e-12);
  }

  /**
   * Sizes of a Q-Former that its tensors' shapes do not tell.
   *
   * @param crossEvery cross-attention is in layers divisible by this
   */
  record QueryTransformerShape(int layers, int heads, int crossEvery) {}
}
