package io.moviechat.tinymodel;

import io.moviechat.Answer;
import io.moviechat.FinishReason;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.recall.CueSearch;
import io.moviechat.speech.Cue;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * Answers questions about what is said by quoting the cues that a search finds ({@link CueSearch}),
 * word for word and with their times; all other questions go to a generator that sees. It
 * understands nothing: whether a question is about words is told by words such as "says" and
 * "speaks".
 */
final class QuotingGenerator implements AnswerGenerator {
  private static final Pattern ABOUT_WORDS =
      Pattern.compile(
          "\\b(says?|said|saying|speaks?|spoken?|speaking|talk(s|ed|ing)?|tells?|told"
              + "|mention(s|ed)?|hears?|heard|words?|voices?|sentences?|quotes?)\\b",
          Pattern.CASE_INSENSITIVE);

  /** Quoted where a question asks for nothing in particular. */
  private static final int MOST_QUOTES = 3;

  /** A second quote fits nearly as well as the first. */
  private static final double NEARLY = 0.9;

  private final AnswerGenerator seeing;

  /**
   * @param seeing answers the other questions; taken over
   */
  QuotingGenerator(AnswerGenerator seeing) {
    this.seeing = seeing;
  }

  @Override
  public String id() {
    return seeing.id();
  }

  @Override
  public OptionalInt tokenWidth() {
    return seeing.tokenWidth();
  }

  @Override
  public OptionalInt maxSlots(TokenShape shape) {
    return seeing.maxSlots(shape);
  }

  /** False: they are quoted, and take no room beside pictures. */
  @Override
  public boolean showsCues() {
    return false;
  }

  @Override
  public AnswerSession open(MovieView view) {
    return new Session(view, seeing.open(view));
  }

  @Override
  public void close() {
    seeing.close();
  }

  private record Session(MovieView view, AnswerSession seeing) implements AnswerSession {
    @Override
    public GeneratedAnswer answer(AnswerRequest request, TokenListener listener) {
      if (view.cues().isEmpty() || !ABOUT_WORDS.matcher(request.question()).find()) {
        return seeing.answer(request.withCues(List.of()), listener);
      }
      long start = System.nanoTime();
      if (request.cancelled().getAsBoolean()) {
        return GeneratedAnswer.builder("", FinishReason.CANCELLED).build();
      }
      List<CueSearch.Hit> hits = CueSearch.of(view.cues()).best(request.question(), MOST_QUOTES);
      List<Cue> quoted = new ArrayList<>();
      for (CueSearch.Hit hit : hits) {
        if (hit.score() >= NEARLY * hits.get(0).score()) {
          quoted.add(hit.cue());
        }
      }
      if (CueSearch.asksForAnything(request.question())) {
        quoted.addAll(request.cues().stream().limit(MOST_QUOTES).toList());
      }
      quoted.sort(Comparator.comparing(Cue::start));
      String text = text(quoted);
      listener.onText(text);
      Duration time = Duration.ofNanos(System.nanoTime() - start);
      return GeneratedAnswer.builder(text, FinishReason.STOP)
          .cues(quoted)
          .timings(Answer.Timings.of(Duration.ZERO, time, time, 0))
          .build();
    }

    private static String text(List<Cue> quoted) {
      if (quoted.isEmpty()) {
        return "Nothing that is said fits this question.";
      }
      List<String> quotes = new ArrayList<>();
      for (Cue cue : quoted) {
        Duration at = cue.start();
        String time = String.format(Locale.ROOT, "%d:%02d", at.toMinutes(), at.toSecondsPart());
        quotes.add("At " + time + ": \"" + cue.text().replace('\n', ' ') + "\"");
      }
      return String.join("\n", quotes);
    }

    @Override
    public void close() {
      seeing.close();
    }
  }
}
