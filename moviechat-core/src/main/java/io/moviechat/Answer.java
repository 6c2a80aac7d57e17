package io.moviechat;

import com.google.common.primitives.ImmutableIntArray;
import java.util.List;
import java.util.Objects;

/**
 * An answer and what it rests on.
 *
 * @param text the answer, without stop strings or special tokens
 * @param tokens ids of the new tokens as the model gave them, the end token included; empty if the
 *     backend does not tell
 * @param finishReason why it ended
 * @param promptTokens length of the prompt in tokens, visual tokens included; 0 if the backend does
 *     not tell
 * @param evidence the memory slots that the model was given, in time order
 * @param watch timings of watching the movie
 * @param timings timings of this answer
 */
public record Answer(
    String text,
    ImmutableIntArray tokens,
    FinishReason finishReason,
    int promptTokens,
    List<Evidence> evidence,
    WatchTimings watch,
    AnswerTimings timings) {
  /** Copies the list. */
  public Answer {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(finishReason, "finishReason");
    evidence = List.copyOf(evidence);
  }
}
