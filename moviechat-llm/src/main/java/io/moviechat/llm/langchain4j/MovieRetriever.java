package io.moviechat.llm.langchain4j;

import dev.langchain4j.data.document.Metadata;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.rag.content.Content;
import dev.langchain4j.rag.content.retriever.ContentRetriever;
import dev.langchain4j.rag.query.Query;
import io.moviechat.Answer;
import io.moviechat.llm.internal.CueLines;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Takes each query as a question. As thread-safe as what it asks. */
final class MovieRetriever implements ContentRetriever {
  private final Function<String, Answer> ask;

  MovieRetriever(Function<String, Answer> ask) {
    this.ask = Objects.requireNonNull(ask, "ask");
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
    if (!answer.cues().isEmpty()) {
      String words =
          answer.cues().stream().map(CueLines::line).collect(Collectors.joining()).strip();
      metadata.put("cues", words);
    }
    return List.of(Content.from(TextSegment.from(answer.text(), metadata)));
  }
}
