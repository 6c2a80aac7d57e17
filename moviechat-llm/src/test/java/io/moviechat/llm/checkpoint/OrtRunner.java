package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moviechat.internal.HalfFloats;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.ShortPointer;
import org.bytedeco.onnxruntime.Env;
import org.bytedeco.onnxruntime.IoBinding;
import org.bytedeco.onnxruntime.MemoryInfo;
import org.bytedeco.onnxruntime.OrtMemoryInfo;
import org.bytedeco.onnxruntime.RunOptions;
import org.bytedeco.onnxruntime.Session;
import org.bytedeco.onnxruntime.SessionOptions;
import org.bytedeco.onnxruntime.Value;
import org.bytedeco.onnxruntime.ValueVector;

/** Runs an ONNX file: plain arrays in, plain arrays out. For tests; one thread. */
final class OrtRunner implements AutoCloseable {
  /** A tensor of a run; float16 is given and returned as float32. */
  @SuppressWarnings("ArrayRecordComponent") // carries, is not compared
  record Array(DataType type, long[] shape, Object values) {
    static Array of(float[] values, long... shape) {
      return new Array(DataType.FLOAT, shape, values);
    }

    static Array half(float[] values, long... shape) {
      return new Array(DataType.FLOAT16, shape, values);
    }

    static Array of(long[] values, long... shape) {
      return new Array(DataType.INT64, shape, values);
    }

    float[] floats() {
      return (float[]) values;
    }
  }

  private static final Env ENV = new Env(3, "test");

  private final Session session;
  private final RunOptions runOptions = new RunOptions();
  private final MemoryInfo memory = MemoryInfo.CreateCpu(0, 0);

  OrtRunner(Path file) {
    try (SessionOptions options = new SessionOptions();
        BytePointer path = new BytePointer(file.toString())) {
      options.SetIntraOpNumThreads(2);
      session = new Session(ENV, path, options);
    }
  }

  /**
   * Loads a graph without touching its weights.
   *
   * @throws RuntimeException if a declared shape is not the one that ONNX Runtime infers
   */
  static void checkShapes(Path file) {
    try (SessionOptions options = new SessionOptions();
        BytePointer path = new BytePointer(file.toString())) {
      options.SetGraphOptimizationLevel(0);
      options.AddConfigEntry("session.disable_prepacking", "1");
      options.AddConfigEntry("session.strict_shape_type_inference", "1");
      new Session(ENV, path, options).close();
    }
  }

  Map<String, Array> run(Map<String, Array> inputs, String... outputs) {
    PointerScope scope = new PointerScope();
    try {
      IoBinding binding = new IoBinding(session);
      OrtMemoryInfo info = memory.asOrtMemoryInfo();
      List<Object> keep = new ArrayList<>();
      inputs.forEach(
          (name, array) -> {
            Value value = value(info, array, keep);
            keep.add(value);
            binding.BindInput(name, value);
          });
      for (String output : outputs) {
        binding.BindOutput(output, info);
      }
      session.Run(runOptions, binding);
      ValueVector values = binding.GetOutputValues();
      Map<String, Array> result = new LinkedHashMap<>();
      for (int i = 0; i < outputs.length; i++) {
        result.put(outputs[i], array(values.get(i)));
      }
      return result;
    } finally {
      scope.close();
    }
  }

  private static Value value(OrtMemoryInfo info, Array array, List<Object> keep) {
    LongPointer shape = new LongPointer(Math.max(1, array.shape().length));
    shape.put(array.shape(), 0, array.shape().length);
    keep.add(shape);
    Pointer data;
    long bytes;
    if (array.values() instanceof long[] longs) {
      data = new LongPointer(longs);
      bytes = 8L * longs.length;
    } else if (array.type() == DataType.FLOAT16) {
      float[] floats = array.floats();
      short[] halves = new short[floats.length];
      for (int i = 0; i < floats.length; i++) {
        halves[i] = HalfFloats.fromFloat(floats[i]);
      }
      data = new ShortPointer(Math.max(1, halves.length));
      ((ShortPointer) data).put(halves, 0, halves.length);
      bytes = 2L * halves.length;
    } else {
      data = new FloatPointer(Math.max(1, array.floats().length));
      ((FloatPointer) data).put(array.floats(), 0, array.floats().length);
      bytes = 4L * array.floats().length;
    }
    keep.add(data);
    return Value.CreateTensor(
        info, data, bytes, shape, array.shape().length, ortType(array.type()));
  }

  /** ONNX Runtime numbers its types as ONNX does. */
  private static int ortType(DataType type) {
    return type.getNumber();
  }

  private static Array array(Value value) {
    var info = value.GetTensorTypeAndShapeInfo();
    int type = info.GetElementType();
    int count = Math.toIntExact(info.GetElementCount());
    long[] shape = info.GetShape().get();
    float[] floats = new float[count];
    if (type == DataType.FLOAT16.getNumber()) {
      short[] halves = new short[count];
      new ShortPointer(value.GetTensorMutableRawData()).capacity(count).get(halves);
      for (int i = 0; i < count; i++) {
        floats[i] = HalfFloats.toFloat(halves[i]);
      }
      return Array.half(floats, shape);
    }
    new FloatPointer(value.GetTensorMutableRawData()).capacity(count).get(floats);
    return Array.of(floats, shape);
  }

  @Override
  public void close() {
    session.close();
    runOptions.close();
    memory.close();
  }
}
