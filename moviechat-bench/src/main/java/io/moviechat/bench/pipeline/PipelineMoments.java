package io.moviechat.bench.pipeline;

import io.moviechat.GenerationOptions;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.Question;
import io.moviechat.TokenListener;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.ChildJvm;
import io.moviechat.bench.harness.Clips;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Resident;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Slope;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.internal.NativeOwner;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Whether a movie that stays open can be asked about any number of moments: 400 (full: 2,000)
 * moments of one movie, each asked once by the small model as {@code movie.at(moment).ask(...)},
 * which is never closed. In a JVM of its own with a heap of fixed size. No peers. Command: {@code
 * java -jar benchmarks.jar pipeline --filter Moments}.
 */
final class PipelineMoments implements Study {
  private static final int READINGS = 12;
  private static final int SECONDS = 60;

  /** Of a heap that grows and shrinks, resident memory says little. */
  private static final List<String> FIXED_HEAP =
      List.of("-Xms256m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:+AlwaysPreTouch");

  @Override
  public String question() {
    return "Does asking about many moments leave anything behind?";
  }

  @Override
  public void run(Size size, Findings findings) throws Exception {
    if (SmallModel.find().isEmpty()) {
      findings.skip("PipelineMoments", SmallModel.MISSING);
      return;
    }
    int moments = size.pick(16, 400, 2_000);
    List<Double> asked = new ArrayList<>();
    List<Double> resident = new ArrayList<>();
    try (Clips clips = new Clips()) {
      List<String> flags = Stream.concat(FIXED_HEAP.stream(), SmallModel.flags().stream()).toList();
      for (String line :
          ChildJvm.run(
              Soak.class,
              flags,
              List.of(clips.make(SECONDS).toString(), Integer.toString(moments)))) {
        String[] words = line.split(" ", -1);
        if (words[0].equals("resident")) {
          asked.add(Double.parseDouble(words[1]));
          resident.add(Double.parseDouble(words[2]));
        }
      }
    }
    Slope slope = Slope.of(asked, resident);
    findings.measure(
        "PipelineMoments.residentSlope", Map.of(), "bytes/moment", Better.NEITHER, slope.perX());
    findings.table(
        new Table(
            "pipeline-moments",
            "Memory over many moments of one movie",
            List.of("moments", "resident bytes each (slope)", "error"),
            List.of(
                List.of(
                    Integer.toString(moments),
                    Format.number(slope.perX()),
                    Format.number(slope.error()))),
            "The first quarter warms up and is not counted. The slope is a line through the"
                + " resident bytes at "
                + READINGS
                + " readings, each after a collection; within its error it should be 0."));
  }

  /** The JVM in which a movie is asked over and over. */
  static final class Soak {
    private static final Question QUESTION =
        Question.of("What is on screen now?")
            .with(GenerationOptions.builder().maxTokens(1).build());

    private Soak() {}

    public static void main(String[] args) throws InterruptedException {
      int times = Integer.parseInt(args[1]);
      try (MovieChat chat = MovieChat.builder().model(SmallModel.find().orElseThrow()).build();
          Movie movie = chat.watch(Path.of(args[0]))) {
        int warmUp = times / 4;
        int step = Math.max(1, (times - warmUp) / READINGS);
        int next = ask(movie, 0, warmUp);
        for (int i = 1; i <= READINGS; i++) {
          next = ask(movie, next, step);
          System.gc();
          Thread.sleep(200);
          System.out.printf(Locale.ROOT, "resident %d %.0f%n", i * step, Resident.bytes());
        }
      }
      if (!NativeOwner.openOwners().isEmpty()) {
        throw new IllegalStateException("not closed: " + NativeOwner.openOwners());
      }
    }

    private static int ask(Movie movie, int from, int count) {
      long length = movie.duration().toMillis();
      for (int i = from; i < from + count; i++) {
        movie.at(Duration.ofMillis(37L * i % length)).ask(QUESTION, TokenListener.NONE);
      }
      return from + count;
    }
  }
}
