package io.moviechat.cli;

import io.moviechat.GenerationOptions;
import io.moviechat.spi.VisionLanguageModel;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that say how answers are generated; what is left out is the model's own choice. */
final class GenerationSettings {
  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      description = "Most tokens of an answer (default: the model's, else 256).")
  private @Nullable Integer maxNewTokens;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "Sampling temperature; 0 always takes the likeliest token.")
  private @Nullable Double temperature;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Sample from the likeliest tokens that make up this probability.")
  private @Nullable Double topP;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Sample from the K likeliest tokens; 0 is all.")
  private @Nullable Integer topK;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description = "Leave out tokens less likely than this share of the likeliest.")
  private @Nullable Double minP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "R",
      description = "Above 1 makes tokens seen before less likely.")
  private @Nullable Double repetitionPenalty;

  @Option(
      names = "--num-beams",
      paramLabel = "N",
      description = "Beams of a beam search; excludes a temperature.")
  private @Nullable Integer beams;

  @Option(
      names = "--length-penalty",
      paramLabel = "L",
      description = "Beam search: above 0 favours longer answers.")
  private @Nullable Double lengthPenalty;

  @Option(names = "--seed", paramLabel = "S", description = "Seed of sampling (default: 0).")
  private @Nullable Long seed;

  @Option(
      names = "--prompt-lookup",
      paramLabel = "N",
      description = "Guess up to N tokens of what repeats; same answer, sooner if it quotes.")
  private @Nullable Integer promptLookup;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End the answer before this text; may be given more than once.")
  private @Nullable List<String> stopStrings;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = MomentConverter.class,
      description = "Time allowed for an answer; what there is by then is kept.")
  private @Nullable Duration timeout;

  /**
   * Checks the options as far as no model is needed.
   *
   * @throws IllegalArgumentException naming the option's value and its range
   */
  void validate() {
    GenerationOptions unused = over(GenerationOptions.DEFAULT);
  }

  GenerationOptions of(VisionLanguageModel model) {
    return over(model.generationDefaults().orElse(GenerationOptions.DEFAULT));
  }

  private GenerationOptions over(GenerationOptions base) {
    GenerationOptions.Builder options = base.toBuilder();
    if (maxNewTokens != null) {
      options.maxTokens(maxNewTokens);
      if (maxNewTokens >= 1) {
        options.minTokens(Math.min(base.minTokens(), maxNewTokens));
      }
    }
    if (beams != null) {
      options.beams(beams);
      if (beams > 1) {
        options.temperature(0); // a model's own wish to sample gives way to an explicit beam search
      }
    }
    if (temperature != null) {
      options.temperature(temperature);
      if (beams == null) {
        options.beams(1);
      }
    }
    if (topP != null) {
      options.topP(topP);
    }
    if (topK != null) {
      options.topK(topK);
    }
    if (minP != null) {
      options.minP(minP);
    }
    if (repetitionPenalty != null) {
      options.repetitionPenalty(repetitionPenalty);
    }
    if (lengthPenalty != null) {
      options.lengthPenalty(lengthPenalty);
    }
    if (seed != null) {
      options.seed(seed);
    }
    if (promptLookup != null) {
      options.promptLookup(promptLookup);
    }
    if (stopStrings != null) {
      options.stopStrings(stopStrings);
    }
    if (timeout != null) {
      options.timeout(timeout);
    }
    return options.build();
  }
}
