package io.moviechat.bench.eval;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Answer;
import io.moviechat.FrameSampling;
import io.moviechat.GenerationOptions;
import io.moviechat.InferenceException;
import io.moviechat.MemorySnapshot;
import io.moviechat.Moment;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.Question;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.VideoException;
import io.moviechat.WatchOptions;
import io.moviechat.bench.eval.EvalRun.Fitted;
import io.moviechat.bench.eval.EvalRun.Opened;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSourceProvider;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** One film: watched once, asked in every cell of a group. */
final class FilmPass {
  /** Rounding of times to milliseconds. */
  private static final double LATER = 0.002;

  private final URI location;
  private final VideoSourceProvider films;
  private final Opened opened;
  private final FilmEncoder encoder;
  private final GenerationOptions options;
  private final Prompting prompting;
  private final BooleanSupplier cancelled;

  FilmPass(
      URI location,
      VideoSourceProvider films,
      Opened opened,
      FilmEncoder encoder,
      GenerationOptions options,
      Prompting prompting,
      BooleanSupplier cancelled) {
    this.location = location;
    this.films = films;
    this.opened = opened;
    this.encoder = encoder;
    this.options = options;
    this.prompting = prompting;
    this.cancelled = cancelled;
  }

  /**
   * Watches the film and asks what each cell has not been asked yet.
   *
   * @throws VideoException if the film cannot be read to its end
   */
  void run(List<Fitted> cells, FrameSampling sampling, List<EvalItem> items, EvalJournal journal)
      throws IOException {
    WatchOptions watching =
        WatchOptions.DEFAULT
            .withSampling(sampling)
            .withBreakpoints(items.stream().flatMap(item -> item.askAt().stream()).toList());
    SharedPass pass = new SharedPass(cells.stream().map(Fitted::memory).toList());
    boolean shared = cells.size() > 1;
    if (shared) {
      encoder.keep();
    }
    VideoMemory.Factory first = shared ? pass.all() : cells.get(0).memory();
    try (MovieChat chat = chat(cells.get(0), first, films);
        Movie movie = chat.watch(location, watching)) {
      ask(movie, cells.get(0), items, journal);
    }
    for (int i = 1; i < cells.size() && !cancelled.getAsBoolean(); i++) {
      try (MovieChat chat = chat(cells.get(i), pass.again(i), pass.placeholders(films));
          Movie movie = chat.watch(location, watching)) {
        ask(movie, cells.get(i), items, journal);
      }
    }
  }

  @MustBeClosed
  private MovieChat chat(Fitted cell, VideoMemory.Factory memory, VideoSourceProvider provider) {
    return EvalRun.chat(cell.cell(), opened, encoder).memory(memory).video(provider).build();
  }

  private void ask(Movie movie, Fitted cell, List<EvalItem> items, EvalJournal journal)
      throws IOException {
    List<EvalItem> inOrder = new ArrayList<>(journal.open(cell.cell().name(), items));
    inOrder.sort(Comparator.comparing(item -> item.askAt().orElse(Duration.ZERO)));
    for (EvalItem item : inOrder) {
      if (cancelled.getAsBoolean()) {
        return;
      }
      journal.add(answer(movie, cell, item));
    }
  }

  private EvalAnswer answer(Movie movie, Fitted cell, EvalItem item) {
    EvalAnswer line = new EvalAnswer(item.id(), cell.cell().name());
    Question question = Question.of(prompting.of(item)).with(options);
    encoder.startQuestion();
    try {
      if (item.askAt().isPresent()) {
        Moment moment;
        try {
          moment = movie.at(item.askAt().get());
        } catch (IllegalArgumentException e) { // the annotation's fault, not the model's
          return line.error("outside", String.valueOf(e.getMessage()));
        }
        Answer answer = moment.ask(question, TokenListener.NONE);
        return describe(line, item, movie, moment.memory(), answer);
      }
      Answer answer = movie.ask(question, TokenListener.NONE);
      return describe(line, item, movie, movie.memory().snapshot(), answer);
    } catch (VideoException e) {
      return line.error("broken", String.valueOf(e.getMessage()));
    } catch (InferenceException | IllegalArgumentException e) {
      return line.error("failed", String.valueOf(e.getMessage()));
    }
  }

  private EvalAnswer describe(
      EvalAnswer line, EvalItem item, Movie movie, MemorySnapshot memory, Answer answer) {
    List<Span> evidence =
        answer.evidence().stream()
            .map(slot -> new Span(Json.seconds(slot.start()), Json.seconds(slot.end())))
            .toList();
    line.reply(answer.text())
        .seen(memory.framesSeen(), evidence)
        .usage(answer.promptTokens(), answer.tokens().length)
        .millis(movie.timings().wall().toMillis(), answer.timings().generate().toMillis());
    item.askAt()
        .ifPresent(at -> checkPast(line, Json.seconds(at), evidence, encoder.latestFrame()));
    return line;
  }

  /** Says so in the journal if a question about a moment was shown anything later. */
  static void checkPast(
      EvalAnswer line, double at, List<Span> evidence, @Nullable Duration decoded) {
    double latest = evidence.stream().mapToDouble(Span::end).max().orElse(0);
    double seen = decoded == null ? latest : Math.max(latest, Json.seconds(decoded));
    line.put("askAt", at).put("latestFrame", seen);
    if (seen > at + LATER) {
      line.error("later", "asked at " + at + " s, it was shown what is on screen at " + seen);
    }
  }

  /** The same question without any film: what the text alone gives away. */
  static EvalAnswer withoutFilm(
      EvalItem item, String prompt, Opened opened, GenerationOptions options) {
    EvalAnswer line = new EvalAnswer(item.id(), Cell.TEXT_ONLY);
    TokenShape shape = new TokenShape(1, opened.generator().tokenWidth().orElse(1));
    MovieView nothing = MovieView.of(MemorySnapshot.empty(shape));
    AnswerRequest request = AnswerRequest.of(prompt, options);
    Optional<String> system = opened.model().defaults().systemPrompt();
    if (system.isPresent()) {
      request = request.withSystemPrompt(system.get());
    }
    try (AnswerSession session = opened.generator().open(nothing)) {
      GeneratedAnswer answer = session.answer(request, TokenListener.NONE);
      return line.reply(answer.text())
          .usage(answer.promptTokens(), answer.tokens().length)
          .millis(0, answer.timings().generate().toMillis());
    } catch (InferenceException | IllegalArgumentException e) {
      return line.error("failed", String.valueOf(e.getMessage()));
    }
  }
}
