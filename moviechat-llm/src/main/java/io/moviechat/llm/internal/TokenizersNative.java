package io.moviechat.llm.internal;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.moviechat.ModelException;
import io.moviechat.internal.NativeFailure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the native half of DJL's tokenizers from its jar, and nothing else of DJL: its own loader
 * looks for CUDA, and its tokenizer factories may call a cloud's metadata address and a usage
 * endpoint. Here the CPU library is unpacked to a temporary folder and loaded; no other class of
 * DJL but the table of native methods is ever touched.
 */
public final class TokenizersNative {
  private static final Logger log = LoggerFactory.getLogger(TokenizersNative.class);

  private static boolean loaded;

  private TokenizersNative() {}

  /**
   * The native methods, loaded by the first call.
   *
   * @throws ModelException if there is no library for this platform or it cannot be loaded
   */
  public static synchronized TokenizersLibrary get() {
    if (!loaded) {
      load();
      loaded = true;
    }
    return TokenizersLibrary.LIB;
  }

  private static void load() {
    String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String system = os.startsWith("win") ? "win" : os.startsWith("mac") ? "osx" : "linux";
    String arch = System.getProperty("os.arch", "").equals("amd64") ? "x86_64" : "aarch64";
    if (System.getProperty("os.arch", "").equals("x86_64")) {
      arch = "x86_64";
    }
    String platform = system + "-" + arch;
    String library = System.mapLibraryName("tokenizers");
    List<String> files =
        system.equals("win")
            ? List.of("libwinpthread-1.dll", "libgcc_s_seh-1.dll", "libstdc++-6.dll", library)
            : List.of(library);
    try {
      Path folder = Files.createTempDirectory("moviechat-tokenizers");
      folder.toFile().deleteOnExit();
      for (String name : files) {
        String resource = "/native/lib/" + platform + "/cpu/" + name;
        try (InputStream in = TokenizersLibrary.class.getResourceAsStream(resource)) {
          if (in == null) {
            throw new ModelException(
                "ai.djl.huggingface:tokenizers has no library for "
                    + platform
                    + " (looked for "
                    + resource
                    + "); docs/models.md lists the platforms");
          }
          Path file = folder.resolve(name);
          Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
          file.toFile().deleteOnExit();
          System.load(file.toString());
          if (!system.equals("win")) {
            Files.delete(file); // Mapped already: nothing stays behind, even if the JVM is killed.
          }
        }
      }
      if (!system.equals("win")) {
        Files.delete(folder);
      }
      log.debug("loaded the tokenizer library for {}", platform);
    } catch (IOException | LinkageError e) {
      throw new ModelException(
          NativeFailure.explain(
              "The tokenizer's library",
              platform,
              System.getProperty("java.io.tmpdir") + " (-Djava.io.tmpdir=DIR)",
              e),
          e);
    }
  }
}
