package io.moviechat.tinymodel;

import io.moviechat.ModelException;
import io.moviechat.llm.SpeechBundle;
import java.nio.file.Path;
import java.util.List;

/**
 * The speech model inside this artifact: some 280 words of English, as the films of the small world
 * say them. Unpacked once below the user's cache folder. Thread-safe, also between processes.
 */
public final class EmbeddedSpeech {
  private static final Resources RESOURCES =
      new Resources(
          "moviechat-tiny-speech",
          "/io/moviechat/tinymodel/speech/",
          List.of(
              "config.json",
              "generation_config.json",
              "preprocessor_config.json",
              "tokenizer.json",
              "tokenizer_config.json",
              "onnx/decoder_model_merged.onnx",
              "onnx/encoder_model.onnx"));

  private final Path cache;

  /** Unpacks below the user's cache folder. */
  public EmbeddedSpeech() {
    this(Resources.userCache());
  }

  EmbeddedSpeech(Path cache) {
    this.cache = cache;
  }

  /**
   * The model, not opened yet.
   *
   * @throws ModelException if it cannot be unpacked
   */
  public SpeechBundle bundle() {
    // Too small to be shared out among threads.
    return SpeechBundle.at(folder()).withThreads(1);
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
