package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.MovieMemory;
import io.moviechat.TokenShape;
import io.moviechat.spi.SavedMemory;
import java.io.File;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills a JVM that saves memories in a loop, at random moments. {@code -Dmoviechat.kills=200} kills
 * more often than the default.
 */
class MemoryFileKillTest {
  private static final TokenShape SHAPE = new TokenShape(16, 256);
  private static final int SLOTS = 64;

  /** Saves memory 1, 2, 3 and so on to the file named by the first argument, until killed. */
  public static final class Saver {
    private Saver() {}

    public static void main(String[] arguments) throws IOException {
      Path file = Path.of(arguments[0]);
      for (int number = 1; ; number++) {
        MemoryFile.save(memory(number), file, MovieMemory.Precision.FLOAT32);
        if (number == 1) {
          System.out.write('.');
          System.out.flush();
        }
      }
    }
  }

  /** A memory that says its number everywhere. */
  static SavedMemory memory(int number) {
    float[] values = new float[SHAPE.floats()];
    Arrays.fill(values, number);
    List<MemorySlot> slots = new ArrayList<>();
    for (int i = 0; i < SLOTS; i++) {
      slots.add(
          MemorySlot.of(
              MemorySlot.Tier.LONG_TERM,
              Duration.ofSeconds(i),
              Duration.ofSeconds(i + 1),
              number,
              Duration.ofSeconds(i),
              1,
              SHAPE,
              FloatBuffer.wrap(values)));
    }
    return SavedMemory.builder(
            new MemorySnapshot(SHAPE, slots, (long) SLOTS * number, 0), "encoder")
        .strategy("moviechat", "")
        .sampling("")
        .video("movie " + number)
        .videoFingerprint(Optional.empty())
        .build();
  }

  @Test
  void aKillLeavesTheOldFileOrTheNewOne(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("movie.memory");
    Random random = new Random(11);
    int kills = Integer.getInteger("moviechat.kills", 20);
    for (int kill = 0; kill < kills; kill++) {
      Process saver =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx64m",
                  "-XX:TieredStopAtLevel=1",
                  "-XX:+UseSerialGC",
                  "-cp",
                  classPath(),
                  Saver.class.getName(),
                  file.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try {
        assertThat(saver.getInputStream().read()).as("first save of the child").isEqualTo('.');
        TimeUnit.MICROSECONDS.sleep(random.nextInt(30_000));
      } finally {
        saver.destroyForcibly();
        assertThat(saver.waitFor(30, TimeUnit.SECONDS)).isTrue();
      }
      SavedMemory found = MemoryFile.open(file);
      int number = Integer.parseInt(found.video().substring("movie ".length()));
      MemoryFileTest.assertSame(found, memory(number), MovieMemory.Precision.FLOAT32);
    }
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
        .replace('\n', File.pathSeparatorChar);
  }
}
