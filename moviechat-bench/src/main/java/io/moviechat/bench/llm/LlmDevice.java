package io.moviechat.bench.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.base.Throwables;
import io.moviechat.Frame;
import io.moviechat.FrameTokens;
import io.moviechat.ModelException;
import io.moviechat.TokenShape;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.llm.Device;
import io.moviechat.llm.ModelBundle;
import io.moviechat.llm.Precision;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.tinymodel.EmbeddedModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * Models on a graphics card: whether they say the same as on the processor, and what keeping the
 * caches on the card brings.
 *
 * <p>{@code -Dmoviechat.bench.fixtures=DIR} names a folder of small bundles, each of which answers
 * and encodes on both; the embedded small model always does. {@code -Dmoviechat.bench.model=DIR}
 * names a SmolVLM bundle in float32 that is large enough to time ({@link LlmModel}): {@code
 * moviechat} binds its inputs and outputs on the card, {@code bare} is the same graph with caches
 * that cross to the host and back for every token. {@link CardTraffic} counts what crosses. Where
 * there is no card, each part says so and the rest is done. Command: {@code java -jar
 * benchmarks.jar llm --filter Device}.
 */
final class LlmDevice implements Study {
  private static final int NEW_TOKENS = 16;
  private static final int FRAMES = 3;

  @Override
  public String question() {
    return "Do models say the same on a graphics card, and what do caches that stay there bring?";
  }

  @Override
  public void run(Size size, Findings findings) throws Exception {
    List<List<String>> seen = new ArrayList<>();
    for (Device.Finding finding : Device.examine()) {
      seen.add(List.of(finding.name(), finding.healthy() ? "fine" : "not usable", finding.found()));
    }
    findings.table(
        new Table("doctor", "What the doctor finds", List.of("what", "state", "found"), seen, ""));
    sameOnBoth(bundles(), findings);
    String model = System.getProperty("moviechat.bench.model", "");
    if (model.isEmpty()) {
      findings.skip("LlmDevice, speed", "no -Dmoviechat.bench.model=DIR (SmolVLM, float32)");
    } else {
      speed(Path.of(model).toAbsolutePath(), size, findings);
    }
  }

  private static Map<String, Path> bundles() throws IOException {
    Map<String, Path> bundles = new TreeMap<>();
    try {
      bundles.put("small model", new EmbeddedModel().folder());
    } catch (ModelException e) { // built without its weights
    }
    String folder = System.getProperty("moviechat.bench.fixtures", "");
    if (!folder.isEmpty()) {
      try (Stream<Path> folders = Files.list(Path.of(folder))) {
        folders
            .filter(path -> Files.exists(path.resolve("config.json")))
            .forEach(path -> bundles.put(path.getFileName().toString(), path));
      }
    }
    return bundles;
  }

  /** What a bundle brings for pictures and a question that are always the same. */
  private record Output(FloatBuffer features, List<Integer> tokens) {}

  private static void sameOnBoth(Map<String, Path> bundles, Findings findings) {
    List<List<String>> rows = new ArrayList<>();
    bundles.forEach(
        (name, folder) -> {
          compare(name, ModelBundle.at(folder), rows, findings);
          if (Files.exists(folder.resolve("onnx/decoder_model_merged_fp16.onnx"))) {
            // A card takes float16 first, a processor does not: both in one precision as well.
            ModelBundle same = ModelBundle.at(folder).withPrecision(Precision.FP32);
            compare(name + ", float32", same, rows, findings);
          }
        });
    findings.table(
        new Table(
            "device-same",
            "The same question and pictures on the processor and on a graphics card",
            List.of("model", "tokens", "on the card", "largest difference of features"),
            rows,
            "Greedy. The difference is over the largest value of the features."));
  }

  private static void compare(
      String name, ModelBundle bundle, List<List<String>> rows, Findings findings) {
    Output here;
    try {
      here = output(bundle.withDevice(Device.CPU));
    } catch (RuntimeException e) { // the others are still asked
      findings.skip(
          "LlmDevice, " + name, "processor: " + Throwables.getStackTraceAsString(e).strip());
      return;
    }
    String tokens = here.tokens().size() + " on the processor";
    try {
      Output there = output(bundle.withDevice(Device.cuda(0)));
      rows.add(
          List.of(
              name,
              tokens,
              there.tokens().equals(here.tokens()) ? "the same" : others(there, here),
              difference(there.features(), here.features())));
    } catch (ModelException e) {
      rows.add(List.of(name, tokens, "no device", ""));
      findings.skip("LlmDevice, " + name + " on a card", "no device: " + e.getMessage());
    } catch (RuntimeException e) {
      rows.add(List.of(name, tokens, "failed", ""));
      findings.skip(
          "LlmDevice, " + name + " on a card", Throwables.getStackTraceAsString(e).strip());
    }
  }

  private static String others(Output there, Output here) {
    int same = 0;
    while (same < Math.min(there.tokens().size(), here.tokens().size())
        && there.tokens().get(same).equals(here.tokens().get(same))) {
      same++;
    }
    return "the same " + same + ", then others: " + there.tokens();
  }

  private static Output output(ModelBundle bundle) {
    try (FrameEncoder encoder = bundle.openEncoder();
        AnswerGenerator generator = bundle.openGenerator()) {
      int side = 64;
      TokenShape shape = encoder.shape();
      float[] features = new float[FRAMES * shape.floats()];
      List<Frame> frames = new ArrayList<>();
      for (int f = 0; f < FRAMES; f++) {
        byte[] rgb = new byte[3 * side * side];
        for (int i = 0; i < rgb.length; i++) {
          rgb[i] = (byte) (i * 31 + f * 17);
        }
        frames.add(Frame.of(Duration.ofSeconds(f), side, side, ByteBuffer.wrap(rgb)));
      }
      int at = 0;
      for (FrameTokens tokens : encoder.encode(frames)) {
        tokens.values().get(features, at, shape.floats());
        at += shape.floats();
        tokens.close();
      }
      GeneratedAnswer answer = LlmModel.ask(generator, LlmModel.view(shape, 2), NEW_TOKENS);
      return new Output(
          FloatBuffer.wrap(features), Arrays.stream(answer.tokens()).boxed().toList());
    }
  }

  private static String difference(FloatBuffer actual, FloatBuffer expected) {
    double largest = 0;
    double difference = 0;
    for (int i = 0; i < expected.capacity(); i++) {
      largest = Math.max(largest, Math.abs(expected.get(i)));
      difference = Math.max(difference, Math.abs((double) actual.get(i) - expected.get(i)));
    }
    return String.format(Locale.ROOT, "%.2g", difference / largest);
  }

  private static void speed(Path bundle, Size size, Findings findings) throws IOException {
    JsonNode config = new ObjectMapper().readTree(bundle.resolve("config.json").toFile());
    int side = config.path("vision_config").path("image_size").asInt();
    int newTokens = size.pick(4, 64, 256);
    int rounds = size.pick(1, 3, 7);
    ModelBundle model = ModelBundle.at(bundle).withPrecision(Precision.FP32);
    List<List<String>> crossing = new ArrayList<>();
    for (Device device : List.of(Device.CPU, Device.cuda(0))) {
      boolean cuda = !device.equals(Device.CPU);
      String where = cuda ? "card" : "processor";
      List<List<Double>> tokens = new ArrayList<>();
      List<List<Double>> frames = new ArrayList<>();
      Optional<Integer> prompt = Optional.empty();
      Optional<Double> before = CardTraffic.memoryUsed();
      try (FrameEncoder encoder = model.withDevice(device).openEncoder();
          AnswerGenerator generator = model.withDevice(device).openGenerator()) {
        prompt =
            Optional.of(
                LlmModel.ask(generator, LlmModel.view(encoder.shape(), 0), 4).promptTokens());
        LlmModel.encode(encoder, side);
        for (int round = 0; round < rounds; round++) {
          GeneratedAnswer answer =
              LlmModel.ask(generator, LlmModel.view(encoder.shape(), 0), newTokens);
          tokens.add(List.of(answer.timings().tokensPerSecond()));
          frames.add(List.of(LlmModel.FRAMES * 1e9 / LlmModel.encode(encoder, side)));
        }
        Optional<Double> after = CardTraffic.memoryUsed();
        if (cuda && before.isPresent() && after.isPresent()) {
          // ONNX Runtime keeps what it once took, so that this is the most.
          findings.measure(
              "LlmDevice.cardMemory",
              Map.of("device", where),
              "bytes",
              Better.LOWER,
              after.get() - before.get());
        }
        crossing.add(crossing(where, generator, encoder.shape(), newTokens, size, findings));
      } catch (ModelException e) {
        findings.skip("LlmDevice, speed on the " + where, "no device: " + e.getMessage());
        continue;
      } catch (RuntimeException e) { // the bare loop may still work
        findings.skip(
            "LlmDevice, speed on the " + where, Throwables.getStackTraceAsString(e).strip());
      }
      if (prompt.isEmpty()) {
        continue;
      }
      add(findings, "decode", where, "moviechat", "tokens/s", tokens);
      add(findings, "encode", where, "moviechat", "frames/s", frames);
      try {
        copies(model.withDevice(device), where, newTokens, findings);
      } catch (RuntimeException e) { // what was measured stays
        findings.skip(
            "LlmDevice, copies on the " + where, Throwables.getStackTraceAsString(e).strip());
      }
      Bare settings = new Bare(cuda, where, prompt.get(), newTokens, rounds, side);
      bare(bundle, config, settings, size, findings);
    }
    findings.table(
        new Table(
            "device-bytes",
            "Where the bytes of one more token lie",
            List.of(
                "device",
                "bound in host memory, bytes",
                "bound in the card's memory, bytes",
                "to the card by the driver's count, bytes",
                "from the card by the driver's count, bytes"),
            crossing,
            "Bound: inputs and outputs of the graphs that make the last token of an answer of "
                + newTokens
                + " (Flight Recorder, io.moviechat.GraphRun). On a card those in host memory cross"
                + " to it or back for each token; caches are bound twice, as they were and as they"
                + " become. The driver's count is over whole answers, prompts included."));
  }

  private static List<String> crossing(
      String where,
      AnswerGenerator generator,
      TokenShape shape,
      int newTokens,
      Size size,
      Findings findings)
      throws IOException {
    List<CardTraffic.Bound> runs =
        CardTraffic.bound(() -> LlmModel.ask(generator, LlmModel.view(shape, 0), newTokens));
    // A token is read by two graphs, the one that embeds and the decoder.
    long host = 0;
    long device = 0;
    for (CardTraffic.Bound run : runs.subList(Math.max(0, runs.size() - 2), runs.size())) {
      host += run.host();
      device += run.device();
    }
    Map<String, String> params = Map.of("device", where);
    findings.measure("LlmDevice.hostBytes", params, "bytes/token", Better.NEITHER, (double) host);
    findings.measure(
        "LlmDevice.deviceBytes", params, "bytes/token", Better.NEITHER, (double) device);
    Optional<CardTraffic.Bus> bus =
        where.equals("processor")
            ? Optional.empty()
            : bus(
                "moviechat",
                size,
                () -> {
                  LlmModel.ask(generator, LlmModel.view(shape, 0), newTokens);
                  return newTokens;
                },
                findings);
    return List.of(
        where,
        Format.count(host),
        Format.count(device),
        bus.map(count -> Format.count(Math.round(count.toCard()))).orElse(""),
        bus.map(count -> Format.count(Math.round(count.fromCard()))).orElse(""));
  }

  private static Optional<CardTraffic.Bus> bus(
      String peer, Size size, LongSupplier tokens, Findings findings) {
    Optional<CardTraffic.Bus> bus;
    try {
      bus = CardTraffic.bus(size.pick(2, 5, 20), tokens);
    } catch (IOException e) {
      findings.skip("LlmDevice, bytes over the bus, " + peer, "no device: " + e.getMessage());
      return Optional.empty();
    }
    if (bus.isEmpty()) {
      findings.skip("LlmDevice, bytes over the bus, " + peer, "the driver does not count them");
    }
    bus.ifPresent(
        count -> {
          Map<String, String> params = Map.of(Measure.PEER, peer);
          findings.measure(
              "LlmDevice.busToCard", params, "bytes/token", Better.LOWER, count.toCard());
          findings.measure(
              "LlmDevice.busFromCard", params, "bytes/token", Better.LOWER, count.fromCard());
        });
    return bus;
  }

  /** What ONNX Runtime copies between the nodes of its graphs, as its own profile has it. */
  private static void copies(ModelBundle model, String where, int newTokens, Findings findings)
      throws IOException {
    Path profiles = Files.createTempDirectory("profiles");
    try {
      System.setProperty("moviechat.onnxruntime.profile", profiles.toString());
      try (AnswerGenerator generator = model.openGenerator();
          FrameEncoder encoder = model.openEncoder()) {
        LlmModel.ask(generator, LlmModel.view(encoder.shape(), 0), newTokens);
      } finally {
        System.clearProperty("moviechat.onnxruntime.profile");
      }
      CardTraffic.Copies copies = CardTraffic.copies(profiles);
      Map<String, String> params = Map.of("device", where);
      findings.measure(
          "LlmDevice.copiesInGraphs",
          params,
          "bytes/token",
          Better.LOWER,
          copies.bytes() / (double) newTokens);
      findings.note(
          String.format(
              Locale.ROOT,
              "ONNX Runtime's profile of an answer of %d tokens on the %s: %d nodes in %d runs, %d"
                  + " of them copies between host and card, of %d bytes.",
              newTokens,
              where,
              copies.nodes(),
              copies.runs(),
              copies.copies(),
              copies.bytes()));
    } finally {
      try (Stream<Path> files = Files.list(profiles)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(profiles);
    }
  }

  private record Bare(
      boolean cuda, String where, int prompt, int newTokens, int rounds, int side) {}

  private static void bare(
      Path bundle, JsonNode config, Bare settings, Size size, Findings findings) {
    LlmBareLoop.Threads threads =
        new LlmBareLoop.Threads(Runtime.getRuntime().availableProcessors(), true, settings.cuda());
    List<List<Double>> tokens = new ArrayList<>();
    List<List<Double>> frames = new ArrayList<>();
    int[] prompt = new Random(1).ints(settings.prompt(), 0, 500).toArray();
    try (LlmBareLoop bare = LlmBareLoop.of(bundle, config, threads)) {
      bare.decode(prompt, settings.newTokens());
      bare.encode(LlmModel.FRAMES, settings.side());
      for (int round = 0; round < settings.rounds(); round++) {
        long[] nanos = bare.decode(prompt, settings.newTokens());
        long sum = 0;
        for (int i = 0; i < settings.newTokens() - 1; i++) {
          sum += nanos[i];
        }
        tokens.add(List.of((settings.newTokens() - 1) * 1e9 / sum));
        frames.add(List.of(LlmModel.FRAMES * 1e9 / bare.encode(LlmModel.FRAMES, settings.side())));
      }
      if (settings.cuda()) {
        bus(
            "bare",
            size,
            () -> {
              bare.decode(prompt, settings.newTokens());
              return settings.newTokens();
            },
            findings);
      }
    } catch (IllegalStateException e) { // ONNX Runtime's own words
      findings.skip("LlmDevice, bare loop on the " + settings.where(), "" + e.getMessage());
      return;
    }
    add(findings, "decode", settings.where(), "bare", "tokens/s", tokens);
    add(findings, "encode", settings.where(), "bare", "frames/s", frames);
  }

  private static void add(
      Findings findings,
      String what,
      String where,
      String peer,
      String unit,
      List<List<Double>> values) {
    Map<String, String> params = Map.of("device", where, Measure.PEER, peer);
    findings.measure(
        new Measure("LlmDevice." + what, new TreeMap<>(params), unit, Better.HIGHER, values));
  }
}
