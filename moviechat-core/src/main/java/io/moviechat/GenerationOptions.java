package io.moviechat;

import static io.moviechat.internal.Checks.require;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How an answer is generated. Deterministic unless a temperature is set: greedy, and the seed
 * fixed.
 *
 * <p>Immutable and thread-safe.
 */
public final class GenerationOptions {
  /** Greedy, at most 256 tokens. */
  public static final GenerationOptions DEFAULT = builder().build();

  /**
   * The original code's preset: nucleus sampling (temperature 1, top-p 0.9), 1 to 300 tokens. The
   * fixed seed makes it repeatable, which the original is not.
   */
  public static final GenerationOptions ORIGINAL =
      builder().maxTokens(300).minTokens(1).temperature(1).topP(0.9).build();

  private final Values values;

  private GenerationOptions(Values values) {
    this.values = values;
  }

  /** A builder that starts with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts with these options. */
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.maxTokens = values.maxTokens;
    builder.minTokens = values.minTokens;
    builder.temperature = values.temperature;
    builder.topK = values.topK;
    builder.topP = values.topP;
    builder.minP = values.minP;
    builder.repetitionPenalty = values.repetitionPenalty;
    builder.beams = values.beams;
    builder.lengthPenalty = values.lengthPenalty;
    builder.seed = values.seed;
    builder.promptLookup = values.promptLookup;
    builder.stopStrings = values.stopStrings;
    builder.timeout = values.timeout;
    return builder;
  }

  /** Most new tokens, at least 1. */
  public int maxTokens() {
    return values.maxTokens;
  }

  /** The end token is not allowed before this many, at least 0. */
  public int minTokens() {
    return values.minTokens;
  }

  /** 0 is greedy; otherwise logits are divided by it, at most 100. */
  public double temperature() {
    return values.temperature;
  }

  /** Keep this many of the likeliest tokens, 0 keeps all. */
  public int topK() {
    return values.topK;
  }

  /** Keep the likeliest tokens whose probabilities sum to this, in (0, 1]; 1 keeps all. */
  public double topP() {
    return values.topP;
  }

  /** Drop tokens less likely than this share of the likeliest one, in [0, 1). */
  public double minP() {
    return values.minP;
  }

  /**
   * 1 is none; a token seen before has a positive logit divided by it, a negative one multiplied
   * (Keskar et al. 2019).
   */
  public double repetitionPenalty() {
    return values.repetitionPenalty;
  }

  /** Beams of a beam search, 1 is none; excludes a temperature. */
  public int beams() {
    return values.beams;
  }

  /** A beam's score is its log probability over length to this power. */
  public double lengthPenalty() {
    return values.lengthPenalty;
  }

  /** Of the random numbers that sampling draws. */
  public long seed() {
    return values.seed;
  }

  /** Most tokens that are guessed ahead of a step, in [0, 64]; 0 guesses none. */
  public int promptLookup() {
    return values.promptLookup;
  }

  /** The answer ends before the first of these; none is empty. */
  public List<String> stopStrings() {
    return values.stopStrings;
  }

  /** For the whole answer, above zero; empty is none. */
  public Optional<Duration> timeout() {
    return values.timeout;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof GenerationOptions options && values.equals(options.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return "GenerationOptions" + values.toString().substring("Values".length());
  }

  private record Values(
      int maxTokens,
      int minTokens,
      double temperature,
      int topK,
      double topP,
      double minP,
      double repetitionPenalty,
      int beams,
      double lengthPenalty,
      long seed,
      int promptLookup,
      List<String> stopStrings,
      Optional<Duration> timeout) {
    Values {
      require(maxTokens >= 1, "maxTokens must be at least 1, was %d", maxTokens);
      require(
          minTokens >= 0 && minTokens <= maxTokens,
          "minTokens must be in [0, maxTokens (%d)], was %d",
          maxTokens,
          minTokens);
      require(
          temperature >= 0 && temperature <= 100,
          "temperature must be in [0, 100], was %s",
          temperature);
      require(topK >= 0, "topK must not be negative, was %d", topK);
      require(topP > 0 && topP <= 1, "topP must be in (0, 1], was %s", topP);
      require(minP >= 0 && minP < 1, "minP must be in [0, 1), was %s", minP);
      require(
          repetitionPenalty > 0 && repetitionPenalty <= 100,
          "repetitionPenalty must be in (0, 100], was %s",
          repetitionPenalty);
      require(beams >= 1 && beams <= 64, "beams must be in [1, 64], was %d", beams);
      require(
          Double.isFinite(lengthPenalty), "lengthPenalty must be a number, was %s", lengthPenalty);
      require(
          beams == 1 || temperature == 0,
          "beam search (%d beams) and a temperature (%s) exclude each other",
          beams,
          temperature);
      require(
          promptLookup >= 0 && promptLookup <= 64,
          "promptLookup must be in [0, 64], was %d",
          promptLookup);
      stopStrings = List.copyOf(stopStrings);
      require(
          stopStrings.stream().noneMatch(String::isEmpty),
          "a stop string is empty: %s",
          stopStrings);
      timeout.ifPresent(
          t ->
              require(!t.isNegative() && !t.isZero(), "the timeout must be above zero, was %s", t));
    }
  }

  /** Collects options; {@link #build()} validates them. Not thread-safe. */
  public static final class Builder {
    private int maxTokens = 256;
    private int minTokens;
    private double temperature;
    private int topK;
    private double topP = 1;
    private double minP;
    private double repetitionPenalty = 1;
    private int beams = 1;
    private double lengthPenalty = 1;
    private long seed;
    private int promptLookup;
    private List<String> stopStrings = List.of();
    private Optional<Duration> timeout = Optional.empty();

    private Builder() {}

    /** Most new tokens. Default 256. */
    public Builder maxTokens(int value) {
      maxTokens = value;
      return this;
    }

    /** Fewest new tokens before the end token is allowed. Default 0. */
    public Builder minTokens(int value) {
      minTokens = value;
      return this;
    }

    /** Sampling temperature. Default 0: greedy. */
    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    /** Keep the likeliest {@code value} tokens. Default 0: all. */
    public Builder topK(int value) {
      topK = value;
      return this;
    }

    /** Nucleus sampling. Default 1: all tokens. */
    public Builder topP(double value) {
      topP = value;
      return this;
    }

    /** Least probability relative to the likeliest token. Default 0: all tokens. */
    public Builder minP(double value) {
      minP = value;
      return this;
    }

    /** Penalty of tokens seen before. Default 1: none. */
    public Builder repetitionPenalty(double value) {
      repetitionPenalty = value;
      return this;
    }

    /** Beams of a beam search. Default 1: none. */
    public Builder beams(int value) {
      beams = value;
      return this;
    }

    /** Exponent of the length by which a beam's score is divided. Default 1. */
    public Builder lengthPenalty(double value) {
      lengthPenalty = value;
      return this;
    }

    /** Seed of sampling. Default 0. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /**
     * Guesses what comes next where the end of the answer stood in the question or the answer
     * before, and lets the model check so many tokens in one step. The answer is the same; one that
     * quotes comes sooner. A decoder on another device, one with states that cannot be taken back,
     * a beam search and a remote model go on token by token. Default 0: no guesses.
     *
     * <p>Prompt lookup decoding (Saxena 2023).
     */
    public Builder promptLookup(int value) {
      promptLookup = value;
      return this;
    }

    /** Texts before which the answer ends. Default none. */
    public Builder stopStrings(List<String> values) {
      stopStrings = List.copyOf(values);
      return this;
    }

    /** Time allowed for the whole answer. Default none. */
    public Builder timeout(Duration value) {
      timeout = Optional.of(value);
      return this;
    }

    /**
     * Validates the options.
     *
     * @throws IllegalArgumentException naming the component, its value and its range
     */
    public GenerationOptions build() {
      return new GenerationOptions(
          new Values(
              maxTokens,
              minTokens,
              temperature,
              topK,
              topP,
              minP,
              repetitionPenalty,
              beams,
              lengthPenalty,
              seed,
              promptLookup,
              stopStrings,
              timeout));
    }
  }
}
