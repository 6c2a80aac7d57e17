package io.moviechat.llm.internal;

import io.moviechat.ModelException;
import io.moviechat.internal.NativeFailure;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.onnxruntime.OrtAllocator;
import org.bytedeco.onnxruntime.OrtApi;
import org.bytedeco.onnxruntime.OrtEnv;
import org.bytedeco.onnxruntime.OrtMemoryInfo;
import org.bytedeco.onnxruntime.OrtStatus;
import org.bytedeco.onnxruntime.global.onnxruntime;
import org.jspecify.annotations.Nullable;

/**
 * The process-wide part of ONNX Runtime: its C interface, environment and CPU allocator.
 *
 * <p>This class, {@link Graph}, {@link GraphRun} and {@link Tensor} are the ones of the library
 * that see JavaCPP. They use the C interface: its errors are statuses (no exception crosses native
 * code), its handles are freed exactly where we say, and a step of a decoder makes no garbage.
 *
 * <p>The environment lives as long as the process: the native library has no safe way to end
 * earlier.
 */
public class Ort {
  private static final int LOG_FATAL = 4;

  /** From which severity on native code prints to standard error: 0 for everything, 4 for none. */
  private static final String LOG = "moviechat.onnxruntime.log";

  private static final int ARENA_ALLOCATOR = 1;
  private static final int DEFAULT_MEMORY = 0;

  /** Not private, so that a test can let the native steps of an opening fail. */
  static @Nullable Ort instance;

  final OrtApi api;
  final OrtEnv env;
  final OrtMemoryInfo cpuMemory;
  final OrtAllocator cpuAllocator;

  static {
    // JavaCPP compares the resident size of the whole process, and so the weights of a model, with
    // twice the Java heap, and throws OutOfMemoryError beyond it. Models are meant to be outside
    // the heap; who wants the limit sets the property.
    String limit = "org.bytedeco.javacpp.maxPhysicalBytes";
    if (System.getProperty(limit) == null) {
      System.setProperty(limit, "0");
    }
  }

  private Ort() {
    Loader.load(onnxruntime.class);
    api = onnxruntime.OrtGetApiBase().GetApi().call(onnxruntime.ORT_API_VERSION);
    env = new OrtEnv();
    // Errors come back as statuses, so nothing need be printed by native code.
    check(api.CreateEnv(Integer.getInteger(LOG, LOG_FATAL), "moviechat", env));
    check(api.DisableTelemetryEvents(env));
    cpuMemory = new OrtMemoryInfo();
    check(api.CreateCpuMemoryInfo(ARENA_ALLOCATOR, DEFAULT_MEMORY, cpuMemory));
    cpuAllocator = new OrtAllocator();
    check(api.GetAllocatorWithDefaultOptions(cpuAllocator));
  }

  /** The same runtime once more. */
  Ort(Ort other) {
    api = other.api;
    env = other.env;
    cpuMemory = other.cpuMemory;
    cpuAllocator = other.cpuAllocator;
  }

  /**
   * The runtime, loaded by the first call.
   *
   * @throws ModelException if the native library cannot be loaded, with what was missing
   */
  public static synchronized Ort get() {
    if (instance == null) {
      try {
        instance = new Ort();
      } catch (LinkageError | TypeNotPresentException e) {
        throw new ModelException(
            NativeFailure.explain("ONNX Runtime", platform(), NativeFailure.javaCppFolder(), e), e);
      }
    }
    return instance;
  }

  /** JavaCPP's name of this machine's platform, {@code linux-x86_64} for instance. */
  public static String platform() {
    return Loader.getPlatform();
  }

  /** ONNX Runtime's version. */
  public static String version() {
    return onnxruntime.OrtGetApiBase().GetVersionString().call().getString();
  }

  /** Names of the execution providers that this build of ONNX Runtime knows. */
  public List<String> providers() {
    try (IntPointer count = new IntPointer(1)) {
      PointerPointer<BytePointer> names = new PointerPointer<>((Pointer) null);
      check(api.GetAvailableProviders(names, count));
      List<String> result = new ArrayList<>();
      for (int i = 0; i < count.get(); i++) {
        result.add(names.get(BytePointer.class, i).getString());
      }
      check(api.ReleaseAvailableProviders(names, count.get()));
      return result;
    }
  }

  /**
   * Does nothing for success.
   *
   * @throws OrtException with the runtime's own text
   */
  void check(@Nullable OrtStatus status) {
    if (status != null && !status.isNull()) {
      String message = api.GetErrorMessage().call(status).getString();
      api.ReleaseStatus(status);
      throw new OrtException(message);
    }
  }
}
