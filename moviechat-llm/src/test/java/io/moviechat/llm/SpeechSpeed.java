package io.moviechat.llm;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableIntArray;
import io.moviechat.speech.SpeechOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a window costs: a program, not a test. Arguments: a speech bundle (float32 graphs), and a
 * folder whose {@code node_modules} hold onnxruntime-node; without it, or without node, that peer
 * is left out. All run on one thread and by turns in one run, so that a busy machine is busy for
 * each; times are those of the thread on the processor.
 *
 * <p>Peers: {@code bare}, the same graphs with the same bindings and the largest score of each
 * step, no rules and no probabilities; {@code node}, onnxruntime-node with the features and as many
 * tokens.
 */
final class SpeechSpeed {
  private static final int ROUNDS = 60;
  private static final int TOKENS = 60;

  private SpeechSpeed() {}

  private static long cpu() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  public static void main(String[] args) throws IOException {
    Path bundle = Path.of(args[0]);
    Map<String, List<Double>> millis = new TreeMap<>();
    float[] pcm = SpeechData.pcm("libri-1088");
    try (Whisper whisper =
            Whisper.open(
                "speed",
                SpeechBundle.at(bundle).withPrecision(Precision.FP32).read(),
                Device.CPU,
                1,
                false,
                ImmutableList.of(0.0));
        WhisperStream stream =
            whisper.open(
                SpeechData.sound(pcm.length, Duration.ZERO, SpeechData.of(pcm)),
                SpeechOptions.DEFAULT.withLanguage("en"),
                new VoiceActivity.Loudness(),
                null)) {
      if (stream.nextWindow().isEmpty()) {
        throw new IllegalStateException("the clip has no window");
      }
      SpeechSpec spec = whisper.spec();
      LogMel logMel = new LogMel(spec.bands());
      Path features = Files.createTempFile("features", ".f32");
      ByteBuffer bytes =
          ByteBuffer.allocate(4 * spec.bands() * LogMel.FRAMES).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(logMel.of(pcm, 0, pcm.length));
      Files.write(features, bytes.array());
      int language = spec.tokens().language("en");
      SpeechLane lane = stream.lane();
      for (int round = 0; round < ROUNDS; round++) {
        long begin = cpu();
        float[] values = logMel.of(pcm, 0, pcm.length);
        add(millis, "features, ms", (cpu() - begin) / 1e6);

        begin = cpu();
        lane.hear(values);
        add(millis, "encoder ours, ms", (cpu() - begin) / 1e6);

        LongForm.Attempt attempt = stream.attempt(0, ImmutableIntArray.of(), language, true);
        int steps = attempt.tokens().length();
        // Who comes second finds the caches warm: by turns.
        for (int turn = round; turn < round + 2; turn++) {
          begin = cpu();
          if (turn % 2 == 0) {
            stream.attempt(0, ImmutableIntArray.of(), language, true);
            add(millis, "token ours, us", (cpu() - begin) / 1e3 / steps);
          } else {
            bare(lane, spec.tokens(), language, attempt.tokens());
            add(millis, "token bare, us", (cpu() - begin) / 1e3 / steps);
          }
        }
        add(millis, "tokens", steps);
      }
      if (args.length > 1) {
        node(bundle, spec, features, Path.of(args[1]), millis);
      }
      Files.delete(features);
    }
    millis.forEach(
        (name, values) -> {
          double[] sorted =
              values.stream().skip(values.size() / 3).mapToDouble(v -> v).sorted().toArray();
          System.out.printf(
              Locale.ROOT,
              "%-20s median %9.1f, quarters %9.1f to %9.1f%n",
              name,
              sorted[sorted.length / 2],
              sorted[sorted.length / 4],
              sorted[sorted.length * 3 / 4]);
        });
  }

  private static void add(Map<String, List<Double>> millis, String name, double value) {
    millis.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
  }

  /** The same tokens, with nothing but the graph and the largest score. */
  private static void bare(
      SpeechLane lane, WhisperTokens tokens, int language, ImmutableIntArray ids) {
    lane.read(new int[] {tokens.start(), language, tokens.transcribe()}, 0);
    lane.rewind(lane.scores().clone());
    int sum = 0;
    for (int i = 0; i < ids.length(); i++) {
      sum += SpeechScores.best(lane.scores());
      lane.write(ids.get(i));
    }
    if (sum < 0) {
      throw new IllegalStateException("never");
    }
  }

  private static void node(
      Path bundle, SpeechSpec spec, Path features, Path modules, Map<String, List<Double>> millis)
      throws IOException {
    String script =
        """
        const ort = require('onnxruntime-node'), fs = require('fs');
        const [bundle, features, bands, layers, heads, dim, start, language, task, rounds, count] =
            process.argv.slice(1).map(a => isNaN(a) ? a : Number(a));
        const cpu = () => { const u = process.cpuUsage(); return u.user + u.system; };
        (async () => {
          const options = {intraOpNumThreads: 1, interOpNumThreads: 1};
          const enc = await ort.InferenceSession.create(bundle + '/onnx/encoder_model.onnx', options);
          const dec = await ort.InferenceSession.create(bundle + '/onnx/decoder_model_merged.onnx', options);
          const raw = fs.readFileSync(features);
          const values = new Float32Array(raw.buffer, raw.byteOffset, raw.length / 4);
          const int64 = list => new ort.Tensor('int64', BigInt64Array.from(list, BigInt), [1, list.length]);
          for (let round = 0; round < rounds; round++) {
            let begin = cpu();
            const out = await enc.run({input_features: new ort.Tensor('float32', values, [1, bands, 3000])});
            console.log('encoder node, ms', (cpu() - begin) / 1e3);
            begin = cpu();
            const feeds = {input_ids: int64([start, language, task]), encoder_hidden_states: out.last_hidden_state,
              use_cache_branch: new ort.Tensor('bool', [false], [1])};
            for (let i = 0; i < layers; i++) for (const a of ['decoder', 'encoder']) for (const b of ['key', 'value'])
              feeds[`past_key_values.${i}.${a}.${b}`] = new ort.Tensor('float32', new Float32Array(0), [1, heads, 0, dim]);
            for (let step = 0; step <= count; step++) {
              const o = await dec.run(feeds);
              const logits = o.logits.data, v = o.logits.dims[2], from = logits.length - v;
              let best = 0;
              for (let i = 1; i < v; i++) if (logits[from + i] > logits[from + best]) best = i;
              for (let i = 0; i < layers; i++) for (const b of ['key', 'value']) {
                feeds[`past_key_values.${i}.decoder.${b}`] = o[`present.${i}.decoder.${b}`];
                if (step === 0) feeds[`past_key_values.${i}.encoder.${b}`] = o[`present.${i}.encoder.${b}`];
              }
              feeds.input_ids = int64([best]);
              feeds.use_cache_branch = new ort.Tensor('bool', [true], [1]);
            }
            console.log('token node, us', (cpu() - begin) / count);
          }
        })();
        """;
    int steps = (int) Math.round(millis.getOrDefault("tokens", List.of((double) TOKENS)).get(0));
    List<String> command =
        new ArrayList<>(
            List.of("node", "-e", script, "--", bundle.toString(), features.toString()));
    CacheSpec cache = spec.own().get(0);
    for (int number :
        new int[] {
          spec.bands(),
          spec.own().size() / 2,
          cache.heads(),
          cache.headDim(),
          spec.tokens().start(),
          spec.tokens().language("en"),
          spec.tokens().transcribe(),
          ROUNDS,
          steps
        }) {
      command.add(Integer.toString(number));
    }
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .directory(modules.toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
    } catch (IOException e) {
      System.out.println("node is left out: " + e.getMessage());
      return;
    }
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      lines
          .lines()
          .forEach(
              line -> {
                int at = line.lastIndexOf(' ');
                add(millis, line.substring(0, at), Double.parseDouble(line.substring(at + 1)));
              });
    }
    if (!millis.containsKey("token node, us")) {
      System.out.println("onnxruntime-node is left out: it is not in " + modules);
    }
  }
}
