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
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * How fast decoders of 4 and 8 bits are, and what it gains that those of 8 bits are told to compute
 * with 8-bit activations when they are opened: {@code as published} is {@link LlmBareLoop}, which
 * opens the same file as it is. Needs the bundle of {@code make_random_bundle.py}.
 */
final class LlmBits implements Study {
  @Override
  public String question() {
    return "What does it gain that graphs of 8 bits are told how exactly to compute?";
  }

  @Override
  public void run(Size size, Findings findings) throws Exception {
    String folder = System.getProperty("moviechat.bench.model", "");
    if (folder.isEmpty()) {
      findings.skip("LlmBits", "no -Dmoviechat.bench.model=DIR (of make_random_bundle.py)");
      return;
    }
    Path bundle = Path.of(folder).toAbsolutePath();
    JsonNode config = new ObjectMapper().readTree(bundle.resolve("config.json").toFile());
    TokenShape shape = new TokenShape(1, config.path("text_config").path("hidden_size").asInt());
    LlmBareLoop.Threads threads =
        new LlmBareLoop.Threads(Runtime.getRuntime().availableProcessors(), true);
    Map<Precision, String> suffixes =
        new TreeMap<>(Map.of(Precision.FP32, "", Precision.Q4, "_q4", Precision.Q8, "_quantized"));
    for (Map.Entry<Precision, String> decoder : suffixes.entrySet()) {
      Precision precision = decoder.getKey();
      String suffix = decoder.getValue();
      if (!Files.exists(bundle.resolve("onnx/decoder_model_merged" + suffix + ".onnx"))) {
        findings.skip("LlmBits " + precision, "the bundle has no such decoder");
        continue;
      }
      ModelBundle model =
          ModelBundle.at(bundle)
              .withPrecision(Precision.FP32, Precision.FP32, precision)
              .withThreads(threads.threads());
      try (AnswerGenerator generator = model.openGenerator();
          LlmBareLoop bare = LlmBareLoop.of(bundle, suffix, config, threads)) {
        measure(generator, bare, LlmModel.view(shape, 0), precision, size, findings);
      }
    }
  }

  private static void measure(
      AnswerGenerator generator,
      LlmBareLoop bare,
      MovieView nothing,
      Precision precision,
      Size size,
      Findings findings) {
    int newTokens = size.pick(4, 16, 48);
    GeneratedAnswer warm = LlmModel.ask(generator, nothing, 4);
    int[] prompt = new Random(1).ints(warm.promptTokens(), 0, 500).toArray();
    bare.decode(prompt, 2);
    Map<String, List<Double>> perSecond = new TreeMap<>();
    for (int round = 0; round < size.pick(1, 3, 7); round++) {
      GeneratedAnswer answer = LlmModel.ask(generator, nothing, newTokens + 1);
      add(perSecond, "moviechat", answer.timings().tokensPerSecond());
      long nanos = 0;
      for (long each : bare.decode(prompt, newTokens)) {
        nanos += each;
      }
      add(perSecond, "as published", newTokens * 1e9 / nanos);
    }
    perSecond.forEach(
        (peer, values) ->
            findings.measure(
                new Measure(
                    "LlmBits.decode",
                    new TreeMap<>(Map.of("decoder", precision.toString(), Measure.PEER, peer)),
                    "tokens/s",
                    Better.HIGHER,
                    values.stream().map(List::of).toList())));
  }

  private static void add(Map<String, List<Double>> to, String peer, double value) {
    to.computeIfAbsent(peer, p -> new ArrayList<>()).add(value);
  }
}
