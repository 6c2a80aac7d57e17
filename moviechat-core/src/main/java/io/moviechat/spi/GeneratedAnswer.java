package io.moviechat.spi;

import io.moviechat.Answer;
import io.moviechat.FinishReason;
import io.moviechat.speech.Cue;
import java.util.List;
import java.util.Objects;

/** What a generator made of a question. Immutable and thread-safe. */
public final class GeneratedAnswer {
  private final String text;
  private final int[] tokens;
  private final FinishReason finishReason;
  private final int promptTokens;
  private final Answer.Timings timings;
  private final List<Cue> cues;

  private GeneratedAnswer(Builder builder) {
    this.text = builder.text;
    this.tokens = builder.tokens;
    this.finishReason = builder.finishReason;
    this.promptTokens = builder.promptTokens;
    this.timings = builder.timings;
    this.cues = builder.cues;
  }

  /**
   * An answer with nothing but what every generator knows.
   *
   * @param text the answer, without stop strings or special tokens
   * @param finishReason why it ended
   */
  public static Builder builder(String text, FinishReason finishReason) {
    return new Builder(text, finishReason);
  }

  /** The answer, without stop strings or special tokens. */
  public String text() {
    return text;
  }

  /** Ids of the new tokens, the end token included; empty if unknown. A copy. */
  public int[] tokens() {
    return tokens.clone();
  }

  /** Why it ended. */
  public FinishReason finishReason() {
    return finishReason;
  }

  /** Length of the prompt in tokens, visual ones included; 0 if unknown. */
  public int promptTokens() {
    return promptTokens;
  }

  /** The cues that the generator was shown, in order of time. */
  public List<Cue> cues() {
    return cues;
  }

  /** Where the time went. */
  public Answer.Timings timings() {
    return timings;
  }

  @Override
  public String toString() {
    return "GeneratedAnswer[" + finishReason + ", " + text + "]";
  }

  /** Collects what a generator knows beside the text. Not thread-safe. */
  public static final class Builder {
    private final String text;
    private final FinishReason finishReason;
    private int[] tokens = {};
    private int promptTokens;
    private Answer.Timings timings = Answer.Timings.NONE;
    private List<Cue> cues = List.of();

    private Builder(String text, FinishReason finishReason) {
      this.text = Objects.requireNonNull(text, "text");
      this.finishReason = Objects.requireNonNull(finishReason, "finishReason");
    }

    /** Ids of the new tokens, the end token included. Copied. Default: none, which is unknown. */
    public Builder tokens(int... ids) {
      tokens = ids.clone();
      return this;
    }

    /** Length of the prompt in tokens, visual ones included. Default: 0, which is unknown. */
    public Builder promptTokens(int value) {
      promptTokens = value;
      return this;
    }

    /** The cues that the generator was shown, in order of time. Copied. Default: none. */
    public Builder cues(List<Cue> value) {
      cues = List.copyOf(value);
      return this;
    }

    /** Where the time went. Default: all zero. */
    public Builder timings(Answer.Timings value) {
      timings = Objects.requireNonNull(value, "timings");
      return this;
    }

    /** The answer. */
    public GeneratedAnswer build() {
      return new GeneratedAnswer(this);
    }
  }
}
