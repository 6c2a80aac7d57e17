package io.moviechat.bench.pipeline;

import io.moviechat.FrameSampling;
import io.moviechat.GenerationOptions;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.TokenShape;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Clips;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Synthetic;
import io.moviechat.bench.harness.Table;
import io.moviechat.spi.VisionLanguageModel;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Watching a video once and asking ten questions, against watching it again for each question, as
 * the original program does.
 *
 * <p>Cases: a computed model (5 ms to encode a frame, 20 ms for an answer) and, where it is on the
 * class path, the embedded small model (16 new tokens per answer). The video is a real file of 60
 * seconds (full: 10 minutes), decoded by moviechat-video, one frame per second. Command: {@code
 * java -jar benchmarks.jar pipeline --filter WatchOnce}.
 */
final class PipelineWatchOnce implements Study {
  private static final int QUESTIONS = 10;
  private static final TokenShape SHAPE = new TokenShape(32, 64);

  @Override
  public String question() {
    return "How much does watching once save when ten questions are asked?";
  }

  @Override
  public void run(Size size, Findings findings) throws IOException {
    int rounds = size.pick(1, 2, 5);
    List<List<String>> rows = new ArrayList<>();
    try (Clips clips = new Clips()) {
      Path video = clips.make(size.pick(3, 60, 600));
      try (MovieChat chat =
          MovieChat.builder()
              .encoder(Synthetic.encoder(SHAPE, 8, waiting(size.pick(1, 5, 5))))
              .generator(Synthetic.generator(SHAPE.width(), 10, waiting(size.pick(0, 2, 2))))
              .sampling(FrameSampling.every(Duration.ofSeconds(1)))
              .build()) {
        rows.add(compare("computed model", chat, video, rounds, findings));
      }
      Optional<VisionLanguageModel> small = SmallModel.find();
      if (small.isEmpty()) {
        findings.skip("PipelineWatchOnce, small model", SmallModel.MISSING);
      } else {
        try (MovieChat chat =
            MovieChat.builder()
                .model(small.get())
                .sampling(FrameSampling.every(Duration.ofSeconds(1)))
                .generation(GenerationOptions.builder().maxTokens(16).build())
                .build()) {
          rows.add(compare("small model", chat, video, rounds, findings));
        }
      }
    }
    findings.table(
        new Table(
            "pipeline-watch-once",
            "Ten questions: watch once, or watch for each question",
            List.of(
                "model",
                "watch once, ask ten, ms",
                "watch for each question, ms",
                "times faster (lowest to highest)"),
            rows,
            "Both ask the same questions of the same file and get the same answers."));
  }

  private static Synthetic.Cost waiting(int millis) {
    return millis == 0 ? Synthetic.Cost.NONE : Synthetic.Cost.waiting(Duration.ofMillis(millis));
  }

  private static List<String> compare(
      String model, MovieChat chat, Path video, int rounds, Findings findings) {
    List<Double> once = new ArrayList<>();
    List<Double> each = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      List<String> answersOnce = new ArrayList<>();
      List<String> answersEach = new ArrayList<>();
      once.add(millis(() -> watchOnce(chat, video, answersOnce)));
      each.add(millis(() -> watchEach(chat, video, answersEach)));
      if (!answersOnce.equals(answersEach)) {
        throw new IllegalStateException(
            "the answers differ: " + answersOnce + " and " + answersEach);
      }
      ratios.add(each.get(round) / once.get(round));
      record(findings, model, "watch once", once.get(round));
      record(findings, model, "watch for each question", each.get(round));
    }
    return List.of(
        model,
        Format.number(Measure.median(once)),
        Format.number(Measure.median(each)),
        Format.spread(ratios));
  }

  private static void record(Findings findings, String model, String peer, double millis) {
    findings.measure(
        "PipelineWatchOnce.tenQuestions",
        Map.of("model", model, Measure.PEER, peer),
        "ms",
        Better.LOWER,
        millis);
  }

  private static void watchOnce(MovieChat chat, Path video, List<String> answers) {
    try (Movie movie = chat.watch(video)) {
      for (int i = 0; i < QUESTIONS; i++) {
        ask(movie, i, answers);
      }
    }
  }

  private static void watchEach(MovieChat chat, Path video, List<String> answers) {
    for (int i = 0; i < QUESTIONS; i++) {
      try (Movie movie = chat.watch(video)) {
        ask(movie, i, answers);
      }
    }
  }

  private static void ask(Movie movie, int index, List<String> answers) {
    try (var conversation = movie.conversation()) {
      answers.add(conversation.ask("What happens in part " + (index + 1) + "?").text());
    }
  }

  private static double millis(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e6;
  }
}
