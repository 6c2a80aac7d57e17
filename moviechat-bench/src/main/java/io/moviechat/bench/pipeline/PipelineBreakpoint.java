package io.moviechat.bench.pipeline;

import io.moviechat.FrameSampling;
import io.moviechat.MemoryBudget;
import io.moviechat.MemorySnapshot;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.TokenShape;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Chart;
import io.moviechat.bench.harness.Clips;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Synthetic;
import io.moviechat.bench.harness.Table;
import io.moviechat.internal.ResourceStack;
import io.moviechat.spi.FrameEncoder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * What a breakpoint question costs on short and on long videos: going back to the moment, decoding
 * the window before it, encoding it, assembling the memory. Must be flat.
 *
 * <p>Real H.264 files of 160 x 120 pixels, 10 frames per second, a key frame every two seconds,
 * decoded by moviechat-video; a colour grid as encoder and a generator that answers at once, so
 * that nothing hides the cost of going back. No peer: the shortest video is what the others are
 * compared with. Only moments whose whole window of 8 frames must be decoded are asked about: on a
 * short video the remembered past more often ends inside the window, which then is cheaper, and
 * that has nothing to do with going back. The moments are spread over the video and the lengths
 * take turns. Sizes: up to 30 minutes (quick), 2 hours (full). Command: {@code java -jar
 * benchmarks.jar pipeline --filter Breakpoint}.
 */
final class PipelineBreakpoint implements Study {
  private static final TokenShape SHAPE = new TokenShape(32, 64);

  /** Few enough that slots of the shortest video span the window before a moment. */
  private static final int SLOTS = 40;

  private static final int WINDOW = 8;
  private static final Duration SPACING = Duration.ofMillis(500);

  @Override
  public String question() {
    return "Does a breakpoint question cost more the longer the video is?";
  }

  @Override
  public void run(Size size, Findings findings) throws IOException {
    List<Integer> lengths =
        size.pick(List.of(4, 8), List.of(200, 600, 1800), List.of(200, 600, 1800, 7200));
    int rounds = size.pick(1, 3, 5);
    int questions = size.pick(2, 25, 50);
    FrameEncoder encoder = Synthetic.encoder(SHAPE, 8, Synthetic.Cost.NONE);
    Map<Integer, List<Double>> times = new TreeMap<>();
    try (Clips clips = new Clips();
        MovieChat chat =
            MovieChat.builder()
                .encoder(encoder)
                .generator(Synthetic.generator(SHAPE.width(), 1, Synthetic.Cost.NONE))
                .memoryBudget(MemoryBudget.ofSlots(SLOTS))
                .breakpointFrames(WINDOW)
                .sampling(FrameSampling.every(SPACING))
                .build();
        ResourceStack opened = new ResourceStack()) {
      Map<Integer, Movie> movies = new TreeMap<>();
      for (int seconds : lengths) {
        Path clip = clips.make(seconds);
        movies.put(seconds, opened.open(() -> chat.watch(clip)));
      }
      Random random = new Random(1);
      for (int i = 0; i < questions; i++) { // warms up
        movies.values().forEach(movie -> ask(movie, moment(movie, random)));
      }
      for (int round = 0; round < rounds; round++) {
        Map<Integer, List<Double>> each = new TreeMap<>();
        for (int i = 0; i < questions; i++) {
          movies.forEach(
              (seconds, movie) ->
                  each.computeIfAbsent(seconds, s -> new ArrayList<>())
                      .add(ask(movie, moment(movie, random))));
        }
        each.forEach(
            (seconds, millis) -> {
              times.computeIfAbsent(seconds, s -> new ArrayList<>()).add(Measure.median(millis));
              findings.measure(
                  new Measure(
                      "PipelineBreakpoint.ask",
                      new TreeMap<>(Map.of("video", seconds + " s")),
                      "ms/question",
                      Better.LOWER,
                      List.of(millis)));
            });
      }
    }
    report(times, findings);
  }

  /** A moment whose whole window lies after what is remembered of the past. */
  private static Duration moment(Movie movie, Random random) {
    MemorySnapshot memory = movie.memory().snapshot();
    Duration moment = movie.duration();
    for (int attempt = 0; attempt < 10_000; attempt++) {
      double share = 0.1 + 0.9 * random.nextDouble();
      moment = Duration.ofMillis((long) (movie.duration().toMillis() * share));
      Duration window = SPACING.multipliedBy(WINDOW);
      if (memory.until(moment).end().plus(window).compareTo(moment) <= 0) {
        return moment;
      }
    }
    return moment; // only where the whole video is about as short as the window
  }

  /** Milliseconds of a question. */
  private static double ask(Movie movie, Duration moment) {
    long start = System.nanoTime();
    movie.at(moment).ask("What is on screen now?");
    return (System.nanoTime() - start) / 1e6;
  }

  private static void report(Map<Integer, List<Double>> times, Findings findings) {
    List<List<String>> rows = new ArrayList<>();
    List<Double> x = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    double shortest = Measure.median(times.values().iterator().next());
    times.forEach(
        (seconds, medians) -> {
          rows.add(
              List.of(
                  seconds + " s",
                  Format.spread(medians),
                  Format.number(Measure.median(medians) / shortest)));
          x.add((double) seconds);
          y.add(Measure.median(medians));
        });
    double longest = y.get(y.size() - 1);
    findings.measure(
        "PipelineBreakpoint.longestOverShortest", Map.of(), "x", Better.LOWER, longest / shortest);
    findings.table(
        new Table(
            "pipeline-breakpoint",
            "A breakpoint question over the length of the video",
            List.of("video", "ms per question (lowest to highest round)", "over the shortest"),
            rows,
            "Real decoding, a cheap encoder and an answer at once: the cost of going back to a"
                + " moment and nothing else."));
    findings.chart(
        new Chart(
            "pipeline-breakpoint",
            "Cost of a breakpoint question over the length of the video",
            "length of the video, seconds",
            "milliseconds per question",
            false,
            false,
            List.of(new Chart.Series("at(moment).ask", x, y))));
  }
}
