package io.moviechat.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Chart;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Group;
import io.moviechat.bench.harness.Journal;
import io.moviechat.bench.harness.Machine;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Report;
import io.moviechat.bench.harness.RunFile;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Table;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
  @TempDir Path temp;

  @Test
  void rendersTablesPlotsAndRatiosAndReadsBackWhatWasWritten() throws IOException {
    Path directory = temp.resolve("benchmarks");
    RunFile run = run();
    run.write(directory.resolve("memory.json"));

    assertThat(RunFile.read(directory.resolve("memory.json"))).isEqualTo(run);
    Path page = Report.write(directory);

    assertThat(page).hasFileName("benchmarks.md");
    assertThat(Files.readString(page))
        .contains("## Memory", "command to repeat", "| ours | 10.0 us/op | 1 |")
        .contains("| rival | 40.0 us/op | 4.00 (3.00 to 5.00) |")
        .contains("benchmarks/growth-dark.png", "- rival 2: not installed", "| a | b |");
    assertThat(Files.readString(directory.resolve("cells.csv"))).isEqualTo("a,b\r\n1,\"2,5\"\r\n");
    for (String name : List.of("growth.png", "growth-dark.png")) {
      assertThat(ImageIO.read(directory.resolve(name).toFile()).getWidth()).isEqualTo(1080);
    }
  }

  @Test
  void notesWrittenByHandGoIntoThePageAndStay() throws IOException {
    Path directory = temp.resolve("benchmarks");
    run().write(directory.resolve("memory.json"));
    Path notes = Files.writeString(directory.resolve("notes.md"), "## What it means\n\nMuch.\n");

    assertThat(Files.readString(Report.write(directory)))
        .startsWith("# Benchmarks")
        .contains("## What it means\n\nMuch.\n");
    assertThat(notes).hasContent("## What it means\n\nMuch.");
  }

  @Test
  void twoRunsOfOneStudyAreRefused() throws IOException {
    Path directory = temp.resolve("benchmarks");
    run().write(directory.resolve("memory.json"));
    run().write(directory.resolve("memory-2.json"));

    assertThatThrownBy(() -> Report.write(directory))
        .hasMessageContaining("memory-2.json")
        .hasMessageContaining("cells");
  }

  @Test
  void aFileThatIsNoResultIsNamed() throws IOException {
    Path file = Files.writeString(temp.resolve("memory.json"), "{\"format\": 1, \"what\": 2}");

    assertThatThrownBy(() -> RunFile.read(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("memory.json is no result file");
  }

  @Test
  void aFolderWithoutResultsIsNamed() {
    assertThat(call("report", temp.toString()).code).isEqualTo(1);
  }

  @Test
  void withoutArgumentsEveryGroupIsListed() {
    Result result = call();

    assertThat(result.code).isZero();
    assertThat(result.out).contains("memory", "video", "llm", "pipeline", "accuracy");
  }

  @Test
  void anUnknownGroupIsWrongUsage() {
    assertThat(call("sound").code).isEqualTo(2);
    assertThat(call("memory", "-Phuge").code).isEqualTo(2);
  }

  private record Result(int code, String out) {}

  private static Result call(String... args) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int code = Main.run(new PrintStream(bytes, true, StandardCharsets.UTF_8), args);
    return new Result(code, bytes.toString(StandardCharsets.UTF_8));
  }

  private static RunFile run() {
    Findings findings = new Findings(System.err, Journal.none());
    findings.measure(time("ours", 10, 10));
    findings.measure(time("rival", 30, 50));
    findings.skip("rival 2", "not installed");
    findings.table(
        new Table("cells", "Cells", List.of("a", "b"), List.of(List.of("1", "2,5")), ""));
    findings.chart(
        new Chart(
            "growth",
            "Growth",
            "frames",
            "bytes",
            true,
            true,
            List.of(
                new Chart.Series("flat", List.of(1.0, 10.0, 100.0), List.of(5.0, 5.0, 5.0)),
                new Chart.Series("steep", List.of(1.0, 10.0, 100.0), List.of(0.0, 50.0, 500.0)))));
    return RunFile.of(
        Group.MEMORY,
        Size.QUICK,
        "2026-01-01T00:00:00Z",
        1,
        "command to repeat",
        "abc",
        Machine.here(),
        Map.of("MemoryThing", "Is it so?"),
        findings);
  }

  private static Measure time(String peer, double first, double second) {
    TreeMap<String, String> params = new TreeMap<>(Map.of(Measure.PEER, peer));
    return new Measure(
        "MemoryThing.run", params, "us/op", Better.LOWER, List.of(List.of(first), List.of(second)));
  }
}
