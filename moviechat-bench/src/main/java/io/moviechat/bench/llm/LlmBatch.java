package io.moviechat.bench.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Study;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * What answering several questions in one run of the decoder would gain over answering them in
 * turn: tokens of all sequences per second, in a bare loop ({@link LlmBareLoop}), on a short prompt
 * and a long one, for each variant of the decoder that is there. One sequence is what the product
 * does with any number of questions. Needs the same bundle as {@link LlmModel}.
 */
final class LlmBatch implements Study {
  private static final int[] SEQUENCES = {1, 2, 4, 8};

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
                new Measure(
                    "LlmBatch.decode",
                    new TreeMap<>(
                        Map.of(
                            "decoder",
                            variant,
                            "prompt",
                            "" + length,
                            Measure.PEER,
                            sequences + " at once")),
                    "tokens/s",
                    Better.HIGHER,
                    values.stream().map(List::of).toList())));
    return measures;
  }
}
