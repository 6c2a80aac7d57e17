package io.moviechat.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.errorprone.annotations.CheckReturnValue;
import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.ModelException;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.llm.internal.PythonCache;
import io.moviechat.llm.internal.TensorInfo;
import io.moviechat.recall.TextEmbedder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A model of sentences in a folder, laid out as the ONNX exports of sentence-transformers on the
 * Hugging Face hub are, all-MiniLM-L6-v2 for one: {@code config.json}, {@code tokenizer.json} and
 * {@code onnx/model*.onnx}. Models that want a word before a question or a text (E5) work, but less
 * well than they could.
 *
 * <p>A description: immutable, thread-safe, and nothing is open until {@link #open()}.
 */
public final class EmbeddingBundle {
  /** Small weights first: with those of MiniLM the figures of docs/speech.md were measured. */
  private static final ImmutableList<Precision> SMALL_FIRST =
      ImmutableList.of(
          Precision.Q8,
          Precision.INT8,
          Precision.UINT8,
          Precision.FP32,
          Precision.FP16,
          Precision.Q4,
          Precision.Q4F16,
          Precision.BNB4);

  private static final ImmutableSet<String> INPUTS =
      ImmutableSet.of("input_ids", "attention_mask", "token_type_ids", "position_ids");

  /** Most tokens of a sentence where the files say nothing. */
  private static final int LONGEST = 256;

  private final Path folder;
  private final Precision precision;

  private EmbeddingBundle(Path folder, Precision precision) {
    this.folder = folder;
    this.precision = precision;
  }

  /**
   * The bundle in a folder.
   *
   * @param folder of a bundle, or a model's folder in the cache of Python's huggingface_hub
   */
  public static EmbeddingBundle at(Path folder) {
    return new EmbeddingBundle(
        PythonCache.snapshot(Objects.requireNonNull(folder, "folder")).orElse(folder),
        Precision.AUTO);
  }

  /** The same bundle in a precision; {@link Precision#AUTO} takes 8-bit weights where there are. */
  @CheckReturnValue
  public EmbeddingBundle withPrecision(Precision newPrecision) {
    return new EmbeddingBundle(folder, Objects.requireNonNull(newPrecision, "precision"));
  }

  /**
   * Checks the files and opens the model, on one thread: sentences are short.
   *
   * @return an embedder; the caller closes it
   * @throws ModelException listing all that is wrong
   */
  @MustBeClosed
  public TextEmbedder open() {
    Problems problems = new Problems("embedding bundle " + folder);
    JsonNode config = Json.required(folder, "config.json", problems);
    Optional<TokenizerFile> tokenizer = TokenizerFile.read(folder, problems);
    List<Precision> wanted = precision == Precision.AUTO ? SMALL_FIRST : List.of(precision);
    Optional<OnnxHeader> header = BundleSpec.header(folder, "model", wanted, problems);
    JsonNode sentences = Json.optional(folder, "sentence_bert_config.json", problems);
    JsonNode pooling =
        Files.isDirectory(folder.resolve("1_Pooling"))
            ? Json.optional(folder.resolve("1_Pooling"), "config.json", problems)
            : config.path("no pooling");
    if (tokenizer.isEmpty() || header.isEmpty()) {
      problems.throwIfAny();
      throw new IllegalStateException("a file that is not there is a problem");
    }
    int positions = Json.integer(config.path("max_position_embeddings")).orElse(LONGEST);
    int longest =
        Math.min(positions, Json.integer(sentences.path("max_seq_length")).orElse(LONGEST));
    problems.require(longest >= 4, "a sentence of at most %d tokens says nothing", longest);
    OnnxEmbedder.Output output = output(header.get(), pooling, problems);
    for (TensorInfo input : header.get().inputs()) {
      problems.require(
          INPUTS.contains(input.name()) && input.type() == ElementType.INT64,
          "%s wants an input %s that nothing here can give",
          header.get().file().getFileName(),
          input);
    }
    problems.throwIfAny();
    return OnnxEmbedder.open(
        ModelBundle.name(folder), header.get(), tokenizer.get(), output, longest);
  }

  private static OnnxEmbedder.Output output(
      OnnxHeader header, JsonNode pooling, Problems problems) {
    DecoderSpec.required(header, "input_ids", problems);
    Optional<TensorInfo> found =
        Stream.of("sentence_embedding", "last_hidden_state", "token_embeddings")
            .flatMap(name -> header.output(name).stream())
            .findFirst();
    if (found.isEmpty()) {
      problems.add(
          "%s gives neither 'sentence_embedding' nor 'last_hidden_state': it is no model of"
              + " sentences; it gives %s",
          header.file().getFileName(), header.outputs());
      return new OnnxEmbedder.Output("", false, false);
    }
    problems.require(
        found.get().type() == ElementType.FLOAT,
        "%s: %s is no 32-bit float",
        header.file().getFileName(),
        found.get());
    return new OnnxEmbedder.Output(
        found.get().name(),
        !found.get().name().equals("sentence_embedding"),
        pooling.path("pooling_mode_cls_token").asBoolean(false));
  }

  @Override
  public String toString() {
    return "EmbeddingBundle[" + folder + "]";
  }
}
