package io.moviechat.llm.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.Response;
import io.moviechat.InferenceException;
import io.moviechat.recall.TextEmbedder;
import java.util.List;
import org.junit.jupiter.api.Test;

class LangChainEmbedderTest {
  /** The length of a text and its number of spaces. */
  private static final class Lengths implements EmbeddingModel {
    @Override
    public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
      return Response.from(
          segments.stream()
              .map(
                  segment ->
                      Embedding.from(
                          new float[] {
                            segment.text().length(),
                            segment.text().chars().filter(c -> c == ' ').count()
                          }))
              .toList());
    }
  }

  @Test
  void givesVectorsOfLengthOneInOrder() {
    TextEmbedder embedder = LangChain.embedder(new Lengths());

    assertThat(embedder.name()).isEqualTo("Lengths");
    assertThat(embedder.embed(List.of())).isEmpty();
    assertThat(embedder.embed(List.of("abcd", "a  b", " ")))
        .containsExactly(
            new float[] {1, 0},
            new float[] {(float) (4 / Math.sqrt(20)), (float) (2 / Math.sqrt(20))},
            new float[] {1, 0});
  }

  @Test
  void whatLangChainThinksWorthAnotherTryStaysSo() {
    TextEmbedder busy =
        LangChain.embedder(
            segments -> {
              throw new IllegalStateException(new RateLimitException("slow down"));
            });
    assertThatThrownBy(() -> busy.embed(List.of("a")))
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining("slow down")
        .hasFieldOrPropertyWithValue("retriable", true);
  }

  @Test
  void whatFailsInTheModelIsAFailureOfInference() {
    TextEmbedder broken =
        LangChain.embedder(
            segments -> {
              throw new IllegalArgumentException("no key");
            });
    TextEmbedder few =
        LangChain.embedder(segments -> Response.from(List.of(Embedding.from(new float[] {0}))));

    assertThatThrownBy(() -> broken.embed(List.of("a")))
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining("no key")
        .hasFieldOrPropertyWithValue("retriable", false);
    assertThatThrownBy(() -> few.embed(List.of("a", "b")))
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining("1 vectors for 2 texts");
    assertThatThrownBy(() -> few.embed(List.of("a")))
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining("without a direction");
  }
}
