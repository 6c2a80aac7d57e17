package io.moviechat.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.CheckReturnValue;
import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.ModelException;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.recall.SlotScorer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * A dual encoder of pictures and words in the Hugging Face ONNX layout: CLIP, SigLIP, SigLIP 2 and
 * others of their shape. Its folder holds {@code onnx/vision_model*.onnx}, {@code
 * onnx/text_model*.onnx}, {@code config.json}, {@code preprocessor_config.json} and {@code
 * tokenizer.json}.
 *
 * <p>Opened, it says which slots of a movie look like what a question says, without any language
 * model. Immutable and thread-safe.
 */
public final class DualEncoderBundle {
  private static final List<String> SUFFIXES =
      List.of("", "_quantized", "_int8", "_uint8", "_q4", "_bnb4");

  private final Path folder;
  private final int threads;

  private DualEncoderBundle(Path folder, int threads) {
    this.folder = folder;
    this.threads = threads;
  }

  /** The dual encoder in a folder. */
  public static DualEncoderBundle at(Path folder) {
    return new DualEncoderBundle(Objects.requireNonNull(folder, "folder"), 0);
  }

  /**
   * The same with that many threads for each graph.
   *
   * @param count 0, the default, is one for each core that this process may use
   * @throws IllegalArgumentException if negative
   */
  @CheckReturnValue
  public DualEncoderBundle withThreads(int count) {
    if (count < 0) {
      throw new IllegalArgumentException("threads must not be negative, were " + count);
    }
    return new DualEncoderBundle(folder, count);
  }

  /**
   * Opens it, with the first variant of each graph that is there of: 32-bit floats, quantized,
   * int8, uint8, q4, bnb4.
   *
   * @return a scorer; the caller closes it, after all chats that use it
   * @throws ModelException listing all that is wrong
   */
  @MustBeClosed
  public SlotScorer open() {
    return openEncoder();
  }

  DualEncoder openEncoder() {
    Problems problems = new Problems("dual encoder " + folder);
    BundleConfig config = BundleConfig.read(folder, ModelBundle.Framing.AS_THE_FILES_SAY, problems);
    problems.throwIfAny();
    String family = config.modelType();
    problems.require(
        family.startsWith("clip") || family.startsWith("siglip"),
        "config.json: model_type '%s' is no dual encoder that is known; clip, siglip and siglip2"
            + " are",
        family);
    ImagePreprocessor images = config.plainImages();
    OnnxHeader vision = graph("vision_model", problems);
    OnnxHeader text = graph("text_model", problems);
    problems.throwIfAny();
    JsonNode words = config.config().path("text_config");
    boolean padded = family.startsWith("siglip");
    int longest = Json.integer(words.path("max_position_embeddings")).orElse(padded ? 64 : 77);
    int padding = Json.integer(words.path("pad_token_id")).orElse(padded ? 1 : 0);
    return DualEncoder.open(
        vision,
        text,
        images,
        config.tokenizer().orElseThrow().open(),
        new DualEncoder.Texts(longest, padded, padding),
        threads);
  }

  private OnnxHeader graph(String name, Problems problems) {
    for (String suffix : SUFFIXES) {
      Path file = folder.resolve("onnx").resolve(name + suffix + ".onnx");
      if (Files.isRegularFile(file)) {
        try {
          return OnnxHeader.read(file);
        } catch (IOException e) {
          problems.add("%s cannot be read: %s", file.getFileName(), e.getMessage());
          break;
        }
      }
    }
    problems.add(
        "onnx/%s.onnx is missing, also with %s", name, SUFFIXES.subList(1, SUFFIXES.size()));
    problems.throwIfAny();
    throw new AssertionError("a missing graph is a problem");
  }

  @Override
  public String toString() {
    return "DualEncoderBundle[" + folder + "]";
  }
}
