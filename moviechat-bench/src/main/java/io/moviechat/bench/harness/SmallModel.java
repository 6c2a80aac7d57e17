package io.moviechat.bench.harness;

import io.moviechat.ModelException;
import io.moviechat.llm.ModelBundle;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.spi.VisionLanguageModelProvider;
import io.moviechat.tinymodel.EmbeddedModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * The model that the end-to-end benchmarks run: the embedded small one where it is on the class
 * path, or the bundle in the folder that {@code -Dbench.model=DIR} names.
 */
public final class SmallModel {
  public static final String PROPERTY = "bench.model";
  public static final String MISSING =
      "no embedded model on the class path (moviechat-tiny-model) and no -D" + PROPERTY + "=DIR";

  private SmallModel() {}

  public static Optional<VisionLanguageModel> find() {
    @Nullable String folder = System.getProperty(PROPERTY);
    if (folder != null) {
      return Optional.of(ModelBundle.at(Path.of(folder)));
    }
    try {
      return ServiceLoader.load(VisionLanguageModelProvider.class)
          .findFirst()
          .map(VisionLanguageModelProvider::model);
    } catch (ModelException e) { // built without its weights
      return Optional.empty();
    }
  }

  /** Differs where the weights differ. */
  public static String identity() {
    @Nullable String folder = System.getProperty(PROPERTY);
    if (folder != null) {
      return folder;
    }
    try {
      return String.valueOf(new EmbeddedModel().folder().getFileName());
    } catch (ModelException e) { // built without its weights
      return "no model";
    }
  }

  /** Flags that make a child JVM find the same model. */
  public static List<String> flags() {
    @Nullable String folder = System.getProperty(PROPERTY);
    return folder == null ? List.of() : List.of("-D" + PROPERTY + "=" + folder);
  }
}
