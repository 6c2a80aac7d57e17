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
 * Whether a movie that stays open can be asked about any number of moments: 400 (full: 8,000)
 * moments of one movie, each asked once by the small model as {@code movie.at(moment).ask(...)},
 * which is never closed. In a JVM of its own with a heap of fixed size. The first half warms it up
 * (compiled code, arenas of threads) and is told too; what counts is the second half. No peers.
 * Command: {@code java -jar benchmarks.jar pipeline --filter Moments}.
 */
final class PipelineMoments implements Study {
  /** Of each half. */
  private static final int READINGS = 12;

  /** Of Student's distribution with the freedom that a line leaves so many readings, for 95 %. */
  private static final double STUDENT_95 = 2.228;

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
    int moments = size.pick(48, 400, 8_000);
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
    List<List<String>> rows = new ArrayList<>();
    for (int from : new int[] {0, READINGS}) {
      String half = from == 0 ? "first half, warm-up" : "second half";
      Slope slope =
          Slope.of(asked.subList(from, from + READINGS), resident.subList(from, from + READINGS));
      double error = STUDENT_95 * slope.error();
      findings.measure(
          "PipelineMoments.residentSlope",
          Map.of("moments", half),
          "bytes/moment",
          Better.NEITHER,
          slope.perX());
      rows.add(
          List.of(
              half,
              Integer.toString(moments / 2),
              Format.number(slope.perX()),
              Format.number(slope.perX() - error) + " to " + Format.number(slope.perX() + error),
              Format.number((resident.get(from + READINGS - 1) - resident.get(from)) / (1 << 20))));
    }
    findings.table(
        new Table(
            "pipeline-moments",
            "Memory over many moments of one movie",
            List.of(
                "part", "moments", "resident bytes each (slope)", "95 % interval", "growth, MiB"),
            rows,
            "Without pages of files. The slope is a line through the bytes at "
                + READINGS
                + " readings of each half, each after a collection; growth is from the first of"
                + " them to the last. After warming up 0 should be in the interval."));
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
        int step = times / (2 * READINGS);
        int next = 0;
        for (int i = 1; i <= 2 * READINGS; i++) {
          next = ask(movie, next, step);
          System.gc();
          Thread.sleep(200);
          System.out.printf(Locale.ROOT, "resident %d %.0f%n", i * step, Resident.ownBytes());
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
