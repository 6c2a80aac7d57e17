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

/** Vectors of an embedding model of LangChain4j. As thread-safe as the model. */
final class LangChainEmbedder implements TextEmbedder {
  private final EmbeddingModel model;

  LangChainEmbedder(EmbeddingModel model) {
    this.model = Objects.requireNonNull(model, "model");
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
      throw LangChain.failed(name(), e);
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
