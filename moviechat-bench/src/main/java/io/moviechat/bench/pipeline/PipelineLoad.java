package io.moviechat.bench.pipeline;

import io.moviechat.Answer;
import io.moviechat.FrameSampling;
import io.moviechat.GenerationOptions;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.TokenShape;
import io.moviechat.WatchOptions;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Resident;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Slope;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Synthetic;
import io.moviechat.bench.harness.Table;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.VisionLanguageModel;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;

/**
 * Sixteen movies at once on one model: each is watched and asked three questions, again and again.
 * Are the answers those that each gives alone, does everyone get a fair share, does the process
 * grow?
 *
 * <p>Cases: a computed model, and the embedded small model where it is on the class path. No peer:
 * the answers of each movie alone are what the others are compared with. Sizes: 20 seconds (quick),
 * 10 minutes (full); {@code -Dbench.load.seconds=N} sets another. Command: {@code java -jar
 * benchmarks.jar pipeline --filter Load}.
 */
final class PipelineLoad implements Study {
  private static final int MOVIES = 16;
  private static final int QUESTIONS = 3;
  private static final int READINGS = 20;
  private static final TokenShape SHAPE = new TokenShape(8, 32);

  @Override
  public String question() {
    return "Do 16 movies at once on one model get the same answers, fair shares and no growth?";
  }

  @Override
  public void run(Size size, Findings findings) throws InterruptedException, ExecutionException {
    int seconds = Integer.getInteger("bench.load.seconds", size.pick(1, 20, 600));
    int frames = size.pick(20, 100, 200);
    List<List<String>> rows = new ArrayList<>();
    Synthetic.Cost brief = Synthetic.Cost.waiting(Duration.ofNanos(200_000));
    try (MovieChat chat =
        MovieChat.builder()
            .video(Synthetic.videos(brief))
            .encoder(Synthetic.encoder(SHAPE, 8, brief))
            .generator(Synthetic.generator(SHAPE.width(), 5, brief))
            .sampling(FrameSampling.everyFrame())
            .build()) {
      rows.add(new Load("computed model", chat, frames).run(seconds, findings));
    }
    Optional<VisionLanguageModel> small = SmallModel.find();
    if (small.isEmpty()) {
      findings.skip("PipelineLoad, small model", SmallModel.MISSING);
    } else if (size != Size.SMOKE) {
      try (MovieChat chat =
          MovieChat.builder()
              .model(small.get())
              .video(Synthetic.videos(Synthetic.Cost.NONE))
              .sampling(FrameSampling.every(Duration.ofSeconds(1)))
              .generation(GenerationOptions.builder().maxTokens(12).build())
              .build()) {
        rows.add(new Load("small model", chat, 25 * 20).run(seconds, findings));
      }
    }
    findings.table(
        new Table(
            "pipeline-load",
            MOVIES + " movies at once on one model, " + seconds + " s",
            List.of(
                "model",
                "movies watched and asked",
                "fewest to most of one movie",
                "tokens generated, fewest to most of one movie",
                "answers that differ from those alone",
                "live heap, bytes per second",
                "resident, bytes per second",
                "native owners left open"),
            rows,
            "A movie with longer answers is asked less often in the same share of the time. Slopes:"
                + " least squares over the second half of the time, with the standard error."));
  }

  /** What one round over a movie gave. */
  private record Round(List<String> answers, long tokens) {}

  /** One model under load. */
  private static final class Load {
    private final String model;
    private final MovieChat chat;
    private final int frames;
    private final AtomicIntegerArray rounds = new AtomicIntegerArray(MOVIES);
    private final AtomicLongArray tokens = new AtomicLongArray(MOVIES);
    private final AtomicLong different = new AtomicLong();
    private volatile boolean over;

    Load(String model, MovieChat chat, int frames) {
      this.model = model;
      this.chat = chat;
      this.frames = frames;
    }

    List<String> run(int seconds, Findings findings)
        throws InterruptedException, ExecutionException {
      List<List<String>> alone = new ArrayList<>();
      for (int movie = 0; movie < MOVIES; movie++) {
        alone.add(round(movie).answers());
      }
      List<String> openBefore = NativeOwner.openOwners();
      ExecutorService threads = Executors.newFixedThreadPool(MOVIES);
      List<Future<?>> running = new ArrayList<>();
      List<Double> x = new ArrayList<>();
      List<Double> heap = new ArrayList<>();
      List<Double> resident = new ArrayList<>();
      try {
        for (int i = 0; i < MOVIES; i++) {
          int movie = i;
          running.add(threads.submit(() -> again(movie, alone.get(movie))));
        }
        long start = System.nanoTime();
        for (int reading = 1; reading <= READINGS; reading++) {
          Thread.sleep(1000L * seconds / READINGS);
          x.add((System.nanoTime() - start) / 1e9);
          heap.add(Resident.heapBytes());
          resident.add(Resident.bytes());
        }
      } finally {
        over = true;
        threads.shutdown();
      }
      for (Future<?> future : running) {
        future.get();
      }
      if (!threads.awaitTermination(1, TimeUnit.MINUTES)) {
        throw new IllegalStateException("the movies did not end");
      }
      List<String> openAfter = new ArrayList<>(NativeOwner.openOwners());
      openBefore.forEach(openAfter::remove);
      return report(x, heap, resident, openAfter, findings);
    }

    private void again(int movie, List<String> expected) {
      while (!over) {
        Round round = round(movie);
        if (!round.answers().equals(expected)) {
          different.incrementAndGet();
        }
        tokens.addAndGet(movie, round.tokens());
        rounds.incrementAndGet(movie);
      }
    }

    private Round round(int movie) {
      URI video = Synthetic.video("load-" + movie, frames);
      List<String> answers = new ArrayList<>();
      long generated = 0;
      try (Movie watched = chat.watch(video, WatchOptions.DEFAULT)) {
        for (int i = 0; i < QUESTIONS; i++) {
          Answer answer = watched.ask("What happens in part " + i + "?");
          answers.add(answer.text());
          generated += answer.tokens().length;
        }
      }
      return new Round(answers, generated);
    }

    private List<String> report(
        List<Double> x,
        List<Double> heap,
        List<Double> resident,
        List<String> leftOpen,
        Findings findings) {
      LongSummaryStatistics shares =
          IntStream.range(0, MOVIES).mapToLong(rounds::get).summaryStatistics();
      LongSummaryStatistics generated =
          IntStream.range(0, MOVIES).mapToLong(tokens::get).summaryStatistics();
      long fewest = shares.getMin();
      long most = shares.getMax();
      int half = x.size() / 2;
      List<Double> later = x.subList(half, x.size());
      Slope heapSlope = Slope.of(later, heap.subList(half, x.size()));
      Map<String, String> params = Map.of("model", model);
      double rate = shares.getSum() / x.get(x.size() - 1);
      findings.measure("PipelineLoad.rate", params, "movies/s", Better.HIGHER, rate);
      findings.measure(
          "PipelineLoad.fairness",
          params,
          "fewest over most of one movie",
          Better.NEITHER,
          most == 0 ? 0 : (double) fewest / most);
      findings.measure(
          "PipelineLoad.differentAnswers",
          params,
          "movies",
          Better.LOWER,
          (double) different.get());
      findings.measure(
          "PipelineLoad.heapSlope", params, "bytes/s", Better.NEITHER, heapSlope.perX());
      String residentText = "unknown";
      if (Resident.known()) {
        Slope slope = Slope.of(later, resident.subList(half, x.size()));
        residentText = text(slope);
        findings.measure(
            "PipelineLoad.residentSlope", params, "bytes/s", Better.NEITHER, slope.perX());
      }
      return List.of(
          model,
          Format.count(shares.getSum()),
          fewest + " to " + most,
          generated.getMax() == 0
              ? ""
              : Format.count(generated.getMin()) + " to " + Format.count(generated.getMax()),
          String.valueOf(different.get()),
          text(heapSlope),
          residentText,
          leftOpen.isEmpty() ? "none" : leftOpen.toString());
    }

    private static String text(Slope slope) {
      return Format.number(slope.perX()) + " ± " + Format.number(slope.error());
    }
  }
}
