package io.moviechat.bench.memory;

import io.moviechat.TokenShape;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Chart;
import io.moviechat.bench.harness.ChildJvm;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Resident;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Slope;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Strategies;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Figure 1 of the MovieChat paper, repeated: what memory costs as the video grows.
 *
 * <p>Each strategy remembers the same frames of 32 x 768 tokens (the paper's shape) in a JVM of its
 * own with a heap of fixed size, all of it resident from the start, so that whatever the resident
 * bytes gain is native memory. Peers: keep everything (a list that only grows; measured while it is
 * below 1.5 GB, and it grows in a straight line), uniform sampling, recent window. The fixed costs,
 * weights and peak activations, are those of the embedded small model where it is on the class
 * path. The paper's own figures, 21.3 KB per frame for MovieChat and about 200 MB per frame for its
 * rivals, are of GPU memory with models of 7 billion parameters; ours are of memory state alone.
 *
 * <p>Sizes: up to 100,000 frames (quick), 1,000,000 (full). Command: {@code java -jar
 * benchmarks.jar memory --filter Figure1}.
 */
final class MemoryFigure1 implements Study {
  static final String KEEP_EVERYTHING = "keep-everything";
  static final TokenShape SHAPE = new TokenShape(32, 768);

  private static final double PAPER_MOVIECHAT = 21.3 * 1024;
  private static final double PAPER_RIVALS = 200 * 1024.0 * 1024;
  private static final List<String> WANTED =
      List.of("moviechat", "uniform", "recent", KEEP_EVERYTHING);

  /** One reading of the child JVM. */
  private record Reading(
      long frames,
      double state,
      double heap,
      double resident,
      double framesPerSecond,
      double device) {}

  @Override
  public String question() {
    return "How many bytes does a memory cost after 1 to 1,000,000 frames?";
  }

  @Override
  public void run(Size size, Findings findings) throws IOException, InterruptedException {
    long most = size.pick(100L, 100_000L, 1_000_000L);
    Map<String, List<Reading>> readings = new LinkedHashMap<>();
    for (String strategy : WANTED) {
      Optional<String> known = known(strategy);
      if (known.isEmpty()) {
        findings.skip(
            "MemoryFigure1, peer " + strategy, "not among the strategies " + Strategies.names());
        continue;
      }
      findings.progress("  " + known.get() + " up to " + Format.count(most) + " frames");
      readings.put(known.get(), measure(known.get(), most));
    }
    fixedCosts(size, findings);
    boolean gpu = readings.values().stream().flatMap(List::stream).anyMatch(r -> r.device() > 0);
    if (!gpu) {
      findings.skip("MemoryFigure1, GPU column", "no strategy kept anything on a GPU here");
    }
    List<List<String>> rows = new ArrayList<>();
    List<List<String>> slopes = new ArrayList<>();
    List<Chart.Series> series = new ArrayList<>();
    readings.forEach(
        (strategy, all) -> {
          List<Double> x = new ArrayList<>();
          List<Double> y = new ArrayList<>();
          for (Reading reading : all) {
            if (!isPowerOfTen(reading.frames())) {
              continue;
            }
            x.add((double) reading.frames());
            y.add(reading.state());
            List<String> row =
                new ArrayList<>(
                    List.of(
                        strategy,
                        Format.count(reading.frames()),
                        Format.bytes(reading.state()),
                        Format.bytes(reading.heap()),
                        Format.bytes(reading.resident()),
                        Format.number(reading.framesPerSecond())));
            if (gpu) {
              row.add(Format.bytes(reading.device()));
            }
            rows.add(row);
          }
          series.add(new Chart.Series(strategy, x, y));
          slopes.add(slopes(strategy, all, findings));
        });
    List<String> columns =
        new ArrayList<>(
            List.of(
                "strategy", "frames", "memory state", "live heap", "resident", "frames/s so far"));
    if (gpu) {
      columns.add("of the state on the GPU");
    }
    findings.table(
        new Table(
            "memory-figure1",
            "Bytes of a memory over the frames watched (the paper's figure 1)",
            columns,
            rows,
            "Frames of 32 x 768 tokens. Live heap and memory state overlap: a state that lives on"
                + " the heap is in both. Resident is the whole process, its heap of fixed size"
                + " included."));
    slopes.add(List.of("MovieChat, as the paper reports it", "21,800 (21.3 KB)", ""));
    slopes.add(List.of("its rivals, as the paper reports them", "about 210,000,000 (200 MB)", ""));
    findings.table(
        new Table(
            "memory-figure1-slope",
            "What one more frame costs once the memory is full",
            List.of("strategy", "memory state, bytes per frame", "resident, bytes per frame"),
            slopes,
            "Least squares over the readings past the first tenth, with the standard error."));
    series.add(paper("paper: 21.3 KB/frame", PAPER_MOVIECHAT, 1_000_000));
    series.add(paper("its rivals: 200 MB/frame", PAPER_RIVALS, 1_000));
    findings.chart(
        new Chart(
            "memory-figure1",
            "Memory over frames watched, 32 x 768 tokens per frame",
            "frames watched",
            "bytes",
            true,
            true,
            series));
  }

  private static Optional<String> known(String strategy) {
    if (strategy.equals(KEEP_EVERYTHING)) {
      return Optional.of(strategy);
    }
    return Strategies.names().stream().filter(name -> name.startsWith(strategy)).findFirst();
  }

  private static List<Reading> measure(String strategy, long most)
      throws IOException, InterruptedException {
    List<Reading> readings = new ArrayList<>();
    for (String line :
        ChildJvm.run(
            MemoryFigure1Child.class,
            List.of(
                "-Xms256m",
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:+AlwaysPreTouch",
                "-XX:MaxDirectMemorySize=2g"),
            List.of(strategy, String.valueOf(most)))) {
      String[] words = line.split(" ", -1);
      readings.add(
          new Reading(
              Long.parseLong(words[0]),
              Double.parseDouble(words[1]),
              Double.parseDouble(words[2]),
              Double.parseDouble(words[3]),
              Double.parseDouble(words[4]),
              Double.parseDouble(words[5])));
    }
    return readings;
  }

  private static List<String> slopes(String strategy, List<Reading> all, Findings findings) {
    long last = all.get(all.size() - 1).frames();
    List<Reading> tail = all.stream().filter(r -> r.frames() * 10 >= last).toList();
    List<Double> x = tail.stream().map(r -> (double) r.frames()).toList();
    Slope state = Slope.of(x, tail.stream().map(Reading::state).toList());
    Map<String, String> params = Map.of("strategy", strategy);
    findings.measure("MemoryFigure1.stateSlope", params, "bytes/frame", Better.LOWER, state.perX());
    for (Reading reading : all) {
      if (isPowerOfTen(reading.frames())) {
        findings.measure(
            "MemoryFigure1.state",
            Map.of("strategy", strategy, "frames", String.valueOf(reading.frames())),
            "bytes",
            Better.LOWER,
            reading.state());
      }
    }
    if (!Resident.known()) {
      return List.of(strategy, text(state), "unknown");
    }
    Slope resident = Slope.of(x, tail.stream().map(Reading::resident).toList());
    findings.measure(
        "MemoryFigure1.residentSlope", params, "bytes/frame", Better.NEITHER, resident.perX());
    return List.of(strategy, text(state), text(resident));
  }

  private static String text(Slope slope) {
    return Format.number(slope.perX()) + " ± " + Format.number(slope.error());
  }

  private static Chart.Series paper(String name, double bytesPerFrame, long most) {
    List<Double> x = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    for (long frames = 1; frames <= most; frames *= 10) {
      x.add((double) frames);
      y.add(frames * bytesPerFrame);
    }
    return new Chart.Series(name, x, y);
  }

  private static void fixedCosts(Size size, Findings findings)
      throws IOException, InterruptedException {
    if (SmallModel.find().isEmpty()) {
      findings.skip("MemoryFigure1, weights and activations", SmallModel.MISSING);
      return;
    }
    if (!Resident.known()) {
      findings.skip("MemoryFigure1, weights and activations", "resident bytes unknown here");
      return;
    }
    if (size == Size.SMOKE) {
      return;
    }
    List<String> flags = new ArrayList<>(SmallModel.flags());
    flags.addAll(List.of("-Xms256m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:+AlwaysPreTouch"));
    List<List<String>> rows = new ArrayList<>();
    for (String line : ChildJvm.run(MemoryFigure1Child.class, flags, List.of("model", "0"))) {
      int space = line.indexOf(' ');
      double bytes = Double.parseDouble(line.substring(0, space));
      rows.add(List.of(line.substring(space + 1), Format.bytes(bytes)));
    }
    findings.table(
        new Table(
            "memory-figure1-fixed",
            "What does not depend on the length: the embedded small model",
            List.of("part", "resident bytes"),
            rows,
            "Gained by opening (weights, graph, tokenizer) and at the peak of a call"
                + " (activations)."));
  }

  static boolean isPowerOfTen(long number) {
    long rest = number;
    while (rest > 1 && rest % 10 == 0) {
      rest /= 10;
    }
    return rest == 1;
  }
}
