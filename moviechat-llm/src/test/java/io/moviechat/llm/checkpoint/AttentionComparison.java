package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moviechat.GenerationOptions;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.llm.ModelBundle;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Which way of writing attention is the fastest through the real decoder: run by name only, {@code
 * ./mvnw -pl moviechat-llm -am test -Dtest=AttentionComparison
 * -Dsurefire.failIfNoSpecifiedTests=false}. Prints the medians of prefill time and time per token
 * for each way, in turns within one run, on a language model of 156 million weights (12 layers, 8
 * heads of 128), all of them zero.
 */
final class AttentionComparison {
  private static final int ROUNDS = 3;
  private static final int TOKENS = 16;
  private static final SyntheticRelease SIZES =
      new SyntheticRelease(176, 2, 2, 768, 4, 14, 128, 2, 512, 32, 1024, 12, 2816, 2000);

  @Test
  void print(@TempDir Path folder) throws IOException {
    for (CheckpointImport.Precision precision :
        List.of(CheckpointImport.Precision.FP32, CheckpointImport.Precision.INT4)) {
      compare(folder.resolve(precision.name()), precision);
    }
  }

  private static void compare(Path folder, CheckpointImport.Precision precision)
      throws IOException {
    CheckpointImport.Builder builder = SIZES.write(folder).precision(precision);
    Path bundle = builder.run().bundle();
    String name =
        "decoder_model_merged" + (precision == CheckpointImport.Precision.INT4 ? "_q4" : "");
    Map<DecoderGraph.Attention, AnswerGenerator> generators =
        new EnumMap<>(DecoderGraph.Attention.class);
    Path llama = folder.resolve("llama");
    try (Checkpoint weights = Checkpoint.open(llama)) {
      Networks.Llama shape = LlamaConfig.read(llama, weights);
      for (DecoderGraph.Attention attention : DecoderGraph.Attention.values()) {
        Path file = bundle.resolve("onnx").resolve(name + ".onnx");
        Files.delete(file);
        Files.deleteIfExists(OnnxFile.data(file));
        OnnxFile.write(
            DecoderGraph.build(
                weights,
                shape,
                DataType.FLOAT,
                precision == CheckpointImport.Precision.INT4 ? 32 : 0,
                attention),
            file);
        generators.put(attention, ModelBundle.at(bundle).openGenerator());
      }
    }
    Map<DecoderGraph.Attention, double[][]> times = new EnumMap<>(DecoderGraph.Attention.class);
    for (int round = 0; round < ROUNDS; round++) {
      for (var entry : generators.entrySet()) {
        double[][] rows = times.computeIfAbsent(entry.getKey(), a -> new double[2][ROUNDS]);
        GeneratedAnswer answer = ask(entry.getValue());
        rows[0][round] = answer.timings().prefill().toNanos() / 1e6;
        rows[1][round] = 1000 / answer.timings().tokensPerSecond();
        if (round == 0 && entry.getKey() == DecoderGraph.Attention.MULTI_HEAD) {
          System.out.println(precision + ", prompt of " + answer.promptTokens() + " tokens");
        }
      }
    }
    times.forEach(
        (attention, rows) -> {
          Arrays.sort(rows[0]);
          Arrays.sort(rows[1]);
          System.out.printf(
              Locale.ROOT,
              "%-12s prefill median %8.1f ms (least %8.1f), per token %6.2f ms (least %6.2f)%n",
              attention,
              rows[0][ROUNDS / 2],
              rows[0][0],
              rows[1][ROUNDS / 2],
              rows[1][0]);
        });
    generators.values().forEach(AnswerGenerator::close);
  }

  private static GeneratedAnswer ask(AnswerGenerator generator) {
    TokenShape shape = new TokenShape(32, 128);
    MemorySlot slot =
        MemorySlot.of(
            MemorySlot.Tier.LONG_TERM,
            Duration.ZERO,
            Duration.ofSeconds(1),
            1,
            Duration.ZERO,
            0,
            shape,
            FloatBuffer.allocate(shape.floats()));
    MovieView view = MovieView.of(new MemorySnapshot(shape, List.of(slot), 1, 0));
    GenerationOptions options =
        GenerationOptions.builder().maxTokens(TOKENS).minTokens(TOKENS).build();
    try (AnswerSession session = generator.open(view)) {
      return session.answer(
          AnswerRequest.of("What does the man do? ".repeat(40), options), TokenListener.NONE);
    }
  }
}
