package io.moviechat;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.speech.Cues;
import io.moviechat.spi.MovieView;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * A moment of a movie that can be asked about (breakpoint mode). Immutable, thread-safe, and needs
 * no closing: each question stands for itself and leaves nothing open. For questions that follow
 * from each other take {@link #conversation()}.
 */
public final class Moment {
  private final Movie movie;
  private final Questions questions;
  private final MovieView view;
  private final int recent;

  /**
   * @param recent how many of the view's last slots are frames around the moment
   */
  Moment(Movie movie, Questions questions, MovieView view, int recent) {
    this.recent = recent;
    this.movie = movie;
    this.questions = questions;
    this.view = view;
  }

  /** When it is. */
  public Duration time() {
    return view.breakpoint().orElseThrow();
  }

  /**
   * What there is to answer from: nothing later than the moment. Of a memory larger than the prompt
   * each question is given what it wants ({@link Answer#evidence()}).
   */
  public MemorySnapshot memory() {
    return view.memory();
  }

  /** What the movie says up to the moment: not a word of a later time. */
  public Cues cues() {
    return view.cues();
  }

  /**
   * Answers one question. Interrupting the thread ends the answer with {@link
   * FinishReason#CANCELLED}.
   *
   * @throws IllegalArgumentException if the question is blank or does not fit the model's context
   * @throws InferenceException if the model failed; the moment stays usable
   * @throws IllegalStateException if the movie is closed
   */
  public Answer ask(String question) {
    return ask(Question.of(question), TokenListener.NONE);
  }

  /** Like {@link #ask(String)}, streamed: the listener hears each piece on the calling thread. */
  public Answer ask(String question, TokenListener listener) {
    return ask(Question.of(question), listener);
  }

  /** Like {@link #ask(String)} with options of its own, streamed. */
  public Answer ask(Question question, TokenListener listener) {
    return answer(question, listener, () -> false);
  }

  /** Like {@link #ask(Question, TokenListener)} on another thread. */
  public Asking start(Question question, TokenListener listener) {
    Objects.requireNonNull(question, "question");
    Objects.requireNonNull(listener, "listener");
    movie.requireUsable();
    return questions.start(cancelled -> answer(question, listener, cancelled));
  }

  private Answer answer(Question question, TokenListener listener, BooleanSupplier cancelled) {
    return questions.fresh(view, recent, question, listener, cancelled);
  }

  /** A new conversation about this moment, which remembers its turns. The movie closes it too. */
  @MustBeClosed
  public Conversation conversation() {
    return conversation(List.of());
  }

  /**
   * A conversation that goes on after earlier turns, as {@link Movie#conversation(List)} does.
   *
   * @param earlier oldest first; copied
   */
  @MustBeClosed
  public Conversation conversation(List<Conversation.Turn> earlier) {
    return movie.converse(view, recent, earlier);
  }

  @Override
  public String toString() {
    return "Moment[" + time() + " of " + movie.location() + "]";
  }
}
