package io.moviechat.bench;

import io.moviechat.Conversation;
import io.moviechat.FrameSampling;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.TokenShape;
import io.moviechat.spi.FrameEncoder;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a breakpoint question costs on short and on long videos: going back to the moment, decoding
 * the window before it, encoding it, assembling the memory. Must be flat.
 *
 * <p>Real H.264 files of 160 x 120 pixels, 10 frames per second, a key frame every two seconds,
 * decoded by moviechat-video; a colour grid as encoder and a generator that answers at once, so
 * that nothing hides the cost of going back. No peer: the shortest video is what the others are
 * compared with. Moments are spread over the video, the lengths take turns. Sizes: up to 10 minutes
 * (quick), 2 hours (full). Command: {@code java -jar benchmarks.jar pipeline --filter Breakpoint}.
 */
final class PipelineBreakpoint implements Study {
  private static final TokenShape SHAPE = new TokenShape(32, 64);

  @Override
  public String question() {
    return "Does a breakpoint question cost more the longer the video is?";
  }

  @Override
  public void run(Size size, Findings findings) throws IOException {
    List<Integer> lengths =
        size.pick(List.of(4, 8), List.of(10, 60, 600), List.of(10, 60, 600, 7200));
    int rounds = size.pick(1, 3, 5);
    int questions = size.pick(2, 15, 30);
    FrameEncoder encoder = Synthetic.encoder(SHAPE, 8, Synthetic.Cost.NONE);
    Map<Integer, List<Double>> times = new TreeMap<>();
    try (Clips clips = new Clips();
        MovieChat chat =
            MovieChat.builder()
                .encoder(encoder)
                .generator(Synthetic.generator(SHAPE.width(), 1, Synthetic.Cost.NONE))
                .sampling(FrameSampling.uniform(64))
                .build()) {
      Map<Integer, Movie> movies = new TreeMap<>();
      for (int seconds : lengths) {
        movies.put(seconds, chat.watch(clips.make(seconds)));
        ask(movies.get(seconds), questions); // warms up
      }
      for (int round = 0; round < rounds; round++) {
        for (int seconds : lengths) {
          List<Double> each = ask(movies.get(seconds), questions);
          times.computeIfAbsent(seconds, s -> new ArrayList<>()).add(Measure.median(each));
          findings.measure(
              new Measure(
                  "PipelineBreakpoint.ask",
                  new TreeMap<>(Map.of("video", seconds + " s")),
                  "ms/question",
                  Better.LOWER,
                  List.of(each)));
        }
      }
      movies.values().forEach(Movie::close);
    }
    report(times, findings);
  }

  private static List<Double> ask(Movie movie, int questions) {
    List<Double> millis = new ArrayList<>();
    long length = movie.duration().toMillis();
    for (int i = 0; i < questions; i++) {
      Duration moment = Duration.ofMillis((long) (length * (i + 0.5) / questions));
      long start = System.nanoTime();
      try (Conversation conversation = movie.at(moment)) {
        conversation.ask("What is on screen now?");
      }
      millis.add((System.nanoTime() - start) / 1e6);
    }
    return millis;
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
            true,
            false,
            List.of(new Chart.Series("at(moment).ask", x, y))));
  }
}
