package io.moviechat.llm.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import io.moviechat.InferenceException;
import io.moviechat.llm.internal.UnitVectors;
import io.moviechat.recall.TextEmbedder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Finds what is said by the meaning that a LangChain4j embedding model gives: {@code
 * AllMiniLmL6V2QuantizedEmbeddingModel} for one, which runs in the process, or a server's.
 *
 * <p>Needs {@code dev.langchain4j:langchain4j-core} on the class path. As thread-safe as the model.
 */
public final class LangChainEmbedder implements TextEmbedder {
  private final EmbeddingModel model;

  private LangChainEmbedder(EmbeddingModel model) {
    this.model = Objects.requireNonNull(model, "model");
  }

  /**
   * An embedder by a model, which stays the caller's: {@link #close()} leaves it as it is.
   *
   * @param model any embedding model
   */
  public static LangChainEmbedder of(EmbeddingModel model) {
    return new LangChainEmbedder(model);
  }

  @Override
  public String name() {
    return model.getClass().getSimpleName();
  }

  @Override
  public List<float[]> embed(List<String> texts) {
    if (texts.isEmpty()) {
      return List.of();
    }
    // LangChain4j takes no blank text.
    List<TextSegment> segments =
        texts.stream().map(text -> TextSegment.from(text.isBlank() ? "." : text)).toList();
    List<Embedding> embeddings;
    try {
      embeddings = model.embedAll(segments).content();
    } catch (RuntimeException e) {
      throw new InferenceException(name() + " failed: " + e.getMessage(), e);
    }
    if (embeddings.size() != texts.size()) {
      throw new InferenceException(
          name() + " gave " + embeddings.size() + " vectors for " + texts.size() + " texts");
    }
    List<float[]> vectors = new ArrayList<>(embeddings.size());
    for (Embedding embedding : embeddings) {
      vectors.add(UnitVectors.of(embedding.vector(), name()));
    }
    return vectors;
  }

  @Override
  public void close() {}
}
