package io.moviechat;

import static io.moviechat.internal.Checks.requireOpen;

import io.moviechat.spi.MovieView;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Questions that follow from each other, about a whole movie or about a moment of it. Each question
 * sees the turns before it, as many as the model's context holds: the oldest ones are forgotten
 * when it is full, and {@link Answer#forgottenTurns()} counts them.
 *
 * <p>Thread-safe: questions from several threads are answered one after the other, in fair order.
 * Closing ends a running answer within one token; the movie closes its conversations too.
 */
public final class Conversation implements AutoCloseable {
  private final Questions questions;
  private final Sessions sessions;
  private final MovieView view;
  private final int recent;
  private final Consumer<Conversation> onClose;
  private final ReentrantLock turn = new ReentrantLock(true);
  private final Turns turns = new Turns();
  private volatile boolean closed;

  Conversation(
      Questions questions,
      Sessions sessions,
      MovieView view,
      int recent,
      List<Turn> earlier,
      Consumer<Conversation> onClose) {
    earlier.forEach(turns::add);
    this.recent = recent;
    this.questions = questions;
    this.sessions = sessions;
    this.view = view;
    this.onClose = onClose;
  }

  /** The moment that is asked about; empty if it is the whole movie. */
  public Optional<Duration> breakpoint() {
    return view.breakpoint();
  }

  /** What there is to answer from; each question is given what it wants of it. */
  public MemorySnapshot memory() {
    return view.memory();
  }

  /** The turns that are remembered, oldest first. */
  public List<Turn> history() {
    turn.lock();
    try {
      return turns.remembered();
    } finally {
      turn.unlock();
    }
  }

  /**
   * Answers a question. Interrupting the thread ends the answer with {@link
   * FinishReason#CANCELLED}.
   *
   * @throws java.util.concurrent.CancellationException if the thread is interrupted while it waits
   *     for another thread's answer
   * @throws IllegalArgumentException if the question is blank or does not fit the model's context,
   *     even without any earlier turn
   * @throws InferenceException if the model failed; the conversation stays usable
   * @throws IllegalStateException if this conversation is closed
   */
  public Answer ask(String question) {
    return ask(Question.of(question), TokenListener.NONE);
  }

  /**
   * Answers a question, streamed.
   *
   * @param listener told each piece of text as soon as it is whole, on the calling thread
   */
  public Answer ask(String question, TokenListener listener) {
    return ask(Question.of(question), listener);
  }

  /** Answers a question with options of its own, streamed. */
  public Answer ask(Question question, TokenListener listener) {
    return answer(question, listener, () -> false);
  }

  /**
   * Starts answering on another thread.
   *
   * @param listener called on that thread
   */
  public Asking start(Question question, TokenListener listener) {
    Objects.requireNonNull(question, "question");
    Objects.requireNonNull(listener, "listener");
    requireUsable();
    return questions.start(cancelled -> answer(question, listener, cancelled));
  }

  private Answer answer(Question question, TokenListener listener, BooleanSupplier cancelled) {
    try {
      turn.lockInterruptibly();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("asking was interrupted before it was the question's turn");
    }
    try {
      requireUsable();
      Answer answer =
          questions.following(
              view, recent, question, turns, listener, () -> closed || cancelled.getAsBoolean());
      if (answer.finishReason() == FinishReason.STOP
          || answer.finishReason() == FinishReason.LENGTH) {
        turns.add(new Turn(question.text(), answer.text()));
      }
      return answer;
    } finally {
      turn.unlock();
    }
  }

  private void requireUsable() {
    requireOpen(!closed && !sessions.isClosed(), "Conversation");
  }

  /**
   * Ends a running answer, waits for it and forgets the turns. Closing twice is fine.
   *
   * @throws IllegalStateException if called by a listener of the running answer
   */
  @Override
  public void close() {
    if (turn.isHeldByCurrentThread()) {
      throw new IllegalStateException(
          "a listener cannot close the conversation that called it; cancel the answer instead");
    }
    closed = true;
    turn.lock(); // waits until the running answer has ended
    try {
      onClose.accept(this);
    } finally {
      turn.unlock();
    }
  }

  /**
   * A question and its answer, as a conversation remembers them.
   *
   * @param question what was asked
   * @param answer the answer's text
   */
  public record Turn(String question, String answer) {
    /** Refuses nulls. */
    public Turn {
      Objects.requireNonNull(question, "question");
      Objects.requireNonNull(answer, "answer");
    }
  }
}
