package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.common.base.CharMatcher;
import com.google.common.primitives.Longs;
import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An ONNX graph in the making. Every value knows its type and its shape, so that a wrong size is
 * found while the graph is built, at the line that built it, and not when somebody loads a file of
 * many gigabytes. Nodes are named by the path of the layer that they belong to.
 */
final class OnnxGraph {
  /** ONNX Runtime's own operators. */
  static final String MICROSOFT = "com.microsoft";

  private static final int OPSET = 20;
  private static final int IR_VERSION = 9;

  /**
   * A value of the graph.
   *
   * @param shape sizes as decimal numbers or, where a size is not fixed, its symbol
   */
  record Value(String name, DataType type, List<String> shape) {
    String dim(int index) {
      return shape.get(index < 0 ? shape.size() + index : index);
    }

    long size(int index) {
      return Long.parseLong(dim(index));
    }
  }

  private final GraphProto.Builder graph;
  private final Map<String, Weight> weights = new LinkedHashMap<>();
  private final Map<String, Value> weightValues = new LinkedHashMap<>();
  private final Map<String, Value> marks = new LinkedHashMap<>();
  private final Set<String> names = new HashSet<>();

  OnnxGraph(String name) {
    graph = GraphProto.newBuilder().setName(name);
  }

  /** Declares an input. */
  Value input(String name, DataType type, String... shape) {
    Value value = value(name, type, List.of(shape));
    graph.addInput(info(value));
    return value;
  }

  /** Declares an output: a value under another name. */
  void output(String name, Value value) {
    Value output = new Value(name, value.type(), value.shape());
    claim(name);
    graph.addNode(
        NodeProto.newBuilder()
            .setOpType("Identity")
            .setName("/" + name)
            .addInput(value.name())
            .addOutput(name));
    graph.addOutput(info(output));
  }

  /** Remembers an inner value by the name of a stage, for {@link #outputMark}. */
  Value mark(String stage, Value value) {
    marks.put(stage, value);
    return value;
  }

  /** Makes a marked inner value an output, to look inside. */
  void outputMark(String stage) {
    Value value = marks.get(stage);
    if (value == null) {
      throw new IllegalArgumentException("no stage " + stage + " among " + marks.keySet());
    }
    output(stage, value);
  }

  /** A weight; of the same name, the same one. */
  Value weight(String name, Weight weight) {
    return weightValues.computeIfAbsent(
        name,
        n -> {
          claim(n);
          weights.put(n, weight);
          return new Value(n, weight.type(), weight.shape().stream().map(String::valueOf).toList());
        });
  }

  /** A constant list of int64. */
  Value integers(long... values) {
    return weight("ints_" + Longs.join("_", values), Weight.integers(values));
  }

  /** An int64 of rank 0. */
  Value integer(long value) {
    return weight("int_" + value, Weight.integer(value));
  }

  /** A float32 of rank 0. */
  Value number(double value) {
    return weight("float_" + value, Weight.floats(List.of(), new float[] {(float) value}));
  }

  /** A node of an operator of ONNX. */
  Node node(String operator, String path) {
    return new Node(operator, path, "");
  }

  /** A node of an operator of ONNX Runtime. */
  Node microsoft(String operator, String path) {
    return new Node(operator, path, MICROSOFT);
  }

  /** The same value in another type; itself if it has that type. */
  Value cast(Value value, DataType type, String path) {
    if (value.type() == type) {
      return value;
    }
    return node("Cast", path).in(value).attribute("to", type.getNumber()).out(type, value.shape());
  }

  Map<String, Weight> weights() {
    return weights;
  }

  /** Bytes of all weights. */
  long weightBytes() {
    return weights.values().stream().mapToLong(Weight::bytes).sum();
  }

  /** Parameters of the network, whatever they are stored in. */
  long parameters() {
    return weights.values().stream().mapToLong(Weight::parameters).sum();
  }

  List<NodeProto> nodes() {
    return graph.getNodeList();
  }

  GraphProto.Builder graph() {
    return graph;
  }

  /** The model around a finished graph. */
  static ModelProto.Builder model(GraphProto.Builder graph) {
    return ModelProto.newBuilder()
        .setIrVersion(IR_VERSION)
        .setProducerName("moviechat")
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET))
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain(MICROSOFT).setVersion(1))
        .setGraph(graph);
  }

  private Value value(String name, DataType type, List<String> shape) {
    claim(name);
    return new Value(name, type, List.copyOf(shape));
  }

  private void claim(String name) {
    if (!names.add(name)) {
      throw new IllegalStateException("two values are named " + name);
    }
  }

  private static ValueInfoProto info(Value value) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (String dim : value.shape()) {
      if (CharMatcher.inRange('0', '9').matchesAllOf(dim)) {
        shape.addDimBuilder().setDimValue(Long.parseLong(dim));
      } else {
        shape.addDimBuilder().setDimParam(dim);
      }
    }
    return ValueInfoProto.newBuilder()
        .setName(value.name())
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder()
                        .setElemType(value.type().getNumber())
                        .setShape(shape)))
        .build();
  }

  /** A node in the making; {@link #out} ends it. */
  final class Node {
    private final NodeProto.Builder node;
    private final String path;
    private final List<Value> outputs = new ArrayList<>();

    private Node(String operator, String path, String domain) {
      this.path = path + "/" + operator;
      node = NodeProto.newBuilder().setOpType(operator).setName(this.path);
      if (!domain.isEmpty()) {
        node.setDomain(domain);
      }
    }

    /** Adds inputs, in order. */
    Node in(Value... values) {
      for (Value value : values) {
        node.addInput(value.name());
      }
      return this;
    }

    /** Leaves out inputs that the operator does not need. */
    Node skip(int inputs) {
      for (int i = 0; i < inputs; i++) {
        node.addInput("");
      }
      return this;
    }

    Node attribute(String name, long value) {
      node.addAttribute(
          AttributeProto.newBuilder()
              .setName(name)
              .setType(AttributeProto.AttributeType.INT)
              .setI(value));
      return this;
    }

    Node attribute(String name, float value) {
      node.addAttribute(
          AttributeProto.newBuilder()
              .setName(name)
              .setType(AttributeProto.AttributeType.FLOAT)
              .setF(value));
      return this;
    }

    Node attribute(String name, String value) {
      node.addAttribute(
          AttributeProto.newBuilder()
              .setName(name)
              .setType(AttributeProto.AttributeType.STRING)
              .setS(ByteString.copyFromUtf8(value)));
      return this;
    }

    Node attribute(String name, List<Long> values) {
      node.addAttribute(
          AttributeProto.newBuilder()
              .setName(name)
              .setType(AttributeProto.AttributeType.INTS)
              .addAllInts(values));
      return this;
    }

    /** Adds an output before the last one; see {@link #result}. */
    Node more(DataType type, List<String> shape) {
      outputs.add(value(path + "_" + outputs.size(), type, shape));
      node.addOutput(outputs.get(outputs.size() - 1).name());
      return this;
    }

    /** Ends the node with its only or last output. */
    Value out(DataType type, List<String> shape) {
      more(type, shape);
      claim(path);
      Value last = outputs.get(outputs.size() - 1);
      graph.addNode(node);
      outputs.forEach(output -> graph.addValueInfo(info(output)));
      return last;
    }

    /** An output by its place. */
    Value result(int index) {
      return outputs.get(index);
    }
  }
}
