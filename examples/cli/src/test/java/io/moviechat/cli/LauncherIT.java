package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The script {@code examples/moviechat} as a user calls it, in processes of its own. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a POSIX script")
class LauncherIT {
  private static final Path SCRIPT =
      Path.of(System.getProperty("moviechat.launcher")).toAbsolutePath().normalize();
  private static final Duration BUILD_PATIENCE = Duration.ofMinutes(10);
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir static Path clips;
  static Path clip;

  @TempDir Path folder;

  /** The first call builds. */
  @BeforeAll
  static void build() {
    clip = Clips.good(clips, 4);
    Ran ran = launch(BUILD_PATIENCE, clips, (process, err) -> {}, "--version");

    assertThat(ran.exitCode()).as(ran.err()).isZero();
    assertThat(ran.out()).startsWith("MovieChat for Java ");
  }

  private static Ran launch(
      Duration patience, Path directory, BiConsumer<Process, Path> meanwhile, String... args) {
    List<String> command = new ArrayList<>(List.of(SCRIPT.toString()));
    command.addAll(List.of(args));
    try {
      Path out = Files.createTempFile(clips, "out", ".txt");
      Path err = Files.createTempFile(clips, "err", ".txt");
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      Map<String, String> environment = builder.environment();
      environment.put("JAVA_HOME", System.getProperty("java.home")); // the JDK under test
      environment.put("MOVIECHAT_JAVA_OPTS", "-Xmx1g");
      environment.put("MOVIECHAT_HOME", clips.resolve("home").toString());
      environment.remove("LC_ALL");
      environment.put("LANG", "C");
      Process process = builder.start();
      process.getOutputStream().close();
      meanwhile.accept(process, err);
      boolean ended = process.waitFor(patience.toSeconds(), TimeUnit.SECONDS);
      if (!ended) {
        process.destroyForcibly();
      }
      assertThat(ended).as("%s ended within %s", command, patience).isTrue();
      return new Ran(
          process.exitValue(),
          Files.readString(out, StandardCharsets.UTF_8),
          Files.readString(err, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private Ran moviechat(String... args) {
    return launch(PATIENCE, folder, (process, err) -> {}, args);
  }

  private static String[] ask(Path model, Path video, String... more) {
    List<String> args = new ArrayList<>(List.of("ask", "--model", model.toString()));
    args.addAll(List.of("--video", video.toString(), "--max-new-tokens", "8"));
    args.addAll(List.of(more));
    return args.toArray(String[]::new);
  }

  @Test
  void answers_from_any_folder_and_keeps_standard_output_clean() throws IOException {
    Path video = Files.copy(clip, folder.resolve("Ein schöner Film.mp4"));

    Ran ran =
        moviechat(
            ask(
                Bundles.of(Bundles.ONE_VISION),
                folder.relativize(video),
                "-q",
                "Was trägt die Füchsin? 🦊",
                "--json"));

    assertThat(ran.err()).isEmpty();
    assertThat(ran.out().lines()).hasSize(1);
    assertThat(ran.out()).startsWith("{\"answer\":").contains("\"evidence\":[{").endsWith("}}\n");
    assertThat(ran.exitCode()).isZero();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void asks_for_large_pages() throws IOException {
    Path setting = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
    assumeThat(setting).exists().content().contains("[madvise]");

    assertThat(moviechat("doctor").out()).contains("asked for by GLIBC_TUNABLES");
  }

  @Test
  void gives_the_exit_codes() {
    assertThat(moviechat(ask(Bundles.of(Bundles.SMOL_VLM), clip)).exitCode()).isEqualTo(2);
    Ran missing = moviechat(ask(Bundles.of(Bundles.SMOL_VLM), folder.resolve("x.mp4"), "-q", "?"));
    assertThat(missing.exitCode()).isEqualTo(1);
    assertThat(missing.err())
        .isEqualTo("moviechat: there is no file " + folder.resolve("x.mp4") + "\n");
  }

  @Test
  void looks_after_fetched_models_without_touching_the_network() {
    Ran list = moviechat("model", "list");
    assertThat(list.err()).isEqualTo("no models in " + clips.resolve("home") + "\n");
    assertThat(list.exitCode()).isZero();

    Ran pull = moviechat("model", "pull", "someone/something", "--offline");
    assertThat(pull.err()).contains("someone/something", "is not in", "offline");
    assertThat(pull.exitCode()).isEqualTo(1);

    Ran check = moviechat("model", "check", "someone/something");
    assertThat(check.err()).contains("someone/something is not in");
    assertThat(check.exitCode()).isEqualTo(1);

    Ran remove = moviechat("model", "remove", "someone/else");
    assertThat(remove.err()).contains("someone/else is not in", "'model list' shows what is");
    assertThat(remove.exitCode()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"INT, 2", "TERM, 15"})
  void a_signal_ends_it_cleanly(String name, int number) throws IOException {
    assumeFalse(isIgnored(number), "a shell that runs in the background ignores SIG" + name);
    Path endless = Clips.good(folder, 1800); // far more than any machine watches before the signal
    Ran ran =
        launch(
            PATIENCE,
            folder,
            (process, err) -> signalOnceItTalks(process, err, name),
            ask(
                Bundles.of(Bundles.SMOL_VLM),
                endless,
                "-q",
                "What?",
                "--sampling",
                "every-frame",
                "--verbose"));

    assertThat(ran.exitCode()).isEqualTo(128 + number);
    assertThat(ran.err()).endsWith("moviechat: cancelled\n").doesNotContain("never closed");
    assertThat(ran.out()).isEmpty();
  }

  /** Whether this process ignores a signal, and so do those that it starts; false if unknown. */
  private static boolean isIgnored(int signal) throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.isReadable(status)) {
      return false;
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("SigIgn:"))
        .map(line -> new BigInteger(line.substring("SigIgn:".length()).strip(), 16))
        .anyMatch(ignored -> ignored.testBit(signal - 1));
  }

  /** With --verbose its first words come after it has learnt to end cleanly. */
  private static void signalOnceItTalks(Process process, Path err, String name) {
    try {
      while (process.isAlive() && Files.size(err) == 0) {
        Thread.sleep(20);
      }
      new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
