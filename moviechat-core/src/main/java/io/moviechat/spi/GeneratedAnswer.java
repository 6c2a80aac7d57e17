package io.moviechat.spi;

import com.google.common.primitives.ImmutableIntArray;
import io.moviechat.AnswerTimings;
import io.moviechat.FinishReason;
import java.util.Objects;

/**
 * What a generator made of a question.
 *
 * @param text the answer, without stop strings or special tokens
 * @param tokens ids of the new tokens, the end token included; empty if unknown
 * @param finishReason why it ended
 * @param promptTokens length of the prompt in tokens, visual ones included; 0 if unknown
 * @param timings where the time went
 */
public record GeneratedAnswer(
    String text,
    ImmutableIntArray tokens,
    FinishReason finishReason,
    int promptTokens,
    AnswerTimings timings) {
  /** Refuses nulls. */
  public GeneratedAnswer {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(tokens, "tokens");
    Objects.requireNonNull(finishReason, "finishReason");
    Objects.requireNonNull(timings, "timings");
  }
}
