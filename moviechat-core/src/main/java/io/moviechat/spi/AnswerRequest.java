package io.moviechat.spi;

import io.moviechat.Conversation;
import io.moviechat.GenerationOptions;
import io.moviechat.speech.Cue;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A question with all that its answer depends on. Immutable. */
public final class AnswerRequest {
  private static final BooleanSupplier NEVER = () -> false;

  private final Optional<String> systemPrompt;
  private final List<Conversation.Turn> history;
  private final String question;
  private final GenerationOptions options;
  private final BooleanSupplier cancelled;
  private final List<Cue> cues;

  private AnswerRequest(
      Optional<String> systemPrompt,
      List<Conversation.Turn> history,
      String question,
      GenerationOptions options,
      BooleanSupplier cancelled,
      List<Cue> cues) {
    this.systemPrompt = systemPrompt;
    this.history = history;
    this.question = question;
    this.options = options;
    this.cancelled = cancelled;
    this.cues = cues;
  }

  /**
   * A first question that nobody cancels, without a system prompt.
   *
   * @param question what is asked, not blank
   * @param options how the answer is generated
   */
  public static AnswerRequest of(String question, GenerationOptions options) {
    return new AnswerRequest(
        Optional.empty(),
        List.of(),
        Objects.requireNonNull(question, "question"),
        Objects.requireNonNull(options, "options"),
        NEVER,
        List.of());
  }

  /** The same request with something that the model is told first. */
  public AnswerRequest withSystemPrompt(String newSystemPrompt) {
    return new AnswerRequest(
        Optional.of(newSystemPrompt), history, question, options, cancelled, cues);
  }

  /** The same request after earlier turns about the same view, oldest first. Copies the list. */
  public AnswerRequest withHistory(List<Conversation.Turn> newHistory) {
    return new AnswerRequest(
        systemPrompt, List.copyOf(newHistory), question, options, cancelled, cues);
  }

  /** The same request that ends when the supplier says so. */
  public AnswerRequest withCancelled(BooleanSupplier newCancelled) {
    return new AnswerRequest(
        systemPrompt,
        history,
        question,
        options,
        Objects.requireNonNull(newCancelled, "cancelled"),
        cues);
  }

  /** The same request with what the movie says, the most wanted first. Copies the list. */
  public AnswerRequest withCues(List<Cue> newCues) {
    return new AnswerRequest(
        systemPrompt, history, question, options, cancelled, List.copyOf(newCues));
  }

  /** What the model is told first; empty leaves that to the model's own template. */
  public Optional<String> systemPrompt() {
    return systemPrompt;
  }

  /** Earlier turns about the same view, oldest first. */
  public List<Conversation.Turn> history() {
    return history;
  }

  /** What is asked, not blank. */
  public String question() {
    return question;
  }

  /** How the answer is generated. */
  public GenerationOptions options() {
    return options;
  }

  /**
   * What the movie says, the most wanted first. A generator shows as many of the first as it has
   * room for, at most a quarter of its context, in order of time, and tells which ({@link
   * GeneratedAnswer.Builder#cues}). Their text is data: it can give no orders and no special
   * tokens.
   */
  public List<Cue> cues() {
    return cues;
  }

  /**
   * Asked before each token, on the answering thread: true ends the answer with {@link
   * io.moviechat.FinishReason#CANCELLED}.
   */
  public BooleanSupplier cancelled() {
    return cancelled;
  }

  @Override
  public String toString() {
    return "AnswerRequest[" + question + ", after " + history.size() + " turns]";
  }
}
