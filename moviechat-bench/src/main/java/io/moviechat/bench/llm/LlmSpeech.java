package io.moviechat.bench.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.llm.Precision;
import io.moviechat.llm.SpeechBundle;
import io.moviechat.speech.AudioSource;
import io.moviechat.speech.CueStream;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a window of 30 seconds costs a speech model, in time of the whole process on the processor,
 * on one thread.
 *
 * <p>Peers, window by window in turn: {@code bare}, a loop over ONNX Runtime with the same graphs
 * and nothing else ({@link LlmSpeechLoop}), and {@code onnxruntime-node}, the same loop in a
 * process of its own. Both are given features, ours makes them, keeps Whisper's rules and writes
 * text.
 *
 * <p>Needs bundles that say the same number of tokens in every window, whatever is heard: two of
 * one shape and different numbers also tell what a token costs. {@code
 * src/main/scripts/make_random_speech.py --preset tiny --says 40} makes one. Command: {@code java
 * -Dmoviechat.bench.speech=DIR,DIR -Dmoviechat.bench.node=DIR -jar benchmarks.jar llm --filter
 * Speech}; the second is a folder where {@code onnxruntime-node} is installed, and may be left out.
 */
final class LlmSpeech implements Study {
  private static final int WINDOW = 30 * AudioSource.SAMPLE_RATE;
  private static final String OURS = "moviechat";
  private static final String BARE = "bare";
  private static final String NODE = "onnxruntime-node";

  @Override
  public String question() {
    return "What does hearing cost beyond ONNX Runtime itself, and against onnxruntime-node?";
  }

  @Override
  public void run(Size size, Findings findings) throws Exception {
    String folders = System.getProperty("moviechat.bench.speech", "");
    if (folders.isEmpty()) {
      findings.skip(
          "LlmSpeech", "no -Dmoviechat.bench.speech=DIR,DIR (of make_random_speech.py --says)");
      return;
    }
    List<Bundle> bundles = new ArrayList<>();
    for (String folder : folders.split(",", -1)) {
      bundles.add(Bundle.read(Path.of(folder).toAbsolutePath()));
    }
    int rounds = size.pick(1, 6, 20);
    Map<Bundle, Map<String, List<Double>>> millis = new LinkedHashMap<>();
    List<List<String>> rows = new ArrayList<>();
    for (Bundle bundle : bundles) {
      Map<String, List<Double>> taken = measure(bundle, rounds, findings);
      millis.put(bundle, taken);
      taken.forEach(
          (peer, values) -> {
            findings.measure(
                new Measure(
                    "LlmSpeech.window",
                    new TreeMap<>(
                        Map.of("tokens", Integer.toString(bundle.says()), Measure.PEER, peer)),
                    "ms",
                    Better.LOWER,
                    values.stream().map(List::of).toList()));
            rows.add(
                List.of(
                    "a window of " + bundle.says() + " tokens",
                    peer,
                    Format.spread(values),
                    Format.number(
                        Measure.median(ratios(taken.getOrDefault(OURS, List.of()), values)))));
          });
    }
    tokens(bundles, millis, rows, findings);
    findings.table(
        new Table(
            "llm-speech",
            "Hearing 30 seconds, one thread",
            List.of("what", "peer", "ms of the processor (lowest to highest)", "ours / theirs"),
            rows,
            "Median of rounds in which all take turns; below 1 ours is faster. Ours makes the"
                + " features and the text too. A token is the difference of two windows over that"
                + " of their numbers."));
  }

  /** What a token costs: two windows differ in nothing else. */
  private static void tokens(
      List<Bundle> bundles,
      Map<Bundle, Map<String, List<Double>>> millis,
      List<List<String>> rows,
      Findings findings) {
    if (bundles.size() != 2 || bundles.get(0).says() == bundles.get(1).says()) {
      findings.skip("LlmSpeech.token", "it takes two bundles that say different numbers of tokens");
      return;
    }
    Map<String, List<Double>> first = millis.getOrDefault(bundles.get(0), Map.of());
    Map<String, List<Double>> second = millis.getOrDefault(bundles.get(1), Map.of());
    double more = bundles.get(1).says() - bundles.get(0).says();
    double ours = (median(second, OURS) - median(first, OURS)) / more;
    for (String peer : second.keySet()) {
      double token = (median(second, peer) - median(first, peer)) / more;
      findings.measure("LlmSpeech.token", Map.of(Measure.PEER, peer), "ms", Better.LOWER, token);
      rows.add(List.of("a token more", peer, Format.number(token), Format.number(ours / token)));
    }
  }

  private static double median(Map<String, List<Double>> values, String peer) {
    return Measure.median(values.getOrDefault(peer, List.of()));
  }

  private static List<Double> ratios(List<Double> ours, List<Double> theirs) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(ours.size(), theirs.size()); i++) {
      ratios.add(ours.get(i) / theirs.get(i));
    }
    return ratios;
  }

  private static double processorMillis() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getProcessCpuTime()
        / 1e6;
  }

  private static Map<String, List<Double>> measure(Bundle bundle, int rounds, Findings findings)
      throws IOException {
    Map<String, List<Double>> millis = new LinkedHashMap<>();
    SpeechBundle speech =
        SpeechBundle.at(bundle.folder())
            .withPrecision(Precision.FP32)
            .withThreads(1)
            .withoutVoiceDetection();
    try (SpeechRecognizer recognizer = speech.open();
        CueStream stream =
            recognizer.transcribe(new Noise(rounds + 1), SpeechOptions.DEFAULT.withLanguage("en"));
        LlmSpeechLoop bare = new LlmSpeechLoop(bundle);
        Node node = Node.start(bundle, findings)) {
      for (int round = -1; round < rounds; round++) { // the first warms up
        for (int turn = 0; turn < 2; turn++) { // who comes second finds the caches warm
          double begin = processorMillis();
          boolean own = (turn + round) % 2 == 0;
          int said = own ? hear(stream) : bare.window();
          if (!own && said != bundle.says()) {
            throw new IllegalStateException(
                bundle.folder() + " says " + said + " tokens, not " + bundle.says());
          }
          add(millis, own ? OURS : BARE, round, processorMillis() - begin);
        }
        double theirs = node.window();
        if (!Double.isNaN(theirs)) {
          add(millis, NODE, round, theirs);
        }
      }
    }
    return millis;
  }

  private static void add(Map<String, List<Double>> millis, String peer, int round, double value) {
    List<Double> values = millis.computeIfAbsent(peer, p -> new ArrayList<>());
    if (round >= 0) {
      values.add(value);
    }
  }

  /** Hears the next window, and tells how many cues it has. */
  private static int hear(CueStream stream) {
    return stream.next().orElseThrow(() -> new IllegalStateException("no more windows")).size();
  }

  /**
   * A bundle whose windows all say the same.
   *
   * @param says tokens of a window, the one that ends it too
   * @param start token that a prompt begins with
   * @param end token that ends a window
   */
  record Bundle(
      Path folder,
      int says,
      int bands,
      int width,
      int layers,
      int heads,
      int vocabulary,
      int start,
      int language,
      int task,
      int end) {
    static Bundle read(Path folder) throws IOException {
      ObjectMapper mapper = new ObjectMapper();
      JsonNode config = mapper.readTree(folder.resolve("config.json").toFile());
      JsonNode words = mapper.readTree(folder.resolve("generation_config.json").toFile());
      int says = config.path("says").asInt();
      if (says < 1) {
        throw new IllegalArgumentException(
            folder + " may say anything: make one by make_random_speech.py --says");
      }
      return new Bundle(
          folder,
          says,
          config.path("num_mel_bins").asInt(),
          config.path("d_model").asInt(),
          config.path("decoder_layers").asInt(),
          config.path("decoder_attention_heads").asInt(),
          config.path("vocab_size").asInt(),
          words.path("decoder_start_token_id").asInt(),
          words.path("lang_to_id").path("<|en|>").asInt(),
          words.path("task_to_id").path("transcribe").asInt(),
          words.path("eos_token_id").asInt());
    }
  }

  /** Windows of noise. */
  private static final class Noise implements AudioSource {
    private final Random random = new Random(3);
    private final long samples;
    private long given;
    private long last;

    Noise(int windows) {
      samples = (long) windows * WINDOW;
    }

    @Override
    public int read(FloatBuffer into) {
      int count = (int) Math.min(into.remaining(), samples - given);
      if (count == 0) {
        return -1;
      }
      for (int i = 0; i < count; i++) {
        into.put(random.nextFloat() * 0.2f - 0.1f);
      }
      last = given;
      given += count;
      return count;
    }

    @Override
    public Duration time() {
      return Duration.ofMillis(last * 1000 / SAMPLE_RATE);
    }

    @Override
    public Optional<String> language() {
      return Optional.empty();
    }

    @Override
    public void close() {}
  }

  /** A process that hears a window for each line that it is sent. */
  private record Node(@Nullable Process process, Path script) implements AutoCloseable {
    static Node start(Bundle bundle, Findings findings) throws IOException {
      Path script = Files.createTempFile("speech", ".cjs");
      String modules = System.getProperty("moviechat.bench.node", "");
      if (modules.isEmpty()) {
        findings.skip("LlmSpeech onnxruntime-node", "no -Dmoviechat.bench.node=DIR");
        return new Node(null, script);
      }
      try (InputStream in = LlmSpeech.class.getResourceAsStream("onnxruntime_speech.cjs")) {
        if (in == null) {
          throw new IOException("onnxruntime_speech.cjs is not on the class path");
        }
        Files.write(script, in.readAllBytes());
      }
      List<String> command =
          new ArrayList<>(List.of("node", script.toString(), bundle.folder().toString()));
      for (int number :
          new int[] {
            bundle.bands(),
            bundle.width(),
            bundle.layers(),
            bundle.heads(),
            bundle.start(),
            bundle.language(),
            bundle.task(),
            bundle.end()
          }) {
        command.add(Integer.toString(number));
      }
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(Path.of(modules).toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT);
      // Modules are looked for beside the script otherwise.
      builder.environment().put("NODE_PATH", Path.of(modules, "node_modules").toString());
      return new Node(builder.start(), script);
    }

    /** Milliseconds of a window; NaN without the peer. */
    double window() throws IOException {
      if (process == null) {
        return Double.NaN;
      }
      Writer out = process.outputWriter();
      out.write("window\n");
      out.flush();
      String line = process.inputReader().readLine();
      if (line == null) {
        throw new IOException("onnxruntime-node ended; is it in -Dmoviechat.bench.node?");
      }
      return Double.parseDouble(line);
    }

    @Override
    public void close() throws IOException {
      if (process != null) {
        process.destroy();
      }
      Files.deleteIfExists(script);
    }
  }
}
