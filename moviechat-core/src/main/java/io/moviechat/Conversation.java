package io.moviechat;

import static io.moviechat.Checks.requireOpen;

import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.TokenListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Questions that follow from each other, about a whole movie or about a moment of it. Each question
 * sees the turns before it.
 *
 * <p>Thread-safe: questions from several threads are answered one after the other, in fair order.
 * Closing ends a running answer within one token; the movie closes its conversations too.
 */
public final class Conversation implements AutoCloseable {
  private final MovieChat chat;
  private final MovieView view;
  private final WatchTimings watchTimings;
  private final Consumer<Conversation> onClose;
  private final ReentrantLock turn = new ReentrantLock(true);
  private final List<Turn> history = new ArrayList<>();
  private volatile boolean closed;
  private @Nullable AnswerSession session;

  Conversation(
      MovieChat chat, MovieView view, WatchTimings watchTimings, Consumer<Conversation> onClose) {
    this.chat = chat;
    this.view = view;
    this.watchTimings = watchTimings;
    this.onClose = onClose;
  }

  /** The moment that is asked about; empty if it is the whole movie. */
  public Optional<Duration> breakpoint() {
    return view.breakpoint();
  }

  /** What the model is given of the movie. */
  public MemorySnapshot memory() {
    return view.memory();
  }

  /** The turns so far, oldest first. */
  public List<Turn> history() {
    turn.lock();
    try {
      return List.copyOf(history);
    } finally {
      turn.unlock();
    }
  }

  /**
   * Answers a question.
   *
   * @throws IllegalArgumentException if the question is blank or does not fit the model's context
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
    requireUsable();
    AtomicBoolean cancelled = new AtomicBoolean();
    return new Asking(
        Task.start(chat.executor(), () -> answer(question, listener, cancelled::get)), cancelled);
  }

  private Answer answer(Question question, TokenListener listener, BooleanSupplier cancelled) {
    chat.beginUse();
    turn.lock();
    try {
      requireUsable();
      if (session == null) {
        session = chat.generator().open(view);
      }
      AnswerRequest request =
          new AnswerRequest(
              chat.systemPrompt(),
              history,
              question.text(),
              question.options().orElse(chat.generation()),
              () -> closed || cancelled.getAsBoolean());
      GeneratedAnswer generated = session.answer(request, listener);
      if (generated.finishReason() == FinishReason.STOP
          || generated.finishReason() == FinishReason.LENGTH) {
        history.add(new Turn(question.text(), generated.text()));
      }
      return new Answer(
          generated.text(),
          generated.tokens(),
          generated.finishReason(),
          generated.promptTokens(),
          view.memory().slots().stream().map(Evidence::of).toList(),
          watchTimings,
          generated.timings());
    } finally {
      turn.unlock();
      chat.endUse();
    }
  }

  private void requireUsable() {
    requireOpen(!closed, "Conversation");
  }

  /**
   * Ends a running answer, waits for it and frees what the conversation holds. Closing twice is
   * fine.
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
    turn.lock();
    try {
      if (session != null) {
        session.close();
        session = null;
      }
    } finally {
      turn.unlock();
    }
    onClose.accept(this);
  }
}
