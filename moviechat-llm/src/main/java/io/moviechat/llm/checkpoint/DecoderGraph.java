package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moviechat.llm.checkpoint.OnnxGraph.Value;
import java.util.ArrayList;
import java.util.List;

/**
 * LLaMA with a KV cache: {@code inputs_embeds [batch, sequence, width]} to {@code logits}, of the
 * last {@code num_logits_to_keep} positions (0: of all). Caches are {@code past_key_values.I.key}
 * and {@code .value}, {@code [batch, heads, past, headWidth]}, and come back as {@code
 * present.I.*}.
 */
final class DecoderGraph {
  /** How attention is written. */
  enum Attention {
    /** ONNX Runtime's MultiHeadAttention. */
    MULTI_HEAD,
    /** ONNX Runtime's GroupQueryAttention, rotation included. */
    GROUP_QUERY
  }

  /**
   * MatMulNBits may round its input to 8 bits: next to 4-bit weights that is lost in the noise (on
   * the goldens an error of 0.203 became 0.204), and processors multiply 8 bits several times
   * faster.
   */
  private static final int INT8_ACTIVATIONS = 4;

  private static final String BATCH = "batch";
  private static final String SEQUENCE = "sequence";
  private static final String PAST = "past_sequence";
  private static final String TOTAL = "total_sequence";

  private final OnnxGraph graph = new OnnxGraph("decoder_model_merged");
  private final Checkpoint llama;
  private final Networks.Llama shape;
  private final DataType compute;
  private final int int4Block;
  private final Attention attention;
  private final List<String> hidden;

  private DecoderGraph(
      Checkpoint llama,
      Networks.Llama shape,
      DataType compute,
      int int4Block,
      Attention attention) {
    this.llama = llama;
    this.shape = shape;
    this.compute = compute;
    this.int4Block = int4Block;
    this.attention = attention;
    this.hidden = List.of(BATCH, SEQUENCE, String.valueOf(shape.width()));
  }

  /**
   * @param compute type of products and caches, FLOAT or FLOAT16
   * @param int4Block 0, or the block size of matrices in 4 bits
   */
  static OnnxGraph build(
      Checkpoint llama,
      Networks.Llama shape,
      DataType compute,
      int int4Block,
      Attention attention) {
    return new DecoderGraph(llama, shape, compute, int4Block, attention).build();
  }

  private OnnxGraph build() {
    Value embeddings = graph.input("inputs_embeds", DataType.FLOAT, hidden.toArray(String[]::new));
    Value mask = graph.input("attention_mask", DataType.INT64, BATCH, TOTAL);
    Value positions = graph.input("position_ids", DataType.INT64, BATCH, SEQUENCE);
    Value keep = graph.input("num_logits_to_keep", DataType.INT64);
    String heads = String.valueOf(shape.keyValueHeads());
    String headWidth = String.valueOf(shape.headWidth());
    List<Value> past = new ArrayList<>();
    for (int i = 0; i < shape.layers(); i++) {
      for (String part : List.of("key", "value")) {
        past.add(
            graph.input(
                "past_key_values." + i + "." + part, compute, BATCH, heads, PAST, headWidth));
      }
    }
    Rotation rotation = rotation(positions);
    Lengths lengths = lengths(mask);
    Value x = graph.cast(embeddings, compute, "/model/inputs_embeds");
    List<Value> present = new ArrayList<>();
    for (int i = 0; i < shape.layers(); i++) {
      graph.mark("llama_hidden_" + i, x);
      x = layer(x, i, past.get(2 * i), past.get(2 * i + 1), rotation, lengths, present);
    }
    Value normed = rmsNorm("/model/norm", x, "model.norm.weight");
    graph.mark("llama_norm", normed);
    Value negative = graph.node("Neg", "/lm_head/keep").in(keep).out(DataType.INT64, List.of());
    Value start =
        graph
            .node("Unsqueeze", "/lm_head/keep")
            .in(negative, graph.integers(0))
            .out(DataType.INT64, List.of("1"));
    Value last =
        graph
            .node("Slice", "/lm_head/keep")
            .in(normed, start, graph.integers(Long.MAX_VALUE), graph.integers(1))
            .out(compute, List.of(BATCH, "kept", hidden.get(2)));
    Value logits = linear("/lm_head", last, "lm_head.weight");
    graph.output("logits", graph.cast(logits, DataType.FLOAT, "/lm_head"));
    for (int i = 0; i < shape.layers(); i++) {
      graph.output("present." + i + ".key", present.get(2 * i));
      graph.output("present." + i + ".value", present.get(2 * i + 1));
    }
    return graph;
  }

  private Value layer(
      Value x,
      int i,
      Value pastKey,
      Value pastValue,
      Rotation rotation,
      Lengths lengths,
      List<Value> present) {
    String path = "/model/layers." + i;
    String layer = "model.layers." + i;
    Value normed = rmsNorm(path + "/input_layernorm", x, layer + ".input_layernorm.weight");
    String attn = path + "/self_attn";
    Value query = linear(attn + "/q_proj", normed, layer + ".self_attn.q_proj.weight");
    Value key = linear(attn + "/k_proj", normed, layer + ".self_attn.k_proj.weight");
    Value value = linear(attn + "/v_proj", normed, layer + ".self_attn.v_proj.weight");
    List<String> cache = List.of(BATCH, pastKey.dim(1), TOTAL, pastKey.dim(3));
    Value mixed =
        switch (attention) {
          case GROUP_QUERY -> {
            OnnxGraph.Node node =
                graph
                    .microsoft("GroupQueryAttention", attn)
                    .in(query, key, value, pastKey, pastValue)
                    .in(lengths.lastIndex(), lengths.total(), rotation.cos(), rotation.sin())
                    .attribute("num_heads", shape.heads())
                    .attribute("kv_num_heads", shape.keyValueHeads())
                    .attribute("do_rotary", 1);
            node.more(compute, hidden).more(compute, cache).out(compute, cache);
            present.add(node.result(1));
            present.add(node.result(2));
            yield node.result(0);
          }
          case MULTI_HEAD -> {
            OnnxGraph.Node node =
                graph
                    .microsoft("MultiHeadAttention", attn)
                    .in(rotate(attn + "/q_rotary", query, rotation))
                    .in(rotate(attn + "/k_rotary", key, rotation), value)
                    .skip(3)
                    .in(pastKey, pastValue)
                    .attribute("num_heads", shape.heads())
                    .attribute("unidirectional", 1);
            node.more(compute, hidden).more(compute, cache).out(compute, cache);
            present.add(node.result(1));
            present.add(node.result(2));
            yield node.result(0);
          }
        };
    x =
        sum(
            attn + "/residual",
            x,
            linear(attn + "/o_proj", mixed, layer + ".self_attn.o_proj.weight"));
    String mlp = path + "/mlp";
    Value second =
        rmsNorm(path + "/post_attention_layernorm", x, layer + ".post_attention_layernorm.weight");
    Value gate = linear(mlp + "/gate_proj", second, layer + ".mlp.gate_proj.weight");
    Value up = linear(mlp + "/up_proj", second, layer + ".mlp.up_proj.weight");
    Value sigmoid = graph.node("Sigmoid", mlp + "/silu").in(gate).out(compute, gate.shape());
    Value silu = graph.node("Mul", mlp + "/silu").in(gate, sigmoid).out(compute, gate.shape());
    Value gated = graph.node("Mul", mlp + "/gated").in(silu, up).out(compute, up.shape());
    return sum(
        mlp + "/residual", x, linear(mlp + "/down_proj", gated, layer + ".mlp.down_proj.weight"));
  }

  private Value sum(String path, Value a, Value b) {
    return graph.node("Add", path).in(a, b).out(compute, a.shape());
  }

  private Value rmsNorm(String path, Value x, String weight) {
    Value scale = graph.weight(weight, Weight.of(llama.get(weight), compute));
    return graph
        .node("SimplifiedLayerNormalization", path)
        .in(x, scale)
        .attribute("axis", -1)
        .attribute("epsilon", (float) shape.epsilon())
        .attribute("stash_type", 1)
        .out(compute, x.shape());
  }

  private Value linear(String path, Value x, String weight) {
    Tensor matrix = llama.get(weight);
    long out = matrix.shape().get(0);
    long in = matrix.shape().get(1);
    if (x.size(-1) != in) {
      throw new IllegalArgumentException(
          path + " multiplies " + x.shape() + " by " + matrix.shape());
    }
    List<String> result = List.of(x.dim(0), x.dim(1), String.valueOf(out));
    if (int4Block == 0) {
      Value turned = graph.weight(weight, Weight.transposed(matrix, compute));
      return graph.node("MatMul", path).in(x, turned).out(compute, result);
    }
    FourBits bits = new FourBits(matrix, int4Block);
    Value values = graph.weight(weight + ".q4", bits.values());
    Value scales = graph.weight(weight + ".scales", bits.scales(compute));
    Value zeros = graph.weight(weight + ".zero_points", bits.zeroPoints());
    return graph
        .microsoft("MatMulNBits", path)
        .in(x, values, scales, zeros)
        .attribute("K", in)
        .attribute("N", out)
        .attribute("bits", 4)
        .attribute("block_size", int4Block)
        .attribute("accuracy_level", INT8_ACTIVATIONS)
        .out(compute, result);
  }

  private record Rotation(Value positions, Value cos, Value sin) {}

  private Rotation rotation(Value positions) {
    int half = shape.headWidth() / 2;
    float[] cos = new float[shape.context() * half];
    float[] sin = new float[cos.length];
    for (int t = 0; t < shape.context(); t++) {
      for (int k = 0; k < half; k++) {
        double angle = t * Math.pow(shape.ropeBase(), -2.0 * k / shape.headWidth());
        cos[t * half + k] = (float) Math.cos(angle);
        sin[t * half + k] = (float) Math.sin(angle);
      }
    }
    List<Long> table = List.of((long) shape.context(), (long) half);
    return new Rotation(
        positions,
        graph.weight("rotary.cos", Weight.floats(table, cos, compute)),
        graph.weight("rotary.sin", Weight.floats(table, sin, compute)));
  }

  private Value rotate(String path, Value x, Rotation rotation) {
    return graph
        .microsoft("RotaryEmbedding", path)
        .in(x, rotation.positions(), rotation.cos(), rotation.sin())
        .out(compute, x.shape());
  }

  /**
   * Lengths as the attention operators want them.
   *
   * @param lastIndex index of the newest token, int32 {@code [batch]}
   * @param total number of tokens, int32 scalar
   */
  private record Lengths(Value lastIndex, Value total) {}

  private Lengths lengths(Value mask) {
    return switch (attention) {
      case MULTI_HEAD -> new Lengths(mask, mask);
      case GROUP_QUERY -> {
        Value count =
            graph
                .node("ReduceSum", "/model/lengths")
                .in(mask, graph.integers(1))
                .attribute("keepdims", 0)
                .out(DataType.INT64, List.of(BATCH));
        Value index =
            graph
                .node("Sub", "/model/lengths")
                .in(count, graph.integer(1))
                .out(DataType.INT64, List.of(BATCH));
        Value total = total(mask);
        yield new Lengths(
            graph.cast(index, DataType.INT32, "/model/lengths/last"),
            graph.cast(total, DataType.INT32, "/model/lengths/total"));
      }
    };
  }

  private Value total(Value mask) {
    Value size =
        graph
            .node("Shape", "/model/lengths")
            .in(mask)
            .attribute("start", 1)
            .attribute("end", 2)
            .out(DataType.INT64, List.of("1"));
    return graph.node("Squeeze", "/model/lengths").in(size).out(DataType.INT64, List.of());
  }
}
