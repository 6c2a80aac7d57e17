package io.moviechat;

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

  Questions(OpenedModel model, Sessions sessions, Movie.Timings watch) {
    this.model = model;
    this.sessions = sessions;
    this.watch = watch;
  }

  /** One question with nothing before it. */
  Answer fresh(
      MovieView view, Question question, TokenListener listener, BooleanSupplier cancelled) {
    return model
        .lease()
        .use(
            () ->
                sessions.use(
                    view,
                    session ->
                        answer(
                            view,
                            session.answer(request(question, List.of(), cancelled), listener),
                            0)));
  }

  /**
   * One question after others.
   *
   * @param turns those that the model last saw; loses the oldest ones if the context is full
   */
  Answer following(
      MovieView view,
      Question question,
      Turns turns,
      TokenListener listener,
      BooleanSupplier cancelled) {
    return model
        .lease()
        .use(
            () ->
                sessions.use(
                    view,
                    session -> {
                      Turns.Answered answered =
                          turns.answer(
                              history ->
                                  session.answer(request(question, history, cancelled), listener));
                      return answer(view, answered.generated(), answered.forgotten());
                    }));
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
      Question question, List<Conversation.Turn> history, BooleanSupplier cancelled) {
    Objects.requireNonNull(question, "question");
    Thread answering = Thread.currentThread();
    AnswerRequest request =
        AnswerRequest.of(question.text(), question.options().orElse(model.generation()))
            .withHistory(history)
            .withCancelled(
                () ->
                    cancelled.getAsBoolean()
                        || sessions.isClosed()
                        || model.lease().isClosed()
                        || answering.isInterrupted());
    return model.systemPrompt().map(request::withSystemPrompt).orElse(request);
  }

  private Answer answer(MovieView view, GeneratedAnswer generated, int forgottenTurns) {
    return Answer.of(generated, view.memory()).withForgottenTurns(forgottenTurns).withWatch(watch);
  }
}
