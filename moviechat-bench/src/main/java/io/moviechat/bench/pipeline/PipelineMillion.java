package io.moviechat.bench.pipeline;

import io.moviechat.FrameSampling;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.TokenShape;
import io.moviechat.WatchOptions;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Chart;
import io.moviechat.bench.harness.ChildJvm;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Resident;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Slope;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Synthetic;
import io.moviechat.bench.harness.Table;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One very long video through the whole pipeline: does the process grow?
 *
 * <p>Computed frames, a colour grid as encoder, the default memory strategy, in a JVM with a heap
 * of fixed size that is resident from the start, so that growth of the resident bytes is native
 * memory and growth of the live heap is Java's. No peer. Sizes: 200,000 frames (quick), 1,000,000
 * (full). Command: {@code java -jar benchmarks.jar pipeline --filter Million}.
 */
final class PipelineMillion implements Study {
  private static final int READINGS = 40;

  @Override
  public String question() {
    return "Does the process grow while a million frames pass through it?";
  }

  @Override
  public void run(Size size, Findings findings) throws IOException, InterruptedException {
    long frames = size.pick(2_000L, 200_000L, 1_000_000L);
    List<Double> x = new ArrayList<>();
    List<Double> heap = new ArrayList<>();
    List<Double> resident = new ArrayList<>();
    List<String> lines =
        ChildJvm.run(
            Child.class,
            List.of("-Xms192m", "-Xmx192m", "-XX:+UseSerialGC", "-XX:+AlwaysPreTouch"),
            List.of(String.valueOf(frames)));
    double seconds = Double.parseDouble(lines.get(lines.size() - 1));
    for (String line : lines.subList(0, lines.size() - 1)) {
      String[] words = line.split(" ", -1);
      x.add(Double.valueOf(words[0]));
      heap.add(Double.valueOf(words[1]));
      resident.add(Double.valueOf(words[2]));
    }
    int half = x.size() / 2;
    List<Double> later = x.subList(half, x.size());
    Slope heapSlope = Slope.of(later, heap.subList(half, x.size()));
    findings.measure("PipelineMillion.rate", Map.of(), "frames/s", Better.HIGHER, frames / seconds);
    findings.measure(
        "PipelineMillion.heapSlope", Map.of(), "bytes/frame", Better.NEITHER, heapSlope.perX());
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("frames", Format.count(frames)));
    rows.add(List.of("frames/s", Format.number(frames / seconds)));
    rows.add(List.of("live heap, bytes per frame", text(heapSlope)));
    if (Resident.known()) {
      Slope slope = Slope.of(later, resident.subList(half, x.size()));
      findings.measure(
          "PipelineMillion.residentSlope", Map.of(), "bytes/frame", Better.NEITHER, slope.perX());
      rows.add(List.of("resident, bytes per frame", text(slope)));
      rows.add(List.of("resident at the end", Format.bytes(resident.get(x.size() - 1))));
      findings.chart(
          new Chart(
              "pipeline-million",
              Format.count(frames) + " frames through the pipeline",
              "frames watched",
              "bytes",
              false,
              false,
              List.of(
                  new Chart.Series("resident", x, resident),
                  new Chart.Series("live heap", x, heap))));
    } else {
      findings.skip("PipelineMillion, resident bytes", "unknown on this system");
    }
    findings.table(
        new Table(
            "pipeline-million",
            "A very long video through the whole pipeline",
            List.of("measured", "value"),
            rows,
            "Slopes: least squares over the second half, with the standard error."));
  }

  private static String text(Slope slope) {
    return Format.number(slope.perX()) + " ± " + Format.number(slope.error());
  }

  /** The JVM that is measured. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) {
      long frames = Long.parseLong(args[0]);
      TokenShape shape = new TokenShape(8, 32);
      try (MovieChat chat =
          MovieChat.builder()
              .video(Synthetic.videos(Synthetic.Cost.NONE))
              .encoder(Synthetic.encoder(shape, 16, Synthetic.Cost.NONE))
              .generator(Synthetic.generator(shape.width(), 1, Synthetic.Cost.NONE))
              .sampling(FrameSampling.everyFrame())
              .build()) {
        long start = System.nanoTime();
        try (Movie movie =
            chat.watch(
                Synthetic.video("million", frames),
                WatchOptions.DEFAULT.onProgress(
                    progress -> {
                      long count = progress.frames();
                      if (count * READINGS % frames == 0) {
                        System.out.println(
                            count + " " + Resident.heapBytes() + " " + Resident.bytes());
                      }
                    },
                    Duration.ZERO))) {
          if (movie.memory().snapshot().framesSeen() != frames) {
            throw new IllegalStateException(movie + " did not see " + frames + " frames");
          }
        }
        System.out.println((System.nanoTime() - start) / 1e9);
      }
    }
  }
}
