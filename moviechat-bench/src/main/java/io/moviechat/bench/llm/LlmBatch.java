package io.moviechat.bench.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moviechat.TokenShape;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Study;
import io.moviechat.llm.ModelBundle;
import io.moviechat.llm.Precision;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What answering several questions in one run of the decoder would gain over answering them in
 * turn: tokens of all sequences per second, in a bare loop ({@link LlmBareLoop}), on a short prompt
 * and a long one, for each variant of the decoder that is there; and what {@link
 * ModelBundle#withBatchedAnswers()} makes of it for a few askers at once, each on a thread of its
 * own. Needs the same bundle as {@link LlmModel}.
 */
final class LlmBatch implements Study {
  private static final int[] SEQUENCES = {1, 2, 4, 8};
  private static final int ASKERS = 4;

  @Override
  public String question() {
    return "What would answering several questions in one run gain over taking turns?";
  }

  @Override
  public void run(Size size, Findings findings) throws Exception {
    String folder = System.getProperty("moviechat.bench.model", "");
    if (folder.isEmpty()) {
      findings.skip("LlmBatch", "no -Dmoviechat.bench.model=DIR (a SmolVLM bundle in float32)");
      return;
    }
    Path bundle = Path.of(folder).toAbsolutePath();
    JsonNode config = new ObjectMapper().readTree(bundle.resolve("config.json").toFile());
    LlmBareLoop.Threads threads =
        new LlmBareLoop.Threads(Runtime.getRuntime().availableProcessors(), true);
    int newTokens = size.pick(4, 16, 48);
    for (String suffix : List.of("", "_q4", "_quantized")) {
      if (!Files.exists(bundle.resolve("onnx/decoder_model_merged" + suffix + ".onnx"))) {
        continue;
      }
      try (LlmBareLoop bare = LlmBareLoop.of(bundle, suffix, config, threads)) {
        for (int length : new int[] {128, size.pick(256, 1024, 2048)}) {
          measure(bare, suffix.isEmpty() ? "fp32" : suffix.substring(1), length, newTokens, size)
              .forEach(findings::measure);
        }
      }
    }
    TokenShape shape = new TokenShape(1, config.path("text_config").path("hidden_size").asInt());
    for (Precision precision : List.of(Precision.FP32, Precision.Q4)) {
      ModelBundle model =
          ModelBundle.at(bundle)
              .withPrecision(Precision.FP32, Precision.FP32, precision)
              .withThreads(threads.threads());
      Map<String, List<Double>> perSecond = new TreeMap<>();
      for (int round = 0; round < size.pick(2, 4, 8); round++) {
        // Either is opened first as often as the other.
        for (boolean batched : new boolean[] {round % 2 == 0, round % 2 != 0}) {
          try (AnswerGenerator generator =
              (batched ? model.withBatchedAnswers() : model).openGenerator()) {
            MovieView nothing = LlmModel.view(shape, 0);
            askAll(generator, nothing, 4);
            perSecond
                .computeIfAbsent(batched ? "batched" : "in turn", peer -> new ArrayList<>())
                .add(askAll(generator, nothing, 2 * newTokens));
          }
        }
      }
      perSecond.forEach(
          (peer, values) ->
              findings.measure(
                  measure(
                      "LlmBatch.answers",
                      Map.of("decoder", precision.toString(), "askers", "" + ASKERS),
                      peer,
                      values)));
    }
  }

  /** Tokens per second of several askers at once, prompts included. */
  private static double askAll(AnswerGenerator generator, MovieView view, int newTokens)
      throws InterruptedException, ExecutionException {
    ExecutorService threads = Executors.newFixedThreadPool(ASKERS);
    try {
      long start = System.nanoTime();
      List<Future<GeneratedAnswer>> answers = new ArrayList<>();
      for (int i = 0; i < ASKERS; i++) {
        answers.add(threads.submit(() -> LlmModel.ask(generator, view, newTokens)));
      }
      for (Future<GeneratedAnswer> answer : answers) {
        answer.get();
      }
      return ASKERS * newTokens * 1e9 / (System.nanoTime() - start);
    } finally {
      threads.shutdown();
    }
  }

  private static Measure measure(
      String name, Map<String, String> params, String peer, List<Double> values) {
    TreeMap<String, String> all = new TreeMap<>(params);
    all.put(Measure.PEER, peer);
    return new Measure(
        name, all, "tokens/s", Better.HIGHER, values.stream().map(List::of).toList());
  }

  private static List<Measure> measure(
      LlmBareLoop bare, String variant, int length, int newTokens, Size size) {
    int[] prompt = new Random(1).ints(length, 0, 500).toArray();
    Map<Integer, List<Double>> perSecond = new TreeMap<>();
    bare.decode(prompt, 2);
    for (int round = 0; round < size.pick(1, 3, 7); round++) {
      for (int sequences : SEQUENCES) {
        long nanos = Arrays.stream(bare.decode(prompt, newTokens, sequences)).sum();
        perSecond
            .computeIfAbsent(sequences, s -> new ArrayList<>())
            .add(1e9 * sequences * newTokens / nanos);
      }
    }
    List<Measure> measures = new ArrayList<>();
    perSecond.forEach(
        (sequences, values) ->
            measures.add(
                measure(
                    "LlmBatch.decode",
                    Map.of("decoder", variant, "prompt", "" + length),
                    sequences + " at once",
                    values)));
    return measures;
  }
}
