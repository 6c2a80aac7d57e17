package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvalCommandsTest {
  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  @Test
  void lists_the_benchmarks_one_a_line() {
    Ran ran = Ran.command("eval", "list");

    assertThat(ran.exitCode()).isZero();
    assertThat(ran.out().lines())
        .contains("moviechat-1k", "mlvu", "ovo-bench", "own")
        .allMatch(line -> line.matches("[a-z0-9-]+"));
  }

  @Test
  void generates_watches_asks_scores_and_reports() {
    Path films = folder.resolve("films");
    Path run = folder.resolve("run");

    Ran generated =
        Ran.command(
            "eval",
            "generate",
            "--out",
            films.toString(),
            "--films",
            "1",
            "--shortest",
            "15",
            "--longest",
            "15");
    Ran asked =
        Ran.command(
            "eval",
            "run",
            "--benchmark",
            "moviechat-1k",
            "--prompt",
            "bare",
            "--annotations",
            films.resolve("jsons").toString(),
            "--videos",
            films.resolve("videos").toString(),
            "--out",
            run.toString(),
            "--grid",
            "strategy=moviechat-start-empty,recent");
    Ran scored = Ran.command("eval", "score", run.toString(), "--compat", "original");
    Ran reported =
        Ran.command("eval", "report", run.toString(), "--out", folder.resolve("report").toString());

    assertThat(generated.exitCode()).as(generated.err()).isZero();
    assertThat(asked.exitCode()).as(asked.err()).isZero();
    assertThat(asked.out()).contains("moviechat-start-empty", "13 of 13 counted", "text-only");
    assertThat(scored.out()).isEqualTo(asked.out());
    assertThat(reported.exitCode()).as(reported.err()).isZero();
    assertThat(folder.resolve("report/report.md"))
        .content()
        .contains("MovieChat-1K", "Published by others");
  }

  @Test
  void scores_replies_of_another_system() throws IOException {
    Path questions = folder.resolve("q.csv");
    Files.writeString(
        questions,
        """
        id,video,question,answer,options
        1,f.mp4,Which colour?,blue,red|blue
        2,f.mp4,Which shape?,round,round|square
        """);
    Path replies = folder.resolve("r.jsonl");
    Files.writeString(
        replies, "{\"id\":\"1\",\"reply\":\"(B) blue\"}\n{\"id\":\"2\",\"reply\":\"B\"}\n");

    Ran ran =
        Ran.command(
            "eval",
            "run",
            "--benchmark",
            "own",
            "--annotations",
            questions.toString(),
            "--replies",
            replies.toString(),
            "--out",
            folder.resolve("run").toString());

    assertThat(ran.exitCode()).as(ran.err()).isZero();
    assertThat(ran.out()).startsWith("replayed ").contains("50.0", "2 of 2 counted");
  }

  @Test
  void names_what_is_wrong_on_the_command_line() {
    String out = folder.resolve("run").toString();
    Ran unknown =
        Ran.command("eval", "run", "--benchmark", "x", "--annotations", ".", "--out", out);
    Ran rules = Ran.command("eval", "score", out, "--compat", "x");
    Ran missing = Ran.command("eval", "score", out);
    Ran none = Ran.command("eval");

    assertThat(unknown.exitCode()).isEqualTo(2);
    assertThat(unknown.err()).contains("'x'", "moviechat-1k");
    assertThat(rules.exitCode()).isEqualTo(2);
    assertThat(rules.err()).contains("lmms");
    assertThat(missing.exitCode()).isEqualTo(1);
    assertThat(missing.err()).contains("journal.jsonl");
    assertThat(none.exitCode()).isEqualTo(2);
    assertThat(none.err()).contains("report");
  }
}
