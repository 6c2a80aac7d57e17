package io.moviechat.memory;

import static io.moviechat.internal.Checks.require;

import io.moviechat.TokenShape;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chooses where windows of frames are merged. {@code -Dmoviechat.memory.backend=} {@code java} or
 * {@code nd4j} decides; otherwise it is in ND4J arrays where ND4J's CUDA backend is on the class
 * path, and in Java arrays where it is not, which costs neither ND4J's start-up time nor native
 * memory (docs/memory.md has measurements). Strategies that do not merge windows use Java arrays.
 */
final class TokenStores {
  static final String PROPERTY = "moviechat.memory.backend";

  private static final String CUDA_BACKEND = "org.nd4j.linalg.jcublas.JCublasBackend";
  private static final Logger log = LoggerFactory.getLogger(TokenStores.class);

  private TokenStores() {}

  /**
   * @param window most rows that are ever consolidated together
   */
  static TokenStore open(int rows, TokenShape shape, int window) {
    String wanted = System.getProperty(PROPERTY, "auto").toLowerCase(Locale.ROOT);
    require(
        wanted.equals("auto") || wanted.equals("java") || wanted.equals("nd4j"),
        "%s must be auto, java or nd4j, was '%s'",
        PROPERTY,
        wanted);
    boolean nd4j = wanted.equals("nd4j") || (wanted.equals("auto") && Cuda.AVAILABLE);
    log.debug("{} slots of {}, merged in {} arrays", rows, shape, nd4j ? "ND4J" : "Java");
    return nd4j ? openNd4j(rows, shape, window) : new JavaStore(rows, shape);
  }

  private static TokenStore openNd4j(int rows, TokenShape shape, int window) {
    try {
      return new Nd4jStore(rows, shape, window);
    } catch (LinkageError e) {
      throw new IllegalStateException(
          "ND4J could not be loaded. Put nd4j-native or nd4j-cuda for this platform on the class"
              + " path (docs/install.md), or set -D"
              + PROPERTY
              + "=java",
          e);
    }
  }

  /** Looked for once: the whole class path is searched for a class that is not there. */
  private static final class Cuda {
    static final boolean AVAILABLE = isThere();

    private static boolean isThere() {
      try {
        Class.forName(CUDA_BACKEND, false, TokenStores.class.getClassLoader());
        return true;
      } catch (ClassNotFoundException e) {
        return false;
      }
    }
  }
}
