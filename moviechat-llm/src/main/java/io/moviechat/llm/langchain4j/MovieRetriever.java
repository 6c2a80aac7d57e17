package io.moviechat.llm.langchain4j;

import dev.langchain4j.data.document.Metadata;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.rag.content.Content;
import dev.langchain4j.rag.content.retriever.ContentRetriever;
import dev.langchain4j.rag.query.Query;
import io.moviechat.Answer;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/**
 * Lets a LangChain4j application ask a movie: each query is a question, its content the answer.
 *
 * <pre>{@code
 * ContentRetriever retriever = MovieRetriever.of(movie::ask);
 * }</pre>
 *
 * <p>The segment's metadata holds {@code start} and {@code end} of the time that the answer rests
 * on, in milliseconds. Needs {@code dev.langchain4j:langchain4j-core} on the class path. As
 * thread-safe as what it asks.
 */
public final class MovieRetriever implements ContentRetriever {
  private final Function<String, Answer> ask;

  private MovieRetriever(Function<String, Answer> ask) {
    this.ask = Objects.requireNonNull(ask, "ask");
  }

  /**
   * A retriever over whatever answers questions: {@code movie::ask}, or {@code
   * movie.at(moment)::ask}, each of which takes every query by itself, so that one user's queries
   * never colour another's answers. What is asked stays the caller's to close.
   */
  public static MovieRetriever of(Function<String, Answer> ask) {
    return new MovieRetriever(ask);
  }

  @Override
  public List<Content> retrieve(Query query) {
    Answer answer = ask.apply(query.text());
    if (answer.text().isBlank()) {
      return List.of();
    }
    Metadata metadata = new Metadata();
    List<Answer.Evidence> evidence = answer.evidence();
    if (!evidence.isEmpty()) {
      Duration start = evidence.get(0).start();
      Duration end = evidence.get(evidence.size() - 1).end();
      metadata.put("start", start.toMillis()).put("end", end.toMillis());
    }
    return List.of(Content.from(TextSegment.from(answer.text(), metadata)));
  }
}
