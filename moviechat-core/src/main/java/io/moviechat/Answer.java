package io.moviechat;

import io.moviechat.speech.Cue;
import io.moviechat.spi.GeneratedAnswer;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** An answer and what it rests on. Immutable and thread-safe. */
public final class Answer {
  private final GeneratedAnswer generated;
  private final List<Evidence> evidence;
  private final int consolidatedSlots;
  private final int forgottenTurns;
  private final Movie.Timings watch;
  private final Optional<String> recallProblem;

  private Answer(
      GeneratedAnswer generated,
      List<Evidence> evidence,
      int consolidatedSlots,
      int forgottenTurns,
      Movie.Timings watch,
      Optional<String> recallProblem) {
    this.recallProblem = recallProblem;
    this.generated = generated;
    this.evidence = evidence;
    this.consolidatedSlots = consolidatedSlots;
    this.forgottenTurns = forgottenTurns;
    this.watch = watch;
  }

  /**
   * An answer as movies give it; an application needs this only to test what it does with answers.
   *
   * @param memory what the model was given
   */
  public static Answer of(GeneratedAnswer generated, MemorySnapshot memory) {
    return new Answer(
        Objects.requireNonNull(generated, "generated"),
        memory.slots().stream().map(Evidence::of).toList(),
        0,
        0,
        Movie.Timings.NONE,
        Optional.empty());
  }

  /** The same answer with timings of watching the movie. */
  public Answer withWatch(Movie.Timings timings) {
    return new Answer(
        generated,
        evidence,
        consolidatedSlots,
        forgottenTurns,
        Objects.requireNonNull(timings, "timings"),
        recallProblem);
  }

  Answer withForgottenTurns(int turns) {
    return new Answer(generated, evidence, consolidatedSlots, turns, watch, recallProblem);
  }

  Answer withRecallProblem(Optional<String> problem) {
    return new Answer(generated, evidence, consolidatedSlots, forgottenTurns, watch, problem);
  }

  /**
   * @param slots that were there to choose from
   */
  Answer withEvidence(List<Evidence> newEvidence, int slots) {
    return new Answer(
        generated, newEvidence, slots - newEvidence.size(), forgottenTurns, watch, recallProblem);
  }

  /** The answer, without stop strings or special tokens. */
  public String text() {
    return generated.text();
  }

  /**
   * Ids of the new tokens as the model gave them, the end token included; empty if the backend does
   * not tell. A copy.
   */
  public int[] tokens() {
    return generated.tokens();
  }

  /** Why it ended. */
  public FinishReason finishReason() {
    return generated.finishReason();
  }

  /** Length of the prompt in tokens, visual tokens included; 0 if the backend does not tell. */
  public int promptTokens() {
    return generated.promptTokens();
  }

  /** The memory slots that the model was given, in time order. */
  public List<Evidence> evidence() {
    return evidence;
  }

  /** What the movie says that the model was given, in order of time; none if it says nothing. */
  public List<Cue> cues() {
    return generated.cues();
  }

  /**
   * How many slots fewer the model was given than the memory holds, because they were consolidated
   * for this question; 0 if the memory fits the prompt.
   */
  public int consolidatedSlots() {
    return consolidatedSlots;
  }

  /**
   * Why a scorer could not say what of the memory the question wants: the movie was watched without
   * the dual encoder that it has now, or with another. The others were asked all the same. Empty if
   * all could.
   */
  public Optional<String> recallProblem() {
    return recallProblem;
  }

  /**
   * Turns of the conversation that the model no longer saw, because they do not fit its context:
   * always the oldest; 0 unless a conversation is long.
   */
  public int forgottenTurns() {
    return forgottenTurns;
  }

  /** Timings of watching the movie. */
  public Movie.Timings watch() {
    return watch;
  }

  /** Timings of this answer. */
  public Timings timings() {
    return generated.timings();
  }

  @Override
  public String toString() {
    return "Answer[" + finishReason() + ", " + text() + "]";
  }

  /** A memory slot that the model was given. Immutable. */
  public static final class Evidence {
    private final MemorySlot.Tier tier;
    private final Duration start;
    private final Duration end;
    private final long frames;
    private final Duration representative;
    private final double relevance;
    private final Optional<String> reason;

    private Evidence(MemorySlot slot, double relevance, Optional<String> reason) {
      this.relevance = relevance;
      this.reason = reason;
      this.tier = slot.tier();
      this.start = slot.start();
      this.end = slot.end();
      this.frames = slot.frames();
      this.representative = slot.representative();
    }

    static Evidence of(MemorySlot slot) {
      return new Evidence(slot, 0, Optional.empty());
    }

    static Evidence of(MemorySlot slot, double relevance, Optional<String> reason) {
      return new Evidence(slot, relevance, reason);
    }

    /** Where in the memory it came from. */
    public MemorySlot.Tier tier() {
      return tier;
    }

    /** Time of its first frame. */
    public Duration start() {
      return start;
    }

    /** Time at which it ends. */
    public Duration end() {
      return end;
    }

    /** How many frames it stands for. */
    public long frames() {
      return frames;
    }

    /** Time of the real frame nearest to its mean. */
    public Duration representative() {
      return representative;
    }

    /**
     * How much the question wanted it, in [0, 1], as the chat's scorers say; 0 if it has none, or
     * the question wants no slot more than another.
     */
    public double relevance() {
      return relevance;
    }

    /** What the scorer looked at that wanted it most: "picture", "words", "time". */
    public Optional<String> reason() {
      return reason;
    }

    @Override
    public String toString() {
      return "Evidence[" + tier + ", " + start + " to " + end + ", " + frames + " frames]";
    }
  }

  /** Where the time of one answer went. Immutable. */
  public static final class Timings {
    /** All zero: nothing was generated. */
    public static final Timings NONE = of(Duration.ZERO, Duration.ZERO, Duration.ZERO, 0);

    private final Duration prefill;
    private final Duration firstToken;
    private final Duration generate;
    private final double tokensPerSecond;

    private Timings(
        Duration prefill, Duration firstToken, Duration generate, double tokensPerSecond) {
      this.prefill = Objects.requireNonNull(prefill, "prefill");
      this.firstToken = Objects.requireNonNull(firstToken, "firstToken");
      this.generate = Objects.requireNonNull(generate, "generate");
      this.tokensPerSecond = tokensPerSecond;
    }

    /**
     * Timings as a generator has measured them.
     *
     * @param prefill running the prompt and the memory through the model
     * @param firstToken from the question to the first token
     * @param generate from the question to the last token
     * @param tokensPerSecond new tokens per second after the first; 0 if there was at most one
     */
    public static Timings of(
        Duration prefill, Duration firstToken, Duration generate, double tokensPerSecond) {
      return new Timings(prefill, firstToken, generate, tokensPerSecond);
    }

    /** Running the prompt and the memory through the model. */
    public Duration prefill() {
      return prefill;
    }

    /** From the question to the first token. */
    public Duration firstToken() {
      return firstToken;
    }

    /** From the question to the last token. */
    public Duration generate() {
      return generate;
    }

    /** New tokens per second after the first; 0 if there was at most one. */
    public double tokensPerSecond() {
      return tokensPerSecond;
    }

    @Override
    public String toString() {
      return "Timings[prefill %s, first token %s, generate %s, %.1f tokens/s]"
          .formatted(prefill, firstToken, generate, tokensPerSecond);
    }
  }
}
