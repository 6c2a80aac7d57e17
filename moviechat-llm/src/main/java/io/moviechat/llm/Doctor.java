package io.moviechat.llm;

import io.moviechat.ModelException;
import io.moviechat.llm.Device.Finding;
import io.moviechat.llm.internal.Cuda;
import io.moviechat.llm.internal.Ort;
import io.moviechat.llm.internal.OrtException;
import io.moviechat.llm.internal.TokenizersNative;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Looks for {@link Device#examine()}. */
final class Doctor {
  private static final String LARGE_PAGES_NAME = "Large pages";
  private static final Path LARGE_PAGES = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

  /** Any but 0 asks for them. */
  private static final Pattern ASKING = Pattern.compile("glibc\\.malloc\\.hugetlb=0*[1-9]");

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
    largePages(LARGE_PAGES, System.getenv("GLIBC_TUNABLES")).ifPresent(findings::add);
    return findings;
  }

  /**
   * Whether weights lie in large pages, which are read faster.
   *
   * @param setting the file in which Linux says who is given such pages, with the choice in
   *     brackets
   * @param tunables what glibc was told to do, if it was told anything
   * @return empty where it is not for us to say
   */
  static Optional<Finding> largePages(Path setting, @Nullable String tunables) {
    String choice;
    try {
      choice = Files.readString(setting);
    } catch (IOException e) {
      return Optional.empty(); // not Linux, or one without them
    }
    boolean asked = tunables != null && ASKING.matcher(tunables).find();
    if (choice.contains("[always]")) {
      return Optional.of(fine(LARGE_PAGES_NAME, "given to everybody by Linux"));
    }
    if (choice.contains("[never]")) {
      return Optional.of(
          new Finding(
              LARGE_PAGES_NAME,
              "given to nobody by Linux (" + setting + " says never)",
              true,
              Optional.of("models answer about a tenth slower; docs/models.md, \"Speed\"")));
    }
    return Optional.of(
        asked
            ? fine(LARGE_PAGES_NAME, "asked for by GLIBC_TUNABLES (glibc 2.35 and newer hear it)")
            : new Finding(
                LARGE_PAGES_NAME,
                "not asked for",
                true,
                Optional.of(
                    "GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1 makes models"
                        + " answer about a tenth faster; docs/models.md, \"Speed\"")));
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
