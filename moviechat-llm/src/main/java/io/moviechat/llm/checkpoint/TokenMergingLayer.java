package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moviechat.llm.checkpoint.OnnxGraph.Value;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Token merging inside a vision transformer, in ONNX's own operators (Bolya et al., "Token Merging:
 * Your ViT But Faster", ICLR 2023, section 3). Between the attention and the MLP of a block:
 *
 * <ol>
 *   <li>tokens at even places form set A, those at odd places set B; the class token stays itself;
 *   <li>each token of A is paired with the token of B whose key is the most similar: cosine of the
 *       means over heads, the earlier on a tie;
 *   <li>the r most similar pairs merge into B's tokens, averaged by the number of patches that each
 *       stands for; the other tokens of A, in their order, go before all of B.
 * </ol>
 *
 * <p>Attention is proportional: to a score is added the logarithm of the number of patches that the
 * key's token stands for.
 */
final class TokenMergingLayer {
  /** Below any cosine. */
  private static final float NEVER = -2;

  private final OnnxGraph graph;
  private final int heads;

  TokenMergingLayer(OnnxGraph graph, int heads) {
    this.graph = graph;
    this.heads = heads;
  }

  /**
   * Tokens of a block.
   *
   * @param x {@code [frames, tokens, width]}
   * @param patches how many patches each stands for, {@code [frames, tokens, 1]} of float32; null
   *     if one each
   */
  record Tokens(Value x, @Nullable Value patches) {}

  /** The tokens that one block may merge: the class token takes no part. */
  static int most(int tokens, int wanted) {
    return Math.min(wanted, (tokens - 1) / 2);
  }

  /** Attention of equal heads that looks at a token as often as it stands for patches. */
  Value attention(String path, Value query, Value key, Value value, Value patches) {
    DataType type = query.type();
    String tokens = query.dim(1);
    String each = String.valueOf(query.size(-1) / heads);
    String count = String.valueOf(heads);
    Value q = heads(path + "/q", query, List.of(0L, 2L, 1L, 3L), count, tokens, each);
    Value k = heads(path + "/k", key, List.of(0L, 2L, 3L, 1L), count, each, tokens);
    Value v = heads(path + "/v", value, List.of(0L, 2L, 1L, 3L), count, tokens, each);
    List<String> table = List.of(query.dim(0), count, tokens, tokens);
    Value products = graph.node("MatMul", path + "/scores").in(q, k).out(type, table);
    Value scale =
        graph.weight(
            "attention.scale." + type,
            Weight.floats(
                List.of(), new float[] {(float) Math.sqrt((double) heads / query.size(-1))}, type));
    Value scaled = graph.node("Mul", path + "/scores").in(products, scale).out(type, table);
    Value logarithm =
        graph.node("Log", path + "/patches").in(patches).out(DataType.FLOAT, patches.shape());
    Value row =
        graph
            .node("Reshape", path + "/patches")
            .in(logarithm, graph.integers(0, 1, 1, patches.size(1)))
            .out(DataType.FLOAT, List.of(query.dim(0), "1", "1", tokens));
    Value bias = graph.cast(row, type, path + "/patches");
    Value biased = graph.node("Add", path + "/scores").in(scaled, bias).out(type, table);
    Value shares =
        graph.node("Softmax", path + "/scores").in(biased).attribute("axis", -1).out(type, table);
    Value mixed = graph.node("MatMul", path + "/mixed").in(shares, v).out(type, v.shape());
    Value together =
        graph
            .node("Transpose", path + "/mixed")
            .in(mixed)
            .attribute("perm", List.of(0L, 2L, 1L, 3L))
            .out(type, List.of(query.dim(0), tokens, count, each));
    return graph
        .node("Reshape", path + "/mixed")
        .in(together, graph.integers(0, 0, query.size(-1)))
        .out(type, query.shape());
  }

  private Value heads(String path, Value x, List<Long> order, String... shape) {
    long each = x.size(-1) / heads;
    Value split =
        graph
            .node("Reshape", path)
            .in(x, graph.integers(0, 0, heads, each))
            .out(
                x.type(), List.of(x.dim(0), x.dim(1), String.valueOf(heads), String.valueOf(each)));
    return graph
        .node("Transpose", path)
        .in(split)
        .attribute("perm", order)
        .out(x.type(), List.of(x.dim(0), shape[0], shape[1], shape[2]));
  }

  /**
   * Merges tokens.
   *
   * @param keys the block's keys, {@code [frames, tokens, width]}
   * @param merged how many fewer there will be, 1 to {@link #most}
   */
  Tokens merge(String path, Tokens tokens, Value keys, int merged) {
    Value x = tokens.x();
    String frames = x.dim(0);
    int count = (int) x.size(1);
    long width = x.size(2);
    int even = (count + 1) / 2;
    int kept = even - merged;

    Value directions = directions(path + "/keys", keys);
    List<String> pairs = List.of(frames, String.valueOf(even), String.valueOf(count / 2));
    Value evenKeys = everySecond(path + "/keys/a", directions, 0, even);
    Value oddKeys = everySecond(path + "/keys/b", directions, 1, count / 2);
    Value turned =
        graph
            .node("Transpose", path + "/keys/b")
            .in(oddKeys)
            .attribute("perm", List.of(0L, 2L, 1L))
            .out(DataType.FLOAT, List.of(frames, oddKeys.dim(2), oddKeys.dim(1)));
    Value cosines =
        graph.node("MatMul", path + "/cosines").in(evenKeys, turned).out(DataType.FLOAT, pairs);
    float[] classToken = new float[even];
    classToken[0] = NEVER;
    Value protection =
        graph.weight(
            "class_token.never_merged." + even,
            Weight.floats(List.of((long) even, 1L), classToken));
    cosines =
        graph.node("Add", path + "/cosines").in(cosines, protection).out(DataType.FLOAT, pairs);
    List<String> perLeft = List.of(frames, String.valueOf(even));
    Value best =
        graph
            .node("ReduceMax", path + "/best")
            .in(cosines, graph.integers(-1))
            .attribute("keepdims", 0)
            .out(DataType.FLOAT, perLeft);
    Value partner =
        graph
            .node("ArgMax", path + "/best")
            .in(cosines)
            .attribute("axis", -1)
            .attribute("keepdims", 0)
            .out(DataType.INT64, perLeft);
    OnnxGraph.Node sorted =
        graph
            .node("TopK", path + "/order")
            .in(best, graph.integers(even))
            .more(DataType.FLOAT, perLeft);
    Value order = sorted.out(DataType.INT64, perLeft);
    Value moving = slice(path + "/moving", order, 1, 0, merged);
    List<String> perKept = List.of(frames, String.valueOf(kept));
    OnnxGraph.Node inPlace =
        graph
            .node("TopK", path + "/staying")
            .in(slice(path + "/staying", order, 1, merged, even), graph.integers(kept))
            .attribute("largest", 0)
            .more(DataType.INT64, perKept);
    inPlace.out(DataType.INT64, perKept);
    Value staying = inPlace.result(0);
    Value target =
        graph
            .node("GatherElements", path + "/target")
            .in(partner, moving)
            .attribute("axis", 1)
            .out(DataType.INT64, moving.shape());

    Value sums = sums(path, tokens);
    long wide = width + 1;
    Value a = everySecond(path + "/a", sums, 0, even);
    Value b = everySecond(path + "/b", sums, 1, count / 2);
    Value stay = rows(path + "/staying", a, staying);
    Value move = rows(path + "/moving", a, moving);
    Value places =
        graph
            .node("Expand", path + "/target")
            .in(column(path + "/target", target), graph.integers(1, 1, wide))
            .out(DataType.INT64, move.shape());
    Value joined =
        graph
            .node("ScatterElements", path + "/merged")
            .in(b, places, move)
            .attribute("axis", 1)
            .attribute("reduction", "add")
            .out(DataType.FLOAT, b.shape());
    String left = String.valueOf(count - merged);
    Value all =
        graph
            .node("Concat", path + "/merged")
            .in(stay, joined)
            .attribute("axis", 1)
            .out(DataType.FLOAT, List.of(frames, left, String.valueOf(wide)));
    Value patches = slice(path + "/patches", all, 2, width, wide);
    Value mean =
        graph
            .node("Div", path + "/mean")
            .in(slice(path + "/mean", all, 2, 0, width), patches)
            .out(DataType.FLOAT, List.of(frames, left, String.valueOf(width)));
    return new Tokens(mean, patches);
  }

  /** Means of the keys over the heads, of length 1. */
  private Value directions(String path, Value keys) {
    long each = keys.size(2) / heads;
    Value split =
        graph
            .node("Reshape", path)
            .in(graph.cast(keys, DataType.FLOAT, path), graph.integers(0, 0, heads, each))
            .out(
                DataType.FLOAT,
                List.of(keys.dim(0), keys.dim(1), String.valueOf(heads), String.valueOf(each)));
    List<String> shape = List.of(keys.dim(0), keys.dim(1), String.valueOf(each));
    Value mean =
        graph
            .node("ReduceMean", path)
            .in(split, graph.integers(2))
            .attribute("keepdims", 0)
            .out(DataType.FLOAT, shape);
    return graph
        .node("LpNormalization", path)
        .in(mean)
        .attribute("axis", -1)
        .attribute("p", 2)
        .out(DataType.FLOAT, shape);
  }

  /** Tokens times their patches, and the patches in one more column. */
  private Value sums(String path, Tokens tokens) {
    Value x = tokens.x();
    List<String> shape = List.of(x.dim(0), x.dim(1), String.valueOf(x.size(2) + 1));
    Value patches = tokens.patches();
    Value weighted = x;
    if (patches == null) {
      Value one = graph.weight("patches.one", Weight.floats(List.of(1L, 1L, 1L), new float[] {1}));
      Value size =
          graph
              .node("Shape", path + "/ones")
              .in(x)
              .attribute("start", 0)
              .attribute("end", 2)
              .out(DataType.INT64, List.of("2"));
      Value sizes =
          graph
              .node("Concat", path + "/ones")
              .in(size, graph.integers(1))
              .attribute("axis", 0)
              .out(DataType.INT64, List.of("3"));
      patches =
          graph
              .node("Expand", path + "/ones")
              .in(one, sizes)
              .out(DataType.FLOAT, List.of(x.dim(0), x.dim(1), "1"));
    } else {
      weighted = graph.node("Mul", path + "/sums").in(x, patches).out(DataType.FLOAT, x.shape());
    }
    return graph
        .node("Concat", path + "/sums")
        .in(weighted, patches)
        .attribute("axis", 2)
        .out(DataType.FLOAT, shape);
  }

  private Value rows(String path, Value table, Value indices) {
    return graph
        .node("GatherND", path + "/rows")
        .in(table, column(path + "/rows", indices))
        .attribute("batch_dims", 1)
        .out(table.type(), List.of(table.dim(0), indices.dim(1), table.dim(2)));
  }

  private Value column(String path, Value indices) {
    return graph
        .node("Unsqueeze", path)
        .in(indices, graph.integers(-1))
        .out(DataType.INT64, List.of(indices.dim(0), indices.dim(1), "1"));
  }

  private Value everySecond(String path, Value x, int first, int count) {
    return graph
        .node("Slice", path)
        .in(x, graph.integers(first), graph.integers(Long.MAX_VALUE))
        .in(graph.integers(1), graph.integers(2))
        .out(x.type(), List.of(x.dim(0), String.valueOf(count), x.dim(2)));
  }

  private Value slice(String path, Value x, int axis, long from, long to) {
    String[] shape = x.shape().toArray(String[]::new);
    shape[axis] = String.valueOf(to - from);
    return graph
        .node("Slice", path)
        .in(x, graph.integers(from), graph.integers(to), graph.integers(axis))
        .out(x.type(), Arrays.asList(shape));
  }
}
