package io.moviechat.bench.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.primitives.Ints;
import com.sun.management.ThreadMXBean;
import io.moviechat.Frame;
import io.moviechat.FrameTokens;
import io.moviechat.GenerationOptions;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.ChildJvm;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Resident;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Study;
import io.moviechat.llm.ModelBundle;
import io.moviechat.llm.Precision;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a real-sized model costs: tokens per second, frames per second, the first token of a second
 * question, and heap per token.
 *
 * <p>Peers: {@code bare}, a loop over ONNX Runtime with the same graphs and nothing else ({@link
 * LlmBareLoop}), in the same process, in turn, with the same number of threads, opened anew in each
 * round; {@code transformers.js} on onnxruntime-node, in a process of its own between ours. Needs a
 * SmolVLM bundle in float32, for instance one of random weights from {@code
 * src/main/scripts/make_random_bundle.py}. Command: {@code java -Dmoviechat.bench.model=DIR
 * -Dmoviechat.bench.node=DIR -jar benchmarks.jar llm --filter Model}; the second is a folder where
 * {@code @huggingface/transformers} is installed, and may be left out.
 */
final class LlmModel implements Study {
  static final int FRAMES = 4;
  private static final int BEST_OF = 3;
  private static final String QUESTION = "What happens in this video, and who does it?";

  @Override
  public String question() {
    return "What does a model cost beyond ONNX Runtime itself, and against transformers.js?";
  }

  @Override
  public void run(Size size, Findings findings) throws Exception {
    String folder = System.getProperty("moviechat.bench.model", "");
    if (folder.isEmpty()) {
      findings.skip("LlmModel", "no -Dmoviechat.bench.model=DIR (a SmolVLM bundle in float32)");
      return;
    }
    Path bundle = Path.of(folder).toAbsolutePath();
    JsonNode config = new ObjectMapper().readTree(bundle.resolve("config.json").toFile());
    // The same number for all: what is compared is what comes on top.
    LlmBareLoop.Threads threads =
        new LlmBareLoop.Threads(Runtime.getRuntime().availableProcessors(), true);
    // Even, so that either is opened first as often as the other.
    int rounds = size.pick(2, 4, 8);
    int newTokens = size.pick(4, 24, 96);
    Series tokens = new Series(findings, "LlmModel.decode", "tokens/s");
    Series frames = new Series(findings, "LlmModel.encode", "frames/s");
    ModelBundle model =
        ModelBundle.at(bundle).withPrecision(Precision.FP32).withThreads(threads.threads());
    int side = config.path("vision_config").path("image_size").asInt();
    for (int round = 0; round < rounds; round++) {
      // What is opened first gets the pages that lie scattered in the machine's memory, which makes
      // it up to a seventh slower for as long as it is open. So each is first in turn.
      try (LlmBareLoop first = round % 2 == 0 ? null : LlmBareLoop.of(bundle, config, threads);
          FrameEncoder encoder = model.openEncoder();
          AnswerGenerator generator = model.openGenerator();
          LlmBareLoop second = round % 2 == 0 ? LlmBareLoop.of(bundle, config, threads) : null) {
        LlmBareLoop bare = first != null ? first : Objects.requireNonNull(second);
        MovieView nothing = view(encoder.shape(), 0);
        int[] prompt =
            new Random(1).ints(ask(generator, nothing, 4).promptTokens(), 0, 500).toArray();
        for (int warmUp = 0; warmUp < size.pick(1, round == 0 ? 3 : 1, 3); warmUp++) {
          bare.decode(prompt, newTokens);
          ask(generator, nothing, newTokens);
          encode(encoder, side);
          bare.encode(FRAMES, side);
        }
        // The best of a few for each, in turn, as the script of the third peer does: what else runs
        // on the machine only ever takes away.
        List<Integer> ids = List.of();
        double ours = 0;
        double theirs = 0;
        long encoded = Long.MAX_VALUE;
        long encodedBare = Long.MAX_VALUE;
        for (int i = 0; i < BEST_OF; i++) {
          GeneratedAnswer answer = ask(generator, nothing, newTokens);
          ids = Ints.asList(answer.tokens());
          ours = Math.max(ours, answer.timings().tokensPerSecond());
          long nanos = Arrays.stream(bare.decode(prompt, newTokens - 1)).sum();
          theirs = Math.max(theirs, (newTokens - 1) * 1e9 / nanos);
          encoded = Math.min(encoded, encode(encoder, side));
          encodedBare = Math.min(encodedBare, bare.encode(FRAMES, side));
        }
        tokens.add("moviechat", ours);
        tokens.add("bare", theirs);
        frames.add("moviechat", FRAMES * 1e9 / encoded);
        frames.add("bare", FRAMES * 1e9 / encodedBare);
        JsonNode peer = transformersJs(bundle, newTokens, findings);
        if (peer != null) {
          tokens.add("transformers.js", peer.path("tokensPerSecond").asDouble());
          frames.add("transformers.js", peer.path("framesPerSecond").asDouble());
          List<Integer> generated = new ArrayList<>();
          peer.path("ids").forEach(id -> generated.add(id.asInt()));
          findings.note(
              "transformers.js generated "
                  + (generated.equals(ids) ? "the same token ids" : "other ids: " + generated));
        }
      }
    }
    tokens.report();
    frames.report();
    TokenShape shape;
    try (FrameEncoder encoder = model.openEncoder()) {
      shape = encoder.shape();
    }
    try (AnswerGenerator generator = model.openGenerator()) {
      secondQuestion(generator, shape, size, findings);
      allocation(generator, view(shape, 0), newTokens, findings);
    }
    memory(bundle, shape, size, findings);
  }

  /** Most resident bytes of a process that answers, over the weights and caches it has to hold. */
  private static void memory(Path bundle, TokenShape shape, Size size, Findings findings)
      throws IOException, InterruptedException {
    if (!Resident.known()) {
      findings.skip("LlmModel.memory", "resident memory is known on Linux only");
      return;
    }
    String slots = Integer.toString(size.pick(1, 40, 40));
    for (String part : List.of("encoder", "generator")) {
      String line =
          ChildJvm.run(
                  LlmMemoryChild.class,
                  List.of("-Xmx256m", "-XX:+UseSerialGC"),
                  List.of(
                      part,
                      bundle.toString(),
                      slots,
                      Integer.toString(shape.tokens()),
                      Integer.toString(shape.width())))
              .get(0);
      JsonNode found = new ObjectMapper().readTree(line);
      Map<String, String> params = Map.of("part", part);
      double needed = found.path("needed").asDouble();
      double peak = found.path("peak").asDouble();
      findings.measure("LlmModel.memory", params, "MB", Better.LOWER, peak / 1e6);
      findings.measure("LlmModel.memoryOverNeeded", params, "ratio", Better.LOWER, peak / needed);
    }
  }

  /** The first token of a second question on about 2,000 visual tokens. */
  private static void secondQuestion(
      AnswerGenerator generator, TokenShape shape, Size size, Findings findings) {
    int slots = size.pick(4, 2000, 2000) / shape.tokens();
    MovieView view = view(shape, Math.max(1, slots));
    GenerationOptions one = GenerationOptions.builder().maxTokens(1).build();
    try (AnswerSession session = generator.open(view)) {
      List<Double> millis = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        GeneratedAnswer answer =
            session.answer(AnswerRequest.of(QUESTION, one), TokenListener.NONE);
        millis.add(answer.timings().firstToken().toNanos() / 1e6);
      }
      double ratio = Math.min(millis.get(1), millis.get(2)) / millis.get(0);
      Map<String, String> visual = Map.of("visualTokens", "" + view.memory().visualTokens());
      findings.measure("LlmModel.firstQuestion", visual, "ms", Better.LOWER, millis.get(0));
      findings.measure("LlmModel.secondQuestion", visual, "ms", Better.LOWER, millis.get(1));
      findings.measure("LlmModel.secondOverFirst", visual, "ratio", Better.LOWER, ratio);
    }
  }

  /** Heap bytes of each further token. */
  private static void allocation(
      AnswerGenerator generator, MovieView view, int newTokens, Findings findings) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long start = threads.getCurrentThreadAllocatedBytes();
    ask(generator, view, 2);
    long few = threads.getCurrentThreadAllocatedBytes();
    ask(generator, view, 2 + newTokens);
    long many = threads.getCurrentThreadAllocatedBytes();
    findings.measure(
        "LlmModel.allocation",
        Map.of(),
        "heap bytes/token",
        Better.LOWER,
        ((many - few) - (few - start)) / (double) newTokens);
  }

  static GeneratedAnswer ask(AnswerGenerator generator, MovieView view, int count) {
    GenerationOptions options =
        GenerationOptions.builder().maxTokens(count).minTokens(count).build();
    try (AnswerSession session = generator.open(view)) {
      return session.answer(AnswerRequest.of(QUESTION, options), TokenListener.NONE);
    }
  }

  static long encode(FrameEncoder encoder, int side) {
    List<Frame> frames = new ArrayList<>();
    for (int f = 0; f < FRAMES; f++) {
      byte[] rgb = new byte[3 * side * side];
      for (int i = 0; i < rgb.length; i++) {
        rgb[i] = (byte) (i * 31 + f * 17);
      }
      frames.add(Frame.of(Duration.ofSeconds(f), side, side, ByteBuffer.wrap(rgb)));
    }
    long start = System.nanoTime();
    encoder.encode(frames).forEach(FrameTokens::close);
    return System.nanoTime() - start;
  }

  static MovieView view(TokenShape shape, int count) {
    Random random = new Random(7);
    List<MemorySlot> slots = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      float[] values = new float[shape.floats()];
      for (int j = 0; j < values.length; j++) {
        values[j] = (float) random.nextGaussian();
      }
      Duration start = Duration.ofSeconds(i);
      slots.add(
          MemorySlot.of(
              MemorySlot.Tier.LONG_TERM,
              start,
              start.plusSeconds(1),
              1,
              start,
              1,
              shape,
              FloatBuffer.wrap(values)));
    }
    return MovieView.of(new MemorySnapshot(shape, slots, count, 0));
  }

  private static @Nullable JsonNode transformersJs(Path bundle, int newTokens, Findings findings)
      throws IOException, InterruptedException {
    String node = System.getProperty("moviechat.bench.node", "");
    if (node.isEmpty()) {
      findings.skip("LlmModel transformers.js", "no -Dmoviechat.bench.node=DIR");
      return null;
    }
    Path script = Files.createTempFile("transformers_js", ".mjs");
    try (var in = LlmModel.class.getResourceAsStream("transformers_js.mjs")) {
      if (in == null) {
        throw new IOException("transformers_js.mjs is not on the class path");
      }
      Files.write(script, in.readAllBytes());
      Process process =
          new ProcessBuilder(
                  "node",
                  script.toString(),
                  bundle.toString(),
                  "<|im_start|>User: " + QUESTION + "<end_of_utterance>\nAssistant:",
                  Integer.toString(newTokens),
                  Integer.toString(FRAMES),
                  Integer.toString(BEST_OF))
              .directory(Path.of(node).toFile())
              .redirectErrorStream(true)
              .start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        findings.skip("LlmModel transformers.js", output.strip());
        return null;
      }
      String last = output.strip().substring(output.strip().lastIndexOf('\n') + 1);
      return new ObjectMapper().readTree(last);
    } finally {
      Files.deleteIfExists(script);
    }
  }

  /** The same figure of several peers, and ours over each of theirs, round by round. */
  private static final class Series {
    private final Findings findings;
    private final String name;
    private final String unit;
    private final Map<String, List<Double>> values = new TreeMap<>();

    Series(Findings findings, String name, String unit) {
      this.findings = findings;
      this.name = name;
      this.unit = unit;
    }

    void add(String peer, double value) {
      values.computeIfAbsent(peer, p -> new ArrayList<>()).add(value);
    }

    void report() {
      List<Double> ours = values.getOrDefault("moviechat", List.of());
      values.forEach(
          (peer, list) -> {
            findings.measure(
                new Measure(
                    name,
                    new TreeMap<>(Map.of(Measure.PEER, peer)),
                    unit,
                    Better.HIGHER,
                    list.stream().map(List::of).toList()));
            List<Double> ratios = new ArrayList<>();
            for (int i = 0; i < Math.min(ours.size(), list.size()); i++) {
              ratios.add(ours.get(i) / list.get(i));
            }
            if (!peer.equals("moviechat")) {
              findings.note(
                  name
                      + ": moviechat over "
                      + peer
                      + ", median of rounds: "
                      + Math.round(1000 * Measure.median(ratios)) / 1000.0);
            }
          });
    }
  }
}
