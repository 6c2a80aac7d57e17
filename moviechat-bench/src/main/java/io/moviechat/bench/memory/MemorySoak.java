package io.moviechat.bench.memory;

import io.moviechat.FrameTokens;
import io.moviechat.TokenShape;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Chart;
import io.moviechat.bench.harness.ChildJvm;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Resident;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Slope;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.memory.MemoryStrategies;
import io.moviechat.spi.VideoMemory;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Strategies over very many small frames (4 tokens of width 64, 1 KiB, so that ten million take
 * minutes): time per frame, bytes held, bytes allocated per frame, resident bytes of the process.
 * Each strategy in a JVM of its own. Past the cap nothing may grow. Command: {@code java -jar
 * benchmarks.jar memory --filter Soak}; {@code -Pfull} watches ten million frames.
 */
final class MemorySoak implements Study {
  private static final TokenShape SHAPE = new TokenShape(4, 64);
  private static final int MOVIE = 4096;
  private static final int SAMPLES = 20;

  @Override
  public String question() {
    return "Does anything grow with the length of the movie?";
  }

  @Override
  public void run(Size size, Findings findings) throws Exception {
    long frames = size.pick(2_000L, 1_000_000L, 10_000_000L);
    List<List<String>> rows = new ArrayList<>();
    List<Chart.Series> resident = new ArrayList<>();
    List<String> strategies =
        size == Size.SMOKE
            ? List.of("moviechat")
            : List.of("moviechat", "moviechat-nd4j", "moviechat-released", "hybrid");
    for (String strategy : strategies) {
      findings.progress(strategy + ", " + frames + " frames");
      List<Double> x = new ArrayList<>();
      List<Double> y = new ArrayList<>();
      for (String line :
          ChildJvm.run(
              Soak.class,
              List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:+AlwaysPreTouch", "-Xms256m"),
              List.of(strategy, Long.toString(frames)))) {
        String[] words = line.split(" ", -1);
        if (words[0].equals("held")) {
          rows.add(List.of(strategy, words[1], words[2], words[3], words[4], words[5]));
        } else if (words[0].equals("resident")) {
          x.add(Double.parseDouble(words[1]));
          y.add(Double.parseDouble(words[2]));
        }
      }
      List<Double> laterX = x.subList(x.size() / 4, x.size());
      Slope slope = Slope.of(laterX, y.subList(x.size() / 4, y.size()));
      findings.measure(
          "MemorySoak.residentSlope",
          Map.of("strategy", strategy, "frames", Long.toString(frames)),
          "bytes/frame",
          Better.NEITHER,
          slope.perX());
      findings.note(
          String.format(
              "%s: resident bytes grow by %.5f +- %.5f a frame over the last three quarters of %d"
                  + " frames.",
              strategy, slope.perX(), slope.error(), frames));
      resident.add(
          new Chart.Series(strategy, x, y.stream().map(bytes -> bytes / (1 << 20)).toList()));
    }
    findings.table(
        new Table(
            "memory-soak",
            "Bytes and time over very many frames",
            List.of(
                "strategy",
                "frames",
                "bytes held",
                "us per frame",
                "heap bytes allocated per frame",
                "slots"),
            rows,
            "Frames of 4 tokens of width 64 (1 KiB). The paper's figure is 21.3 KB of growth per"
                + " frame for keeping frames on a GPU; here the slope past the cap is 0."));
    findings.chart(
        new Chart(
            "memory-soak-resident",
            "Resident memory of the process",
            "frames watched",
            "resident, MiB",
            false,
            false,
            resident));
  }

  /** Runs in a JVM of its own. */
  static final class Soak {
    private Soak() {}

    public static void main(String[] args) {
      long frames = Long.parseLong(args[1]);
      if (args[0].endsWith("-nd4j")) {
        System.setProperty("moviechat.memory.backend", "nd4j");
      }
      FloatBuffer[] movie = movie();
      var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
      try (VideoMemory memory = strategy(args[0]).open(SHAPE)) {
        long nextTable = 1;
        long lastFrame = 0;
        long lastTime = System.nanoTime();
        long lastAllocated = threads.getCurrentThreadAllocatedBytes();
        for (long i = 0; i < frames; i++) {
          memory.add(FrameTokens.of(Duration.ofMillis(40 * i), SHAPE, movie[(int) (i % MOVIE)]));
          long seen = i + 1;
          if (seen == nextTable || seen == frames) {
            long allocated = threads.getCurrentThreadAllocatedBytes() - lastAllocated;
            double micros = (System.nanoTime() - lastTime) / 1e3;
            long since = seen - lastFrame;
            System.out.printf(
                "held %d %d %.2f %d %d%n",
                seen,
                memory.stats().bytes(),
                micros / since,
                allocated / since,
                memory.stats().slots());
            nextTable = seen == 1 ? 256 : seen == 256 ? 10_000 : seen * 10;
            lastFrame = seen;
            lastTime = System.nanoTime();
            lastAllocated = threads.getCurrentThreadAllocatedBytes();
          }
          if (seen % (frames / SAMPLES) == 0) {
            System.out.printf("resident %d %.0f%n", seen, Resident.bytes());
          }
        }
      }
    }

    private static VideoMemory.Factory strategy(String name) {
      return switch (name) {
        case "moviechat-released" -> MemoryStrategies.released().build();
        case "hybrid" -> MemoryStrategies.hybrid();
        default -> MemoryStrategies.moviechat().build();
      };
    }

    private static FloatBuffer[] movie() {
      Random random = new Random(3);
      FloatBuffer[] movie = new FloatBuffer[MOVIE];
      float[] scene = new float[SHAPE.floats()];
      for (int i = 0; i < MOVIE; i++) {
        movie[i] =
            ByteBuffer.allocateDirect((int) SHAPE.bytes())
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        for (int k = 0; k < scene.length; k++) {
          if (i % 50 == 0) {
            scene[k] = (float) random.nextGaussian();
          }
          movie[i].put(k, scene[k] + 0.2f * (float) random.nextGaussian());
        }
      }
      return movie;
    }
  }
}
