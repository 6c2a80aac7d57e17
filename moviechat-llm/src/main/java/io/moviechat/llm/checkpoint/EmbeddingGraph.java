package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moviechat.llm.checkpoint.OnnxGraph.Value;
import java.util.List;

/** {@code input_ids [batch, sequence]} to {@code inputs_embeds [batch, sequence, width]}. */
final class EmbeddingGraph {
  private EmbeddingGraph() {}

  /**
   * @param storage FLOAT or FLOAT16; what comes out is float32 in any case
   */
  static OnnxGraph build(Checkpoint llama, DataType storage) {
    OnnxGraph graph = new OnnxGraph("embed_tokens");
    Value ids = graph.input("input_ids", DataType.INT64, "batch", "sequence");
    Value table =
        graph.weight(
            "model.embed_tokens.weight",
            Weight.of(llama.get("model.embed_tokens.weight"), storage));
    Value rows =
        graph
            .node("Gather", "/model/embed_tokens")
            .in(table, ids)
            .out(storage, List.of("batch", "sequence", table.dim(1)));
    graph.output("inputs_embeds", graph.cast(rows, DataType.FLOAT, "/model/embed_tokens"));
    return graph;
  }
}
