package io.moviechat.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * A thousand executors on paper: what a library of films takes from measured costs of the stages,
 * and what runs out first. The table of docs/scale-out.md; {@code -Dmoviechat.figures=1} prints it.
 */
class ClusterModelTest {
  /** docs/benchmarks.md, two idle cores: ten minutes of 1080p H.264 decoded whole in 48.9 s. */
  private static final double DECODE_SECONDS_PER_SECOND = 48.9 / 600;

  /** The same: frames a second of a 93 M encoder in float32. */
  private static final double ENCODED_PER_SECOND = 7.5;

  private static final double FRAMES_PER_SECOND = 1;
  private static final double VIDEO_BYTES_PER_SECOND = 5e6 / 8;
  private static final double MODEL_BYTES = 758e6;
  private static final int FILMS = 10_000;

  /**
   * @param hours until the last film is done
   * @param ideal hours if all executors ended together
   * @param readGbps what all executors read from storage while they work, in Gbit/s
   */
  private record Outcome(double hours, double ideal, double readGbps) {}

  private static double[] lengths() {
    SplittableRandom random = new SplittableRandom(1);
    // Most films are of 1 to 2 hours, one in fifty is a recording of 8.
    return random
        .ints(FILMS, 0, 50)
        .mapToDouble(kind -> kind == 0 ? 8 * 3600 : 3600 * (1 + random.nextDouble()))
        .toArray();
  }

  /** Films in a given order go to whichever executor is free. */
  private static Outcome run(double[] seconds, int executors, double encoderSpeed) {
    double perSecond =
        DECODE_SECONDS_PER_SECOND + FRAMES_PER_SECOND / (ENCODED_PER_SECOND * encoderSpeed);
    PriorityQueue<Double> free = new PriorityQueue<>();
    for (int i = 0; i < executors; i++) {
      free.add(0.0);
    }
    double work = 0;
    double end = 0;
    for (double length : seconds) {
      double done = free.remove() + length * perSecond;
      free.add(done);
      end = Math.max(end, done);
      work += length * perSecond;
    }
    double bytesPerSecond = executors * VIDEO_BYTES_PER_SECOND / perSecond;
    return new Outcome(end / 3600, work / executors / 3600, bytesPerSecond * 8 / 1e9);
  }

  private static double[] longestFirst(double[] lengths) {
    return Arrays.stream(lengths)
        .boxed()
        .sorted(Comparator.reverseOrder())
        .mapToDouble(x -> x)
        .toArray();
  }

  @Test
  void longestFirstEndsTogetherUntilOneFilmIsLongerThanItsShare() {
    double[] films = lengths();
    StringBuilder table = new StringBuilder();
    for (int executors : new int[] {10, 100, 1000}) {
      for (double speed : new double[] {1, 20}) {
        Outcome first = run(longestFirst(films), executors, speed);
        Outcome listed = run(films, executors, speed);
        table.append(
            String.format(
                Locale.ROOT,
                "| %d | %s | %.1f | %.1f | %.1f | %.1f | %.1f |%n",
                executors,
                speed == 1 ? "processor" : "card, 20 x",
                first.ideal(),
                first.hours(),
                listed.hours(),
                first.readGbps(),
                executors * MODEL_BYTES * 8 / 1e9 / first.readGbps() / 60));
        assertThat(first.hours()).isLessThanOrEqualTo(listed.hours() * 1.001);
        assertThat(first.hours()).isLessThan(first.ideal() * 1.1);
      }
    }
    if (System.getProperty("moviechat.figures") != null) {
      System.out.print(table);
    }
  }
}
