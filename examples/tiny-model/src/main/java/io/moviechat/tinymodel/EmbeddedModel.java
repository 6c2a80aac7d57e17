package io.moviechat.tinymodel;

import io.moviechat.ModelException;
import io.moviechat.llm.ModelBundle;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.spi.VisionLanguageModelProvider;
import java.nio.file.Path;
import java.util.List;

/**
 * The model of pictures and words inside this artifact, unpacked once below the user's cache
 * folder. Thread-safe, also between processes.
 */
public final class EmbeddedModel implements VisionLanguageModelProvider {
  private static final Resources RESOURCES =
      new Resources(
          "moviechat-tiny",
          "/io/moviechat/tinymodel/bundle/",
          List.of(
              "chat_template.json",
              "config.json",
              "generation_config.json",
              "moviechat.json",
              "preprocessor_config.json",
              "processor_config.json",
              "tokenizer.json",
              "tokenizer_config.json",
              "onnx/decoder_model_merged.onnx",
              "onnx/embed_tokens.onnx",
              "onnx/recall_rows.onnx",
              "onnx/recall_words.onnx",
              "onnx/vision_encoder.onnx"));

  private final Path cache;

  /** For {@link java.util.ServiceLoader}: unpacks below the user's cache folder. */
  public EmbeddedModel() {
    this(Resources.userCache());
  }

  EmbeddedModel(Path cache) {
    this.cache = cache;
  }

  @Override
  public String name() {
    return RESOURCES.name();
  }

  @Override
  public VisionLanguageModel model() {
    // Its graphs are too small to be shared out: a second thread spends more time waiting than
    // working, on a core that decoding could use.
    return new QuotingModel(ModelBundle.at(folder()).withThreads(1));
  }

  /**
   * The bundle's folder, unpacked by the first call.
   *
   * @throws ModelException if it cannot be unpacked
   */
  public Path folder() {
    return RESOURCES.folder(cache);
  }
}
