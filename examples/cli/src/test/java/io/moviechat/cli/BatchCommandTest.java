package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchCommandTest {
  @TempDir static Path clips;

  @TempDir Path folder;

  @BeforeAll
  static void makeClips() {
    Clips.good(clips, 2);
    Clips.good(clips, 4);
    Clips.text(clips);
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private Ran batch(String... more) {
    List<String> args =
        Stream.concat(
                Stream.of("batch", "--out", folder.resolve("out").toString()), Stream.of(more))
            .toList();
    return Ran.command(args.toArray(String[]::new));
  }

  @Test
  void watchesAFolderAndGoesOnWithIt() throws IOException {
    Path questions = Files.writeString(folder.resolve("questions"), "What happens?\n\nWho?\n");

    Ran ran =
        batch("--films", clips.toString(), "--questions", questions.toString(), "--jobs", "2");

    assertThat(ran.exitCode()).isEqualTo(1);
    assertThat(ran.out().lines())
        .hasSize(3)
        .anyMatch(line -> line.contains("clip-2s.mp4") && line.contains("\"status\":\"done\""))
        .anyMatch(line -> line.contains("list.mp4") && line.contains("\"error\":"));
    assertThat(ran.err()).contains("1 of 3 films failed");
    try (Stream<Path> files = Files.walk(folder.resolve("out"))) {
      assertThat(files.filter(file -> file.endsWith("answers.jsonl"))).hasSize(2);
    }

    Path list = Files.writeString(folder.resolve("list"), clips + "/clip-2s.mp4\n# x\n");
    Ran again = batch("--films", list.toString(), "--questions", questions.toString());
    assertThat(again.exitCode()).isZero();
    assertThat(again.out()).contains("\"status\":\"kept\"");

    Ran other = batch("--films", list.toString(), "--interval", "2");
    assertThat(other.exitCode()).isEqualTo(1);
    assertThat(other.err()).contains("was begun with other settings");
  }

  @Test
  void questionsOfSeveralJobsAreAnsweredTogether() throws IOException {
    Path questions = Files.writeString(folder.resolve("questions"), "What happens?\nWho?\n");
    List<String> answers = new ArrayList<>();
    for (String[] more : new String[][] {{}, {"--batch-answers", "--jobs", "2"}}) {
      Path out = folder.resolve("out" + more.length);
      List<String> args = new ArrayList<>(List.of("batch", "--films", clips.toString()));
      args.addAll(List.of("--out", out.toString(), "--questions", questions.toString()));
      args.addAll(List.of("--model", Bundles.of(Bundles.ONE_VISION).toString()));
      args.addAll(List.of("--max-new-tokens", "6"));
      args.addAll(List.of(more));
      Ran ran = Ran.command(args.toArray(String[]::new));
      assertThat(ran.out()).as(ran.err()).contains("\"status\":\"done\"");
      StringBuilder all = new StringBuilder();
      try (Stream<Path> files = Files.walk(out)) {
        for (Path file : files.filter(f -> f.endsWith("answers.jsonl")).sorted().toList()) {
          for (String line : Files.readAllLines(file)) {
            all.append(line.replaceAll("\"(seconds|timings)\".*", "")).append('\n');
          }
        }
      }
      answers.add(all.toString());
    }
    assertThat(answers.get(0)).isNotEmpty();
    assertThat(answers.get(1)).isEqualTo(answers.get(0));
  }

  @Test
  void whatIsNoBundleBatchesNoAnswers() {
    Ran ran = batch("--films", clips.toString(), "--batch-answers");
    assertThat(ran.exitCode()).isNotZero();
    assertThat(ran.err()).contains("--batch-answers");
  }

  @Test
  void aListThatIsNoneIsRefused() throws IOException {
    assertThat(batch("--films", folder.resolve("nowhere").toString()))
        .matches(ran -> ran.exitCode() == 2)
        .extracting(Ran::err)
        .asString()
        .contains("cannot be read");
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertThat(batch("--films", empty.toString()).err()).contains("has no film");
    Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff, (byte) 0xfe});
    assertThat(batch("--films", binary.toString()).err()).contains("no list of films");
    assertThat(batch("--films", clips.toString(), "--questions", empty.toString()).err())
        .contains("cannot be read");
    assertThat(batch("--films", clips.toString(), "--jobs", "0").err()).contains("at least 1");
  }

  @Test
  void showsHowFarItIsInATerminal() {
    Ran ran =
        Ran.inTerminal(
            "", "batch", "--films", clips.toString(), "--out", folder.resolve("out").toString());
    assertThat(ran.err()).contains("of 3 films").contains("100 %");
  }
}
