package io.moviechat.bench.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Study;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * How many threads a graph should have, and whether they should spin while they wait: reading a
 * prompt, generating and encoding, each by itself. What the product's settings are chosen by. Needs
 * the same bundle as {@link LlmModel}.
 */
final class LlmThreads implements Study {
  private static final int PROMPT = 256;

  @Override
  public String question() {
    return "How many threads should ONNX Runtime have, and should they spin?";
  }

  @Override
  public void run(Size size, Findings findings) throws Exception {
    String folder = System.getProperty("moviechat.bench.model", "");
    if (folder.isEmpty()) {
      findings.skip("LlmThreads", "no -Dmoviechat.bench.model=DIR (a SmolVLM bundle in float32)");
      return;
    }
    Path bundle = Path.of(folder).toAbsolutePath();
    JsonNode config = new ObjectMapper().readTree(bundle.resolve("config.json").toFile());
    int side = config.path("vision_config").path("image_size").asInt();
    int[] prompt = new Random(1).ints(PROMPT, 0, 500).toArray();
    int newTokens = size.pick(4, 24, 64);
    int cores = Runtime.getRuntime().availableProcessors();
    // The product's setting first: it is what the others are compared with.
    Set<Integer> counts = new LinkedHashSet<>(List.of(cores, 0, 1, Math.max(1, cores / 2)));
    for (int round = 0; round < size.pick(1, 2, 5); round++) {
      for (int threads : counts) {
        for (boolean spinning : new boolean[] {true, false}) {
          String label =
              (threads == 0 ? "its own choice of threads" : "threads: " + threads)
                  + (spinning ? ", spinning" : "");
          Map<String, String> params = Map.of(Measure.PEER, label);
          LlmBareLoop.Threads settings = new LlmBareLoop.Threads(threads, spinning);
          try (LlmBareLoop bare = LlmBareLoop.of(bundle, config, settings)) {
            bare.decode(prompt, newTokens);
            long[] nanos = bare.decode(prompt, newTokens);
            long sum = 0;
            for (long nano : nanos) {
              sum += nano;
            }
            add(findings, "prefill", params, "tokens/s", PROMPT * 1e9 / bare.prefillNanos());
            add(findings, "decode", params, "tokens/s", newTokens * 1e9 / sum);
            for (int frames : new int[] {1, 4}) {
              bare.encode(frames, side);
              double seconds = Math.min(bare.encode(frames, side), bare.encode(frames, side)) / 1e9;
              add(findings, "encode" + frames, params, "frames/s", frames / seconds);
            }
          }
        }
      }
    }
  }

  private static void add(
      Findings findings, String what, Map<String, String> params, String unit, double value) {
    findings.measure("LlmThreads." + what, params, unit, Better.HIGHER, value);
  }
}
