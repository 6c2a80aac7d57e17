package io.moviechat.bench.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.InferenceException;
import io.moviechat.MemorySlot;
import io.moviechat.spi.MovieView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs over real files of two short films, by a model without weights. */
class EvalRunTest {
  private static final List<String> GRID = List.of("strategy=moviechat,uniform,recent", "slots=8");

  @TempDir private static Path films;
  @TempDir private Path out;

  @BeforeAll
  static void generate() throws IOException {
    GeneratedFilms.write(films, 2, Duration.ofSeconds(20), Duration.ofSeconds(30), n -> {});
  }

  static EvalRun.Builder run(FakeModel model, Path out) {
    return EvalRun.builder(Benchmark.named("moviechat-1k"), films.resolve("jsons"), out)
        .videos(films.resolve("videos"))
        .model(model);
  }

  /** A reply that tells all of what the model was given. */
  static String describe(MovieView view, String prompt) {
    StringBuilder reply = new StringBuilder();
    for (MemorySlot slot : view.memory().slots()) {
      reply.append(slot.start().toMillis()).append('-').append(slot.end().toMillis()).append(' ');
      reply.append(slot.tokens().get(0)).append(' ');
    }
    return reply.toString();
  }

  private Map<String, Map<String, String>> replies(Path folder) throws IOException {
    Map<String, Map<String, String>> replies = new LinkedHashMap<>();
    EvalJournal.read(folder)
        .answers()
        .forEach(
            (cell, answers) ->
                answers.forEach(
                    (item, answer) ->
                        replies
                            .computeIfAbsent(cell, c -> new LinkedHashMap<>())
                            .put(item, answer.reply().orElse("-"))));
    return replies;
  }

  @Test
  void aGridWatchesOnceAndEachCellAnswersAsItWouldAlone() throws IOException {
    FakeModel together = new FakeModel(EvalRunTest::describe);
    run(together, out.resolve("grid")).grid(GRID).build().run(progress -> {});
    Map<String, Map<String, String>> grid = replies(out.resolve("grid"));
    assertThat(grid)
        .containsOnlyKeys("moviechat slots=8", "uniform slots=8", "recent slots=8", "text-only");
    long alone = 0;
    for (String strategy : List.of("moviechat", "uniform", "recent")) {
      FakeModel single = new FakeModel(EvalRunTest::describe);
      Path folder = out.resolve(strategy);
      run(single, folder)
          .grid(List.of("strategy=" + strategy, "slots=8"))
          .build()
          .run(progress -> {});
      assertThat(replies(folder).get(strategy + " slots=8"))
          .isEqualTo(grid.get(strategy + " slots=8"));
      alone = single.frames();
    }
    // Ten breakpoints and two more cells cost hardly a frame: two passes over two films would.
    assertThat(together.frames()).isBetween(alone / 2, alone + alone / 10);
  }

  @Test
  void aBreakpointNeverSeesALaterFrame() throws IOException {
    FakeModel model = new FakeModel(EvalRunTest::describe);
    run(model, out).grid(GRID).build().run(progress -> {});
    EvalJournal.Contents journal = EvalJournal.read(out);
    int checked = 0;
    for (Map<String, EvalAnswer> cell : journal.answers().values()) {
      for (EvalAnswer answer : cell.values()) {
        EvalItem item = journal.items().get(answer.item());
        if (item.askAt().isPresent() && !answer.cell().equals(Cell.TEXT_ONLY)) {
          double at = Json.seconds(item.askAt().get());
          assertThat(answer.errorKind()).isEmpty();
          assertThat(answer.evidence()).isNotEmpty().allMatch(span -> span.end() <= at + 0.001);
          assertThat(answer.number("latestFrame"))
              .isLessThanOrEqualTo(at + 0.001)
              .isGreaterThan(at - 0.2);
          checked++;
        }
      }
    }
    assertThat(checked).isEqualTo(3 * 20);
  }

  @Test
  void recallKeepsMoreAndGivesAsMuch() throws IOException {
    FakeModel model = new FakeModel((view, prompt) -> String.valueOf(view.memory().slots().size()));
    run(model, out)
        .withoutTextOnly()
        .grid(List.of("recall=on,off", "prompt=6"))
        .build()
        .run(p -> {});
    EvalJournal.Contents journal = EvalJournal.read(out);
    assertThat(journal.settings().path("cells").path("recall=on prompt=6").path("maxSlots").asInt())
        .isGreaterThan(1000);
    assertThat(
            journal.settings().path("cells").path("recall=off prompt=6").path("maxSlots").asInt())
        .isLessThanOrEqualTo(6);
    for (Map<String, EvalAnswer> cell : journal.answers().values()) {
      for (EvalAnswer answer : cell.values()) {
        boolean whole = journal.items().get(answer.item()).askAt().isEmpty();
        int slots = Integer.parseInt(answer.reply().orElseThrow());
        assertThat(slots).isLessThanOrEqualTo(whole ? 6 : 6 + 8 + 1);
      }
    }
    assertThat(model.scorersClosed()).isEqualTo(1);
    assertThatThrownBy(
            () -> run(model, out.resolve("x")).grid(List.of("recall=maybe")).build().run(p -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maybe");
  }

  @Test
  void aLaterFrameWouldBeNamed() {
    EvalAnswer answer = new EvalAnswer("i", "c").reply("x");
    FilmPass.checkPast(answer, 10, List.of(new Span(8, 10.5)), null);
    assertThat(answer.errorKind()).isEqualTo("later");
    EvalAnswer decoded = new EvalAnswer("i", "c").reply("x");
    FilmPass.checkPast(decoded, 10, List.of(new Span(8, 9)), Duration.ofMillis(10_100));
    assertThat(decoded.errorKind()).isEqualTo("later");
  }

  @Test
  void missingAndBrokenFilmsAreRows() throws IOException {
    Path videos = Files.createDirectory(out.resolve("videos"));
    Files.writeString(videos.resolve("film001.mp4"), "this is no video");
    FakeModel model = new FakeModel((view, prompt) -> "Yes.");
    Path folder = out.resolve("run");
    run(model, folder).videos(videos).build().run(progress -> {});
    EvalScore score = Scorer.of(folder).score();
    assertThat(score.cell("default").path("no_film").asInt()).isEqualTo(26);
    assertThat(score.cell("default").path("counted").asInt()).isZero();
    assertThat(score.headline("default")).isEmpty();
    assertThat(score.headline("text-only")).isPresent();
    Set<String> kinds = new HashSet<>();
    EvalJournal.read(folder)
        .answers()
        .get("default")
        .values()
        .forEach(a -> kinds.add(a.errorKind()));
    assertThat(kinds).containsExactlyInAnyOrder("missing", "broken");
    // The films have arrived: the same command asks what failed.
    for (String film : List.of("film001.mp4", "film002.mp4")) {
      Files.copy(
          films.resolve("videos").resolve(film),
          videos.resolve(film),
          StandardCopyOption.REPLACE_EXISTING);
    }
    run(model, folder).videos(videos).retryFailed().build().run(progress -> {});
    assertThat(Scorer.of(folder).score().cell("default").path("counted").asInt()).isEqualTo(26);
    Path report = EvalReport.write(List.of(folder), out.resolve("report"));
    assertThat(report).content().contains("text only, no film").contains("MovieChat README");
    assertThat(out.resolve("report/report.csv")).content().contains("\"moviechat-1k\"");
    assertThat(out.resolve("report/moviechat-1k.png")).isNotEmptyFile();
  }

  @Test
  void aMomentPastTheEndIsNamedAndNotCounted() throws IOException {
    Path questions = out.resolve("q.csv");
    Files.writeString(
        questions,
        """
        id,video,question,answer,at
        1,film001.mp4,What?,Yes.,5
        2,film001.mp4,What?,Yes.,1:00:00
        """);
    EvalRun.builder(Benchmark.named("own"), questions, out.resolve("run"))
        .videos(films.resolve("videos"))
        .model(new FakeModel((view, prompt) -> "Yes."))
        .build()
        .run(progress -> {});
    EvalScore score = Scorer.of(out.resolve("run")).score();
    assertThat(score.cell("default").path("counted").asInt()).isEqualTo(1);
    assertThat(score.cell("default").path("no_film").asInt()).isEqualTo(1);
    assertThat(score.headline("default")).contains(1.0);
    EvalAnswer outside = EvalJournal.read(out.resolve("run")).answers().get("default").get("2");
    assertThat(outside.errorKind()).isEqualTo("outside");
  }

  @Test
  void aModelThatFailsIsWrongNotFatal() throws IOException {
    FakeModel model =
        new FakeModel(
            (view, prompt) -> {
              throw new InferenceException("out of luck");
            });
    run(model, out).withoutTextOnly().build().run(progress -> {});
    EvalScore score = Scorer.of(out).score();
    assertThat(score.cell("default").path("failed").asInt()).isEqualTo(26);
    assertThat(score.headline("default")).contains(0.0);
  }

  @Test
  void filmsInParallelAnswerTheSame() throws IOException {
    FakeModel model = new FakeModel(EvalRunTest::describe);
    run(model, out.resolve("one")).build().run(progress -> {});
    run(model, out.resolve("two")).parallelFilms(2).memoryBytes(1).build().run(progress -> {});
    assertThat(replies(out.resolve("two"))).isEqualTo(replies(out.resolve("one")));
  }

  @Test
  void scoringAgainGivesTheSameBytes() throws IOException {
    run(new FakeModel(EvalRunTest::describe), out).build().run(progress -> {});
    Scorer.of(out).score();
    byte[] first = Files.readAllBytes(out.resolve("score.json"));
    Scorer.of(out).score();
    assertThat(Files.readAllBytes(out.resolve("score.json"))).isEqualTo(first);
  }

  @Test
  void judgedRepliesAreKept() throws IOException {
    run(new FakeModel((view, prompt) -> "Yes."), out).withoutTextOnly().build().run(progress -> {});
    FakeModel[] judge = new FakeModel[1];
    int[] asked = new int[1];
    judge[0] =
        new FakeModel(
            (view, prompt) -> {
              asked[0]++;
              return "Sure: {'pred': 'yes', 'score': 4.8}";
            });
    EvalScore first;
    try (var generator = judge[0].openGenerator()) {
      first = Scorer.of(out).judge(Judge.model(generator, "lenient")).score();
      int once = asked[0];
      assertThat(once).isPositive();
      EvalScore again = Scorer.of(out).judge(Judge.model(generator, "lenient")).score();
      assertThat(asked[0]).as("verdicts kept").isEqualTo(once);
      assertThat(again.toJson()).isEqualTo(first.toJson());
    }
    assertThat(first.headline("default")).contains(1.0);
    assertThat(first.cell("default").path("judgeScore").asDouble()).isEqualTo(5);
    assertThat(first.selfCheck().path("of").asInt()).isEqualTo(40);
    assertThat(first.selfCheck().path("agreed").asInt()).as("it says yes to all").isLessThan(25);
  }

  @Test
  void aJudgeWithoutVerdictIsCountedApart() throws IOException {
    run(new FakeModel((view, prompt) -> "Yes."), out).withoutTextOnly().build().run(progress -> {});
    try (var generator = new FakeModel((view, prompt) -> "I like films.").openGenerator()) {
      EvalScore score = Scorer.of(out).judge(Judge.model(generator, "useless")).score();
      assertThat(score.cell("default").path("judge_failed").asInt()).isEqualTo(26);
      assertThat(score.headline("default")).isEmpty();
    }
  }

  @Test
  void badSettingsAreNamed() {
    FakeModel model = new FakeModel(EvalRunTest::describe);
    assertThatThrownBy(() -> run(model, out).grid(List.of("speed=fast")).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("speed=fast");
    assertThatThrownBy(() -> run(model, out).prompt("nowhere.txt").build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nowhere.txt");
    assertThatThrownBy(() -> run(model, out).replies(films).build())
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** What a child JVM runs until it is killed. */
  static final class Child {
    public static void main(String[] args) throws IOException {
      FakeModel slow =
          new FakeModel(
              (view, prompt) -> {
                try {
                  TimeUnit.MILLISECONDS.sleep(3);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                return describe(view, prompt);
              });
      Path folder = Path.of(args[0]);
      EvalRun.builder(Benchmark.named("moviechat-1k"), folder.resolve("jsons"), Path.of(args[1]))
          .videos(folder.resolve("videos"))
          .model(slow)
          .grid(GRID)
          .parallelFilms(2)
          .build()
          .run(progress -> {});
    }
  }

  /** {@code -Dmoviechat.eval.kills=100} for the long version. */
  @Test
  void aKilledRunGoesOnWithoutADuplicateOrALoss() throws IOException, InterruptedException {
    int kills = Integer.getInteger("moviechat.eval.kills", 3);
    SplittableRandom random = new SplittableRandom(5);
    Path run = out.resolve("run");
    int killed = 0;
    long longest = 2000;
    while (killed < kills) {
      Process child = child(run);
      if (child.waitFor(random.nextLong(300, longest), TimeUnit.MILLISECONDS)) {
        assertThat(child.exitValue()).isZero();
        Files.delete(run.resolve(EvalRun.JOURNAL)); // it was faster: begin again
      } else {
        child.destroyForcibly().waitFor();
        killed++;
      }
    }
    assertThat(child(run).waitFor()).isZero();
    Set<String> seen = new HashSet<>();
    int answers = 0;
    for (JsonNode line : LineLog.read(run.resolve(EvalRun.JOURNAL))) {
      if (line.has("answer")) {
        EvalAnswer answer = EvalAnswer.of(line.get("answer"));
        assertThat(seen.add(answer.cell() + "\n" + answer.item())).as(answer.item()).isTrue();
        answers++;
      }
    }
    assertThat(answers).isEqualTo(4 * 26);
    run(new FakeModel(EvalRunTest::describe), out.resolve("whole")).grid(GRID).build().run(p -> {});
    assertThat(sorted(replies(run))).isEqualTo(sorted(replies(out.resolve("whole"))));
  }

  private static Map<String, Map<String, String>> sorted(Map<String, Map<String, String>> replies) {
    Map<String, Map<String, String>> sorted = new TreeMap<>();
    replies.forEach((cell, each) -> sorted.put(cell, new TreeMap<>(each)));
    return sorted;
  }

  private static Process child(Path run) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName(),
            films.toString(),
            run.toString())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }
}
