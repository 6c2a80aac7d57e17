package io.moviechat.llm;

import io.moviechat.ModelException;
import io.moviechat.llm.Device.Finding;
import io.moviechat.llm.internal.Cuda;
import io.moviechat.llm.internal.Ort;
import io.moviechat.llm.internal.OrtException;
import io.moviechat.llm.internal.TokenizersNative;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Looks for {@link Device#examine()}. */
final class Doctor {
  private Doctor() {}

  /** Looks at everything; a failure is a finding, not an exception. */
  static List<Finding> examine() {
    List<Finding> findings = new ArrayList<>();
    Runtime runtime = Runtime.getRuntime();
    findings.add(
        fine(
            "Java",
            System.getProperty("java.vendor")
                + " "
                + System.getProperty("java.version")
                + ", heap up to "
                + (runtime.maxMemory() >> 20)
                + " MiB, "
                + runtime.availableProcessors()
                + " processors"));
    findings.add(
        fine(
            "Platform",
            System.getProperty("os.name")
                + " "
                + System.getProperty("os.version")
                + " "
                + System.getProperty("os.arch")));
    findings.add(onnxRuntime());
    findings.add(tokenizers());
    findings.add(cuda());
    return findings;
  }

  private static Finding onnxRuntime() {
    try {
      Ort ort = Ort.get();
      return fine(
          "ONNX Runtime",
          Ort.version() + " for " + Ort.platform() + ", providers " + ort.providers());
    } catch (ModelException | LinkageError e) {
      return broken("ONNX Runtime", String.valueOf(e.getMessage()), "docs/models.md, \"Natives\"");
    }
  }

  private static Finding tokenizers() {
    try {
      TokenizersNative.get();
      return fine("Tokenizers", "native library loaded");
    } catch (ModelException | LinkageError e) {
      return broken("Tokenizers", String.valueOf(e.getMessage()), "docs/models.md, \"Natives\"");
    }
  }

  private static Finding cuda() {
    try {
      Optional<String> problem = Cuda.problem(0);
      return problem
          .map(
              text ->
                  new Finding(
                      "CUDA",
                      "not usable: " + text,
                      true,
                      Optional.of(
                          "models run on the processor; docs/gpu.md tells how to change it")))
          .orElseGet(() -> fine("CUDA", "usable"));
    } catch (ModelException | OrtException | LinkageError e) {
      return broken("CUDA", String.valueOf(e.getMessage()), "docs/gpu.md");
    }
  }

  private static Finding fine(String name, String found) {
    return new Finding(name, found, true, Optional.empty());
  }

  private static Finding broken(String name, String found, String where) {
    return new Finding(name, found, false, Optional.of("see " + where));
  }
}
