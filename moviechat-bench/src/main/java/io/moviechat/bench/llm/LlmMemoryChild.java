package io.moviechat.bench.llm;

import io.moviechat.TokenShape;
import io.moviechat.bench.harness.Resident;
import io.moviechat.llm.ModelBundle;
import io.moviechat.llm.Precision;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The JVM in which {@link LlmModel} uses one half of a model; prints the most resident bytes beyond
 * those of the JVM, and those that weights and caches take by themselves.
 */
final class LlmMemoryChild {
  private static final int NEW_TOKENS = 16;

  private LlmMemoryChild() {}

  public static void main(String[] args) {
    ModelBundle bundle = ModelBundle.at(Path.of(args[1])).withPrecision(Precision.FP32);
    ModelBundle.Report report = bundle.report();
    // What a JVM and the native library take without a model is not the model's.
    io.moviechat.llm.Device.examine();
    System.gc();
    double before = Resident.bytes();
    double needed = 0;
    if (args[0].equals("encoder")) {
      needed = weights(report, "vision");
      try (FrameEncoder encoder = bundle.openEncoder()) {
        LlmModel.encode(encoder, encoder.preferredFormat().width());
      }
    } else {
      needed = weights(report, "embed") + weights(report, "decoder");
      try (AnswerGenerator generator = bundle.openGenerator()) {
        TokenShape shape = new TokenShape(Integer.parseInt(args[3]), Integer.parseInt(args[4]));
        MovieView view = LlmModel.view(shape, Integer.parseInt(args[2]));
        GeneratedAnswer answer = LlmModel.ask(generator, view, NEW_TOKENS);
        needed += (double) report.cacheBytesPerToken() * (answer.promptTokens() + NEW_TOKENS);
      }
    }
    System.out.printf(
        Locale.ROOT, "{\"peak\": %.0f, \"needed\": %.0f}%n", Resident.peakBytes() - before, needed);
  }

  private static double weights(ModelBundle.Report report, String part) {
    return report.graphs().stream()
        .filter(graph -> graph.file().contains(part))
        .mapToDouble(ModelBundle.Report.GraphFile::bytes)
        .sum();
  }
}
