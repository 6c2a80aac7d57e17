package io.moviechat.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.video.VideoWriter;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuickstartTest {
  private static final int WIDTH = 64;
  private static final int HEIGHT = 48;

  @TempDir Path folder;

  @Test
  void the_readme_shows_the_lines_that_are_compiled_here() throws IOException {
    String readme = Files.readString(Path.of(System.getProperty("moviechat.readme")));
    String shown = between(readme, "```java\n", "```");
    String program = Files.readString(Path.of(System.getProperty("moviechat.quickstart")));
    String compiled = between(program, "holds the two together.\n", "    // end of README");

    assertThat(compiled.stripTrailing().stripIndent()).isEqualTo(shown.stripTrailing());
  }

  private static String between(String text, String from, String to) {
    int start = text.indexOf(from);
    assertThat(start).as("'%s' is there", from.strip()).isNotNegative();
    int end = text.indexOf(to, start + from.length());
    assertThat(end).as("'%s' is there", to.strip()).isNotNegative();
    return text.substring(start + from.length(), end);
  }

  @Test
  void the_program_runs() throws IOException, InterruptedException {
    writeMovie(folder.resolve("movie.mp4"));
    Path out = folder.resolve("out.txt");
    Path err = folder.resolve("err.txt");
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx1g",
                    "-cp",
                    absolute(System.getProperty("java.class.path")),
                    Quickstart.class.getName()))
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    boolean ended = process.waitFor(5, TimeUnit.MINUTES);
    if (!ended) {
      process.destroyForcibly();
    }

    assertThat(ended).isTrue();
    assertThat(process.exitValue()).as(Files.readString(err)).isZero();
    List<String> lines = Files.readAllLines(out, StandardCharsets.UTF_8);
    assertThat(lines.get(0)).as("an answer about the whole movie").isNotBlank();
    assertThat(lines).last().asString().matches("PT\\S+ to PT1M7S");
    assertThat(folder.resolve("movie.memory")).isRegularFile();
  }

  /** On two cores the JDK makes plain threads, which inherit a context; on more it does not. */
  @Test
  void services_are_found_from_a_fat_jar_on_threads_of_the_common_pool() throws Exception {
    writeMovie(folder.resolve("movie.mp4"));
    Path out = folder.resolve("out.txt");
    String classPath = absolute(System.getProperty("java.class.path"));
    Path launcher =
        Path.of(FatJarLauncher.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx1g",
                    "-Djava.util.concurrent.ForkJoinPool.common.parallelism=4",
                    "-cp",
                    launcher.toString(),
                    FatJarLauncher.class.getName(),
                    classPath,
                    CommonPool.class.getName(),
                    folder.resolve("movie.mp4").toString()))
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    boolean ended = process.waitFor(5, TimeUnit.MINUTES);
    if (!ended) {
      process.destroyForcibly();
    }

    assertThat(ended).isTrue();
    assertThat(process.exitValue()).as(Files.readString(out)).isZero();
    assertThat(Files.readString(out)).containsAnyOf("STOP", "LENGTH");
  }

  private static String absolute(String classPath) {
    return String.join(
        File.pathSeparator,
        List.of(classPath.split(File.pathSeparator)).stream()
            .map(entry -> Path.of(entry).toAbsolutePath().toString())
            .toList());
  }

  /** 68 seconds, one picture per second, whose colours wander. */
  private static void writeMovie(Path file) {
    try (VideoWriter writer =
        VideoWriter.builder(file).size(WIDTH, HEIGHT).framesPerSecond(1).build()) {
      ByteBuffer rgb = ByteBuffer.allocateDirect(3 * WIDTH * HEIGHT);
      for (int second = 0; second < 68; second++) {
        rgb.clear();
        for (int pixel = 0; pixel < WIDTH * HEIGHT; pixel++) {
          rgb.put((byte) (3 * second)).put((byte) (pixel % WIDTH * 4)).put((byte) (255 - second));
        }
        rgb.flip();
        writer.write(rgb, Duration.ofSeconds(second));
      }
    }
  }
}
