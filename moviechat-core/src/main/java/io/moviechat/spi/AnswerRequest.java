package io.moviechat.spi;

import io.moviechat.GenerationOptions;
import io.moviechat.Turn;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * A question with all that its answer depends on.
 *
 * @param systemPrompt what the model is told first; empty leaves that to the model's own template
 * @param history earlier turns about the same view, oldest first
 * @param question what is asked, not blank
 * @param options how the answer is generated
 * @param cancelled asked before each token; true ends the answer with {@link
 *     io.moviechat.FinishReason#CANCELLED}
 */
public record AnswerRequest(
    Optional<String> systemPrompt,
    List<Turn> history,
    String question,
    GenerationOptions options,
    BooleanSupplier cancelled) {
  /** Copies the history. */
  public AnswerRequest {
    Objects.requireNonNull(systemPrompt, "systemPrompt");
    history = List.copyOf(history);
    Objects.requireNonNull(question, "question");
    Objects.requireNonNull(options, "options");
    Objects.requireNonNull(cancelled, "cancelled");
  }

  /** A first question that nobody cancels. */
  public static AnswerRequest of(String question, GenerationOptions options) {
    return new AnswerRequest(Optional.empty(), List.of(), question, options, () -> false);
  }
}
