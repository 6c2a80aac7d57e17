package io.moviechat.bench.memory;

import io.moviechat.FrameTokens;
import io.moviechat.TokenShape;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Study;
import io.moviechat.memory.MemoryStrategies;
import io.moviechat.spi.VideoMemory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * The released algorithm here against Python: the loop as released in torch, and NumPy with the
 * same algebra as ours. All take 16 new frames and 2 carried ones to 2; ours also keeps long-term
 * memory (64 slots), checks every value and copies the frame. In turns, the best of three rounds
 * each. The interpreter is {@code python3}, or what {@code -Dmoviechat.python=} names (a virtual
 * environment's {@code bin/python}, for instance); peers whose packages it lacks are left out.
 * Command: {@code java -Dmoviechat.python=python3 -jar benchmarks.jar memory --filter Python}.
 */
final class MemoryPython implements Study {
  @Override
  public String question() {
    return "How many frames per second does the released algorithm remember, here and in Python?";
  }

  @Override
  public void run(Size size, Findings findings) throws Exception {
    List<TokenShape> shapes =
        size == Size.SMOKE
            ? List.of(new TokenShape(4, 16))
            : List.of(new TokenShape(32, 768), new TokenShape(196, 896));
    double seconds = size.pick(0.1, 4.0, 20.0);
    Path script = Files.createTempFile("released_consolidation", ".py");
    try (InputStream source =
        Objects.requireNonNull(
            MemoryPython.class.getResourceAsStream("released_consolidation.py"))) {
      Files.copy(source, script, StandardCopyOption.REPLACE_EXISTING);
      for (TokenShape shape : shapes) {
        findings.progress("released algorithm, " + shape);
        report(findings, shape, "java", ours(shape, seconds));
        python(findings, script, shape, seconds);
      }
    } finally {
      Files.delete(script);
    }
  }

  private static void report(Findings findings, TokenShape shape, String peer, double rate) {
    findings.measure(
        "MemoryPython.released",
        Map.of("shape", shape.tokens() + "x" + shape.width(), Measure.PEER, peer),
        "frames/s",
        Better.HIGHER,
        rate);
  }

  private static double ours(TokenShape shape, double seconds) {
    float[][] movie = MemoryConsolidation.movie(shape);
    double best = 0;
    try (VideoMemory memory = MemoryStrategies.oneVision().build().open(shape)) {
      long frame = 0;
      for (int round = 0; round < 4; round++) { // the first one warms up
        long start = System.nanoTime();
        long before = frame;
        while (frame == before || System.nanoTime() - start < seconds / 3 * 1e9) {
          for (int i = 0; i < 16; i++, frame++) {
            FloatBuffer values = FloatBuffer.wrap(movie[(int) (frame % movie.length)]);
            memory.add(FrameTokens.of(Duration.ofMillis(40 * frame), shape, values));
          }
        }
        best = Math.max(best, (frame - before) * 1e9 / (System.nanoTime() - start));
      }
    }
    return best;
  }

  private static void python(Findings findings, Path script, TokenShape shape, double seconds)
      throws InterruptedException {
    List<String> command =
        List.of(
            System.getProperty("moviechat.python", "python3"),
            script.toString(),
            Integer.toString(shape.tokens()),
            Integer.toString(shape.width()),
            Double.toString(seconds));
    boolean torch = false;
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      for (String line : process.inputReader().lines().toList()) {
        String[] words = line.split(" ", -1);
        report(findings, shape, words[0], Double.parseDouble(words[1]));
        torch |= words[0].equals("torch");
      }
      if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
        findings.skip("MemoryPython peers", "python3 with NumPy is not installed");
        return;
      }
    } catch (IOException e) {
      findings.skip("MemoryPython peers", "python3 is not installed");
      return;
    }
    if (!torch) {
      findings.skip("MemoryPython peer torch", "torch is not installed");
    }
  }
}
