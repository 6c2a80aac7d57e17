package io.moviechat.bench.llm;

import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.bytedeco.onnxruntime.OrtAllocator;
import org.bytedeco.onnxruntime.OrtApi;
import org.bytedeco.onnxruntime.OrtCUDAProviderOptionsV2;
import org.bytedeco.onnxruntime.OrtEnv;
import org.bytedeco.onnxruntime.OrtIoBinding;
import org.bytedeco.onnxruntime.OrtMemoryInfo;
import org.bytedeco.onnxruntime.OrtSession;
import org.bytedeco.onnxruntime.OrtSessionOptions;
import org.bytedeco.onnxruntime.OrtStatus;
import org.bytedeco.onnxruntime.OrtValue;
import org.bytedeco.onnxruntime.global.onnxruntime;
import org.jspecify.annotations.Nullable;

/** What bare loops call ONNX Runtime by: none of it is the product's, so that it is their peer. */
abstract class BareSessions implements AutoCloseable {
  static final int FLOAT = 1;
  static final int INT64 = 7;
  static final int BOOL = 9;

  final OrtApi api = onnxruntime.OrtGetApiBase().GetApi().call(onnxruntime.ORT_API_VERSION);
  final OrtMemoryInfo cpu = new OrtMemoryInfo();
  private final OrtEnv env = new OrtEnv();
  private final OrtAllocator allocator = new OrtAllocator();
  private final List<OrtSession> sessions = new ArrayList<>();

  BareSessions() {
    check(api.CreateEnv(4, "bare", env));
    check(api.CreateCpuMemoryInfo(1, 0, cpu));
    check(api.GetAllocatorWithDefaultOptions(allocator));
  }

  /** Opens a graph; it is closed with this. */
  final OrtSession open(Path file, LlmBareLoop.Threads settings) {
    OrtSessionOptions options = new OrtSessionOptions();
    check(api.CreateSessionOptions(options));
    if (settings.threads() > 0) {
      check(api.SetIntraOpNumThreads(options, settings.threads()));
    }
    check(
        api.AddSessionConfigEntry(
            options, "session.intra_op.allow_spinning", settings.spinning() ? "1" : "0"));
    if (settings.cuda()) {
      OrtCUDAProviderOptionsV2 cuda = new OrtCUDAProviderOptionsV2();
      check(api.CreateCUDAProviderOptions(cuda));
      check(api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, cuda));
      api.ReleaseCUDAProviderOptions().call(cuda);
    }
    OrtSession session = new OrtSession();
    try (BytePointer path = new BytePointer(file.toString())) {
      check(api.CreateSession(env, path, options, session));
    }
    api.ReleaseSessionOptions(options);
    sessions.add(session);
    return session;
  }

  final void check(@Nullable OrtStatus status) {
    if (status != null && !status.isNull()) {
      throw new IllegalStateException(api.GetErrorMessage().call(status).getString());
    }
  }

  final OrtValue tensor(int type, long... dims) {
    OrtValue value = new OrtValue();
    check(api.CreateTensorAsOrtValue(allocator, dims, dims.length, type, value));
    return value;
  }

  final Pointer data(OrtValue value) {
    Pointer data = new BytePointer((Pointer) null);
    check(api.GetTensorMutableData(value, data));
    return data;
  }

  /** All numbers of a tensor. */
  final FloatBuffer floats(OrtValue value) {
    try (SizeTPointer bytes = new SizeTPointer(1)) {
      check(api.GetTensorSizeInBytes(value, bytes));
      return new FloatPointer(data(value)).capacity(bytes.get() / Float.BYTES).asBuffer();
    }
  }

  final LongBuffer longs(OrtValue value, long count) {
    return new LongPointer(data(value)).capacity(count).asBuffer();
  }

  /** Runs a graph; the outputs, to be released, in the order in which they were bound. */
  final List<OrtValue> run(OrtSession session, OrtIoBinding binding) {
    check(api.RunWithBinding(session, null, binding));
    try (SizeTPointer count = new SizeTPointer(1)) {
      PointerPointer<OrtValue> values = new PointerPointer<>((Pointer) null);
      check(api.GetBoundOutputValues(binding, allocator, values, count));
      List<OrtValue> outputs = new ArrayList<>();
      for (int i = 0; i < count.get(); i++) {
        outputs.add(values.get(OrtValue.class, i));
      }
      check(api.AllocatorFree(allocator, values));
      return outputs;
    }
  }

  @Override
  public void close() {
    sessions.forEach(api::ReleaseSession);
    api.ReleaseMemoryInfo(cpu);
  }
}
