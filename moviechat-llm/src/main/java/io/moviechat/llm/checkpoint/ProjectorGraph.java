package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moviechat.llm.checkpoint.OnnxGraph.Value;
import java.util.List;

/**
 * From memory to language model: extended positions, video Q-Former, projection. {@code memory
 * [slots, tokens, width]} to {@code video_embeds [queries, out]}. Always float32, as in the
 * original, which leaves its autocast here.
 *
 * <p>Positions. Of a learned table p with n rows in use and alpha = 0.01, row {@code i * n + j} of
 * the extended table is {@code alpha * u_i + (1 - alpha) * u_j} with {@code u_i = (p_i - alpha *
 * p_0) / (1 - alpha)}. The released MovieChat has n = 16, for 256 slots; it fails beyond.
 * MovieChat+ takes the root of the number of slots, and so does this graph beyond 256, up to the
 * whole learned table (32 rows, 1024 slots).
 */
final class ProjectorGraph {
  /** Rows of the learned table that the released MovieChat uses. */
  static final int RELEASED_ROWS = 16;

  private static final double ALPHA = 0.01;

  private ProjectorGraph() {}

  static OnnxGraph build(Checkpoint tuned, Networks.Projector shape, int tokens) {
    OnnxGraph graph = new OnnxGraph("memory_projector");
    Layers layers = new Layers(graph, tuned, DataType.FLOAT);
    String width = String.valueOf(shape.width());
    Value memory = graph.input("memory", DataType.FLOAT, "slots", String.valueOf(tokens), width);
    Value positions = positions(graph, tuned, memory, shape);
    Value spread =
        graph
            .node("Unsqueeze", "/positions")
            .in(positions, graph.integers(1))
            .out(DataType.FLOAT, List.of("slots", "1", width));
    Value placed =
        graph.node("Add", "/positions").in(memory, spread).out(DataType.FLOAT, memory.shape());
    Value sequence =
        graph
            .node("Reshape", "/memory")
            .in(placed, graph.integers(1, -1, shape.width()))
            .out(DataType.FLOAT, List.of("1", "memory_tokens", width));
    Value mixed =
        layers.queryTransformer(
            "/video_qformer",
            "video_Qformer.bert",
            layers.weight("video_query_tokens"),
            sequence,
            graph.integers(1),
            shape.qformer(),
            "video_qformer");
    graph.mark("video_qformer", mixed);
    Value projected = layers.linear("/llama_proj", mixed, "llama_proj");
    graph.output(
        "video_embeds",
        graph
            .node("Squeeze", "/llama_proj")
            .in(projected, graph.integers(0))
            .out(
                DataType.FLOAT,
                List.of(String.valueOf(shape.queries()), String.valueOf(shape.out()))));
    return graph;
  }

  private static Value positions(
      OnnxGraph graph, Checkpoint tuned, Value memory, Networks.Projector shape) {
    String path = "/positions";
    List<String> scalar = List.of();
    List<String> perSlot = List.of("slots");
    List<String> rows = List.of("slots", String.valueOf(shape.width()));
    Value table =
        graph.weight(
            "video_frame_position_embedding.extended",
            Weight.floats(
                List.of((long) shape.positions(), (long) shape.width()), shifted(tuned, shape)));
    Value slots =
        graph
            .node("Squeeze", path + "/slots")
            .in(
                graph
                    .node("Shape", path + "/slots")
                    .in(memory)
                    .attribute("start", 0)
                    .attribute("end", 1)
                    .out(DataType.INT64, List.of("1")))
            .out(DataType.INT64, scalar);
    int released = Math.min(RELEASED_ROWS, shape.positions());
    Value root =
        graph
            .node("Sqrt", path + "/n")
            .in(graph.cast(slots, DataType.FLOAT, path + "/n/slots"))
            .out(DataType.FLOAT, scalar);
    Value ceiling = graph.node("Ceil", path + "/n").in(root).out(DataType.FLOAT, scalar);
    Value n =
        graph
            .node("Max", path + "/n")
            .in(graph.cast(ceiling, DataType.INT64, path + "/n"), graph.integer(released))
            .out(DataType.INT64, scalar);
    Value index =
        graph
            .node("Range", path + "/index")
            .in(graph.integer(0), slots, graph.integer(1))
            .out(DataType.INT64, perSlot);
    Value group = graph.node("Div", path + "/group").in(index, n).out(DataType.INT64, perSlot);
    Value within = graph.node("Mod", path + "/within").in(index, n).out(DataType.INT64, perSlot);
    Value coarse =
        graph.node("Gather", path + "/coarse").in(table, group).out(DataType.FLOAT, rows);
    Value fine = graph.node("Gather", path + "/fine").in(table, within).out(DataType.FLOAT, rows);
    Value a =
        graph
            .node("Mul", path + "/coarse")
            .in(coarse, graph.number(ALPHA))
            .out(DataType.FLOAT, rows);
    Value b =
        graph
            .node("Mul", path + "/fine")
            .in(fine, graph.number(1 - ALPHA))
            .out(DataType.FLOAT, rows);
    return graph.mark(
        "positions", graph.node("Add", path + "/table").in(a, b).out(DataType.FLOAT, rows));
  }

  private static float[] shifted(Checkpoint tuned, Networks.Projector shape) {
    float[] table = tuned.get("video_frame_position_embedding.weight").values();
    int width = shape.width();
    float[] result = new float[table.length];
    for (int i = 0; i < table.length; i++) {
      result[i] = (float) ((table[i] - ALPHA * table[i % width]) / (1 - ALPHA));
    }
    return result;
  }
}
