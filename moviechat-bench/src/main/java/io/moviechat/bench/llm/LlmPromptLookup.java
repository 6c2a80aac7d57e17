package io.moviechat.bench.llm;

import io.moviechat.GenerationOptions;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Study;
import io.moviechat.llm.ModelBundle;
import io.moviechat.llm.Precision;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.GeneratedAnswer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * What guessing ahead gains ({@link GenerationOptions#promptLookup()}): the same model, answering
 * with and without guesses in turn. What it answers is forced: a passage of 24 tokens, and, in the
 * answers called {@code quoting}, the same passage twice again; in those called {@code new} nothing
 * comes twice, which shows what wrong guesses cost. Needs the same bundle as {@link LlmModel}.
 */
final class LlmPromptLookup implements Study {
  private static final int PASSAGE = 24;
  private static final int TOKENS = 3 * PASSAGE;
  private static final int MOST_IDS = 400;

  @Override
  public String question() {
    return "How much sooner is an answer ready that says what has been said before?";
  }

  @Override
  public void run(Size size, Findings findings) {
    String folder = System.getProperty("moviechat.bench.model", "");
    if (folder.isEmpty()) {
      findings.skip("LlmPromptLookup", "no -Dmoviechat.bench.model=DIR (a SmolVLM bundle)");
      return;
    }
    for (boolean quoting : new boolean[] {true, false}) {
      int[] answer = answer(quoting);
      ModelBundle model =
          ModelBundle.at(Path.of(folder))
              .withPrecision(Precision.FP32)
              .withLogitsProcessors(
                  (generated, logits) -> logits.put(answer[generated.remaining()], 1e9f));
      try (FrameEncoder encoder = model.openEncoder();
          AnswerGenerator generator = model.openGenerator()) {
        measure(generator, encoder.shape(), quoting ? "quoting" : "new", size, findings);
      }
    }
  }

  private static void measure(
      AnswerGenerator generator, TokenShape shape, String kind, Size size, Findings findings) {
    Map<Integer, List<Double>> seconds = new TreeMap<>();
    for (int round = -1; round < size.pick(1, 3, 7); round++) {
      for (int guesses : new int[] {0, 4, 8, 16}) {
        double taken = seconds(generator, shape, guesses);
        if (round >= 0) {
          seconds.computeIfAbsent(guesses, g -> new ArrayList<>()).add(taken);
        }
      }
    }
    seconds.forEach(
        (guesses, taken) ->
            findings.measure(
                new Measure(
                    "LlmPromptLookup.decode",
                    new TreeMap<>(Map.of("answer", kind, Measure.PEER, guesses + " guesses")),
                    "tokens/s",
                    Better.HIGHER,
                    taken.stream().map(s -> List.of((TOKENS - 1) / s)).toList())));
  }

  private static double seconds(AnswerGenerator generator, TokenShape shape, int guesses) {
    GenerationOptions options =
        GenerationOptions.builder()
            .maxTokens(TOKENS)
            .minTokens(TOKENS)
            .promptLookup(guesses)
            .build();
    try (AnswerSession session = generator.open(LlmModel.view(shape, 4))) {
      GeneratedAnswer answer =
          session.answer(AnswerRequest.of("What is said?", options), TokenListener.NONE);
      return answer.timings().generate().minus(answer.timings().firstToken()).toNanos() / 1e9;
    }
  }

  /** Ids that differ as long as possible, or a passage three times. */
  private static int[] answer(boolean quoting) {
    int[] ids =
        new Random(5).ints(0, MOST_IDS).map(i -> 100 + i).distinct().limit(TOKENS).toArray();
    if (quoting) {
      for (int i = PASSAGE; i < TOKENS; i++) {
        ids[i] = ids[i - PASSAGE];
      }
    }
    return ids;
  }
}
