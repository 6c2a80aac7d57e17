package io.moviechat;

import io.moviechat.recall.SearchHit;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** Answers the questions about one movie, whichever way they are asked. Thread-safe. */
final class Questions {
  private final OpenedModel model;
  private final Sessions sessions;
  private final Movie.Timings watch;
  private final Recaller recaller;
  private final Spoken spoken;

  Questions(OpenedModel model, Sessions sessions, Movie.Timings watch) {
    this.model = model;
    this.sessions = sessions;
    this.watch = watch;
    this.spoken = new Spoken(model.textEmbedder());
    this.recaller =
        new Recaller(model.recall(), model.narrowing(), spoken, model.generator().showsCues());
  }

  /**
   * One question with nothing before it.
   *
   * @param recent how many of the view's last slots are given as they are
   */
  Answer fresh(
      MovieView view,
      int recent,
      Question question,
      TokenListener listener,
      BooleanSupplier cancelled) {
    return model
        .lease()
        .use(
            () -> {
              Recaller.Recalled recalled = recaller.recall(view, recent, question.text());
              return sessions.use(
                  recalled.view(),
                  session ->
                      answer(
                          recalled,
                          session.answer(
                              request(view, question, "", List.of(), cancelled), listener),
                          0));
            });
  }

  /**
   * One question after others.
   *
   * @param recent how many of the view's last slots are given as they are
   * @param turns those that the model last saw; loses the oldest ones if the context is full
   */
  Answer following(
      MovieView view,
      int recent,
      Question question,
      Turns turns,
      TokenListener listener,
      BooleanSupplier cancelled) {
    return model
        .lease()
        .use(
            () -> {
              String before = turns.latestQuestion();
              Recaller.Recalled recalled =
                  recaller.recall(view, recent, before + " " + question.text());
              return sessions.use(
                  recalled.view(),
                  session -> {
                    Turns.Answered answered =
                        turns.answer(
                            history ->
                                session.answer(
                                    request(view, question, before, history, cancelled), listener));
                    return answer(recalled, answered.generated(), answered.forgotten());
                  });
            });
  }

  /** What a scorer finds, and what is said. */
  List<SearchHit> search(MovieView view, String query, int most) {
    return model.lease().use(() -> recaller.search(view, query, most));
  }

  /** Runs an answer on another thread. */
  Asking start(Function<BooleanSupplier, Answer> answer) {
    AtomicBoolean cancelled = new AtomicBoolean();
    return model
        .lease()
        .use(
            () ->
                new Asking(
                    Task.start(model.executor(), () -> answer.apply(cancelled::get)), cancelled));
  }

  /** An interrupt ends an answer as the asker's wish does: generators ask on their own thread. */
  private AnswerRequest request(
      MovieView view,
      Question question,
      String before,
      List<Conversation.Turn> history,
      BooleanSupplier cancelled) {
    Objects.requireNonNull(question, "question");
    Thread answering = Thread.currentThread();
    AnswerRequest request =
        AnswerRequest.of(question.text(), question.options().orElse(model.generation()))
            .withHistory(history)
            .withCues(
                view.cues().isEmpty()
                    ? List.of()
                    : spoken.search(view.cues()).inOrder(before + " " + question.text()))
            .withCancelled(
                () ->
                    cancelled.getAsBoolean()
                        || sessions.isClosed()
                        || model.lease().isClosed()
                        || answering.isInterrupted());
    return model.systemPrompt().map(request::withSystemPrompt).orElse(request);
  }

  private Answer answer(Recaller.Recalled recalled, GeneratedAnswer generated, int forgottenTurns) {
    return Answer.of(generated, recalled.view().memory())
        .withEvidence(recalled.evidence(), recalled.storedSlots())
        .withRecallProblem(recalled.problem())
        .withForgottenTurns(forgottenTurns)
        .withWatch(watch);
  }
}
