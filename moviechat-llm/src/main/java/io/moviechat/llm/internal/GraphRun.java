package io.moviechat.llm.internal;

import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.bytedeco.onnxruntime.OrtIoBinding;
import org.bytedeco.onnxruntime.OrtTensorTypeAndShapeInfo;
import org.bytedeco.onnxruntime.OrtValue;
import org.jspecify.annotations.Nullable;

/**
 * Inputs and outputs bound to a graph, run as often as wanted; what is bound stays bound. Not
 * thread-safe; one graph can have many.
 */
public final class GraphRun implements AutoCloseable {
  private final Graph graph;
  private final Ort ort;
  private final OrtIoBinding binding = new OrtIoBinding();

  /** What is bound, so that a recording can tell where it lies. */
  private final Map<String, Tensor> bound = new HashMap<>();

  /** Inputs of a graph on a card: the runtime copies what lies elsewhere when it is bound. */
  private final Map<String, Tensor> inputs = new HashMap<>();

  private @Nullable String free;
  private boolean closed;

  public GraphRun(Graph graph) {
    this.graph = graph;
    this.ort = graph.ort();
    ort.check(ort.api.CreateIoBinding(graph.session(), binding));
  }

  /**
   * Binds an input, which a run reads as it is then. The tensor stays open until it is replaced or
   * this is closed.
   */
  public void input(String name, Tensor tensor) {
    if (graph.onCpu()) {
      ort.check(ort.api.BindInput(binding, graph.name(name), tensor.value()));
    } else {
      graph.name(name); // refuses what the graph does not have
      inputs.put(name, tensor);
    }
    bound.put(name, tensor);
  }

  /** Binds an output to memory of exactly its shape. */
  public void output(String name, Tensor tensor) {
    ort.check(ort.api.BindOutput(binding, graph.name(name), tensor.value()));
    bound.put(name, tensor);
  }

  /**
   * Lets the runtime allocate an output of unknown shape in CPU memory. At most one output of a run
   * is such, and it is bound before any other.
   */
  public void freeOutput(String name) {
    free = name;
    bound.remove(name);
    ort.check(ort.api.BindOutputToDevice(binding, graph.name(name), ort.cpuMemory));
  }

  /**
   * Runs the graph.
   *
   * @throws OrtException with the runtime's own text
   */
  public void run() {
    GraphRunEvent event = new GraphRunEvent();
    event.begin();
    // Where the graph runs elsewhere, binding copies, so that it waits until all is written.
    inputs.forEach(
        (name, tensor) -> ort.check(ort.api.BindInput(binding, graph.name(name), tensor.value())));
    ort.check(ort.api.RunWithBinding(graph.session(), null, binding));
    if (!graph.onCpu()) {
      ort.check(ort.api.SynchronizeBoundOutputs(binding));
    }
    if (event.shouldCommit()) {
      event.graph = String.valueOf(graph.header().file().getFileName());
      event.onCpu = graph.onCpu();
      for (Tensor tensor : bound.values()) {
        if (tensor.onHost()) {
          event.hostBytes += tensor.bytes();
        } else {
          event.deviceBytes += tensor.bytes();
        }
      }
      event.commit();
    }
  }

  /** Takes the output that the runtime allocated; the caller closes it. */
  public Tensor takeFree() {
    String name = free;
    if (name == null) {
      throw new IllegalStateException("no output was left to the runtime");
    }
    try (SizeTPointer count = new SizeTPointer(1)) {
      // The binding sets the pointer to the runtime's own array of values.
      PointerPointer<OrtValue> values = new PointerPointer<>((Pointer) null);
      ort.check(ort.api.GetBoundOutputValues(binding, ort.cpuAllocator, values, count));
      OrtValue value = values.get(OrtValue.class, 0);
      for (long i = 1; i < count.get(); i++) {
        ort.api.ReleaseValue(values.get(OrtValue.class, i));
      }
      ort.check(ort.api.AllocatorFree(ort.cpuAllocator, values));
      Tensor tensor = wrap(value);
      try {
        // A binding holds on to the value of its last run and would want the same shape again.
        freeOutput(name);
        return tensor;
      } catch (Throwable e) {
        tensor.close();
        throw e;
      }
    }
  }

  private Tensor wrap(OrtValue value) {
    OrtTensorTypeAndShapeInfo info = new OrtTensorTypeAndShapeInfo();
    try {
      ort.check(ort.api.GetTensorTypeAndShape(value, info));
    } catch (Throwable e) {
      ort.api.ReleaseValue(value);
      throw e;
    }
    try (SizeTPointer rank = new SizeTPointer(1);
        IntPointer type = new IntPointer(1)) {
      ort.check(ort.api.GetDimensionsCount(info, rank));
      ort.check(ort.api.GetTensorElementType(info, type));
      long[] shape = new long[(int) rank.get()];
      try (LongPointer dims = new LongPointer(Math.max(1, shape.length))) {
        ort.check(ort.api.GetDimensions(info, dims, shape.length));
        dims.get(shape);
      }
      return Tensor.own(ort, value, ElementType.of(type.get()), shape);
    } finally {
      ort.api.ReleaseTensorTypeAndShapeInfo(info);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      ort.api.ReleaseIoBinding(binding);
    }
  }
}
