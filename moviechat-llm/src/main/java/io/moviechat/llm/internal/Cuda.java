package io.moviechat.llm.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Whether CUDA can be used, and if not, exactly what is missing. Asks ONNX Runtime itself: it loads
 * its CUDA library, which loads NVIDIA's, when the provider is added to a session's options, and
 * looks for the card when a session is opened.
 */
public final class Cuda {
  /** What ONNX Runtime's CUDA library needs; the numbers are those of CUDA 13 and cuDNN 9. */
  private static final List<String> LIBRARIES =
      List.of(
          "libcudart.so.13",
          "libcublas.so.13",
          "libcublasLt.so.13",
          "libcufft.so.12",
          "libcudnn.so.9");

  /** Cards that were used once are not asked again, which takes a while. */
  private static final Set<Integer> USABLE = ConcurrentHashMap.newKeySet();

  private Cuda() {}

  /**
   * Why a graphics card cannot be used; empty if it can.
   *
   * @param index which card
   */
  public static Optional<String> problem(int index) {
    Ort ort = Ort.get();
    List<String> providers = ort.providers();
    if (!providers.contains("CUDAExecutionProvider")) {
      return Optional.of(
          "the ONNX Runtime "
              + Ort.version()
              + " on the class path is built for processors only (its providers: "
              + providers
              + "). Add org.bytedeco:onnxruntime with the classifier "
              + Ort.platform()
              + "-gpu (docs/gpu.md)");
    }
    Optional<String> refusal =
        USABLE.contains(index) ? Optional.empty() : Graph.refusal(ort, OptionalInt.of(index));
    if (refusal.isEmpty()) {
      USABLE.add(index);
    }
    return refusal.map(
        text ->
            "ONNX Runtime "
                + Ort.version()
                + " cannot use CUDA device "
                + index
                + ": "
                + text
                + ". "
                + libraries()
                + " A CUDA 13 installation with cuDNN 9, or org.bytedeco:cuda-platform-redist,"
                + " brings them (docs/gpu.md)");
  }

  /** Which of the libraries can be loaded, one sentence. */
  public static String libraries() {
    if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux")) {
      return "";
    }
    List<String> missing = new ArrayList<>();
    List<String> found = new ArrayList<>();
    for (String library : LIBRARIES) {
      Optional<String> path = SharedLibraries.find(library);
      if (path.isPresent()) {
        found.add(path.get());
      } else {
        missing.add(library + SharedLibraries.otherVersions(library));
      }
    }
    return "Looked for "
        + String.join(", ", LIBRARIES)
        + "; "
        + (missing.isEmpty() ? "all were found" : "missing: " + String.join(", ", missing))
        + (found.isEmpty() ? "" : " (found: " + String.join(", ", found) + ")")
        + ".";
  }
}
