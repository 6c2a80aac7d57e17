package io.moviechat.llm.internal;

import com.google.common.collect.Iterables;
import io.moviechat.ModelException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.ResourceStack;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.CharPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.onnxruntime.OrtAllocator;
import org.bytedeco.onnxruntime.OrtCUDAProviderOptionsV2;
import org.bytedeco.onnxruntime.OrtMemoryInfo;
import org.bytedeco.onnxruntime.OrtSession;
import org.bytedeco.onnxruntime.OrtSessionOptions;
import org.bytedeco.onnxruntime.OrtStatus;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A loaded graph. Thread-safe: any number of {@link GraphRun}s may run at the same time.
 *
 * <p>Owns the native session; close it after all its runs.
 */
public final class Graph implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Graph.class);
  private static final int ALL_OPTIMISATIONS = 99;
  private static final int EXTENDED_OPTIMISATIONS = 2;
  private static final int DEVICE_ALLOCATOR = 0;
  private static final int DEFAULT_MEMORY = 0;

  /** A folder; each graph that is opened writes ONNX Runtime's profile there when it is closed. */
  private static final String PROFILE = "moviechat.onnxruntime.profile";

  /** A graph of opset 13 that negates one number. */
  private static final String NEGATION =
      "CAc6MgoLCgF4EgF5IgNOZWcSAWdaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgQKABAN";

  private final Ort ort;
  private final OnnxHeader header;
  private final OrtSession session = new OrtSession();
  private final Map<String, BytePointer> names = new LinkedHashMap<>();
  private final OptionalInt cuda;
  private final @Nullable OrtMemoryInfo deviceMemory;
  private final @Nullable OrtAllocator deviceAllocator;
  private final ResourceStack resources;
  private boolean closed;

  private Graph(Ort ort, OnnxHeader header, OptionalInt cuda, int threads) {
    this.ort = ort;
    this.header = header;
    this.cuda = cuda;
    try (ResourceStack opened = new ResourceStack()) {
      create(threads);
      opened.push(() -> ort.api.ReleaseSession(session));
      for (TensorInfo info : Iterables.concat(header.inputs(), header.outputs())) {
        BytePointer name = new BytePointer(info.name(), StandardCharsets.UTF_8);
        opened.push(name::deallocate);
        names.put(info.name(), name);
      }
      if (cuda.isEmpty()) {
        deviceMemory = null;
        deviceAllocator = null;
      } else {
        OrtMemoryInfo memory = new OrtMemoryInfo();
        ort.check(
            ort.api.CreateMemoryInfo(
                "Cuda", DEVICE_ALLOCATOR, cuda.getAsInt(), DEFAULT_MEMORY, memory));
        opened.push(() -> ort.api.ReleaseMemoryInfo(memory));
        OrtAllocator allocator = new OrtAllocator();
        ort.check(ort.api.CreateAllocator(session, memory, allocator));
        opened.push(() -> ort.api.ReleaseAllocator(allocator));
        deviceMemory = memory;
        deviceAllocator = allocator;
      }
      opened.push(NativeOwner.open(this, "graph " + header.file().getFileName()));
      resources = opened.release();
    }
  }

  /**
   * Loads a graph.
   *
   * @param header of its file, checked
   * @param cuda the graphics card that it runs on; empty for the processor
   * @param threads of its own, 0 for as many as there are cores
   * @throws ModelException with the runtime's text if it cannot be loaded
   */
  public static Graph open(OnnxHeader header, OptionalInt cuda, int threads) {
    // Before the first pointer is made: JavaCPP reads its limits then.
    return new Graph(Ort.get(), header, cuda, threads);
  }

  /** The same for the processor. */
  public static Graph open(OnnxHeader header, int threads) {
    return open(header, OptionalInt.empty(), threads);
  }

  private void create(int threads) {
    OrtException first;
    try {
      create(threads, ALL_OPTIMISATIONS);
      return;
    } catch (OrtException e) {
      first = e;
    }
    // Some versions of ONNX Runtime break float16 graphs by their most eager fusions; the same
    // graph loads without them.
    try {
      create(threads, EXTENDED_OPTIMISATIONS);
      log.info(
          "{} loads only without ONNX Runtime's layout and precision optimisations ({})",
          header.file().getFileName(),
          first.getMessage());
    } catch (OrtException second) {
      throw new ModelException(
          header.file()
              + " cannot be loaded by ONNX Runtime "
              + Ort.version()
              + ": "
              + first.getMessage()
              + (Files.isSymbolicLink(header.file())
                  ? ". The file is a link: this version opens no weights that links lead to"
                      + " elsewhere; copy the model's files into one folder"
                  : ". Is the file whole, and made for this version?"),
          first);
    }
  }

  private void create(int threads, int optimisations) {
    OrtSessionOptions options = new OrtSessionOptions();
    ort.check(ort.api.CreateSessionOptions(options));
    try {
      ort.check(ort.api.SetSessionGraphOptimizationLevel(options, optimisations));
      int own = threads > 0 ? threads : Cores.count();
      if (own > 0) {
        ort.check(ort.api.SetIntraOpNumThreads(options, own));
      }
      ort.check(ort.api.SetInterOpNumThreads(options, 1));
      String profile = System.getProperty(PROFILE, "");
      if (!profile.isEmpty()) {
        try (Pointer prefix = nativePath(Path.of(profile).resolve(header.file().getFileName()))) {
          ort.check(ort.api.EnableProfiling(options, prefix));
        }
      }
      if (cuda.isPresent()) {
        ort.check(appendCuda(ort, options, cuda.getAsInt()));
      }
      load(options);
    } finally {
      ort.api.ReleaseSessionOptions(options);
    }
  }

  private void load(OrtSessionOptions options) {
    if (header.content().isPresent()) {
      byte[] content = header.content().get();
      try (BytePointer model = new BytePointer(content)) {
        ort.check(ort.api.CreateSessionFromArray(ort.env, model, content.length, options, session));
      }
      return;
    }
    Optional<byte[]> detached;
    try {
      detached = DetachedModel.of(header.file());
    } catch (IOException e) {
      throw new ModelException(header.file() + " cannot be read: " + e.getMessage(), e);
    }
    if (detached.isEmpty()) {
      try (Pointer path = nativePath(header.file())) {
        ort.check(ort.api.CreateSession(ort.env, path, options, session));
      }
      return;
    }
    String folder;
    try {
      folder = String.valueOf(header.file().toRealPath().getParent());
    } catch (IOException e) {
      throw new ModelException(header.file() + " cannot be read: " + e.getMessage(), e);
    }
    try (BytePointer key = new BytePointer("session.model_external_initializers_file_folder_path");
        BytePointer value = new BytePointer(folder, StandardCharsets.UTF_8);
        BytePointer model = new BytePointer(detached.get())) {
      ort.check(ort.api.AddSessionConfigEntry(options, key, value));
      ort.check(
          ort.api.CreateSessionFromArray(ort.env, model, detached.get().length, options, session));
    }
  }

  /** Adds CUDA to a session's providers; a status that is not null says why that failed. */
  static @Nullable OrtStatus appendCuda(Ort ort, OrtSessionOptions options, int index) {
    OrtCUDAProviderOptionsV2 cuda = new OrtCUDAProviderOptionsV2();
    ort.check(ort.api.CreateCUDAProviderOptions(cuda));
    try (BytePointer key = new BytePointer("device_id");
        BytePointer value = new BytePointer(Integer.toString(index));
        PointerPointer<BytePointer> keys = new PointerPointer<>(new BytePointer[] {key});
        PointerPointer<BytePointer> values = new PointerPointer<>(new BytePointer[] {value})) {
      ort.check(ort.api.UpdateCUDAProviderOptions(cuda, keys, values, 1));
      return ort.api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, cuda);
    } finally {
      ort.api.ReleaseCUDAProviderOptions().call(cuda);
    }
  }

  /**
   * The runtime's own words if it cannot open even the smallest graph. With CUDA's libraries but no
   * card, or too old a driver, only opening one shows it.
   *
   * @param cuda a graphics card; empty for the processor
   */
  static Optional<String> refusal(Ort ort, OptionalInt cuda) {
    OrtSessionOptions options = new OrtSessionOptions();
    ort.check(ort.api.CreateSessionOptions(options));
    byte[] graph = Base64.getDecoder().decode(NEGATION);
    OrtSession session = new OrtSession();
    try (BytePointer model = new BytePointer(graph)) {
      if (cuda.isPresent()) {
        ort.check(appendCuda(ort, options, cuda.getAsInt()));
      }
      ort.check(ort.api.CreateSessionFromArray(ort.env, model, graph.length, options, session));
      ort.api.ReleaseSession(session);
      return Optional.empty();
    } catch (OrtException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    } finally {
      ort.api.ReleaseSessionOptions(options);
    }
  }

  private static Pointer nativePath(Path file) {
    String text = file.toAbsolutePath().toString();
    return Ort.platform().startsWith("windows")
        ? new CharPointer(text)
        : new BytePointer(text, StandardCharsets.UTF_8);
  }

  public OnnxHeader header() {
    return header;
  }

  Ort ort() {
    return ort;
  }

  OrtSession session() {
    if (closed) {
      throw new IllegalStateException(header.file().getFileName() + " is closed");
    }
    return session;
  }

  BytePointer name(String input) {
    BytePointer name = names.get(input);
    if (name == null) {
      throw new IllegalArgumentException(
          header.file().getFileName() + " has no '" + input + "'; it has " + names.keySet());
    }
    return name;
  }

  /** Memory where the graph runs: on the device if there is one. */
  public Tensor allocateNear(ElementType type, long... dims) {
    if (deviceMemory == null || deviceAllocator == null) {
      return Tensor.allocate(type, dims);
    }
    return Tensor.allocate(ort, deviceAllocator, deviceMemory, type, dims);
  }

  /** Whether it runs on the processor. */
  public boolean onCpu() {
    return cuda.isEmpty();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    resources.close();
  }
}
