package io.moviechat.bench.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.moviechat.bench.eval.EvalItem.Form;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Readers over the sets' own files, which are not ours to ship: {@code
 * -Dmoviechat.eval.annotations=DIR} names a folder with {@code activitynet-qa/}, {@code mlvu/} and
 * so on, each as it lies in its public repository (docs/evaluation.md says where). Skipped without.
 */
class RealAnnotationsTest {
  private static final String PROPERTY = "moviechat.eval.annotations";

  @TempDir private Path out;

  private static Path folder(String name) {
    String root = System.getProperty(PROPERTY, "");
    assumeThat(root).as("-D" + PROPERTY).isNotEmpty();
    Path folder = Path.of(root, name);
    assumeThat(folder).isDirectory();
    return folder;
  }

  private static Dataset read(String benchmark) throws IOException {
    return Benchmark.named(benchmark).read(folder(benchmark));
  }

  private static Map<String, Long> count(Dataset dataset, String dimension) {
    return dataset.items().stream()
        .flatMap(item -> item.categories().getOrDefault(dimension, List.of()).stream())
        .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
  }

  private static void check(Dataset dataset, int items) {
    assertThat(dataset.items()).as("%s", dataset.problems()).hasSize(items);
    Set<String> ids = new HashSet<>();
    for (EvalItem item : dataset.items()) {
      assertThat(ids.add(item.id())).as(item.id()).isTrue();
      assertThat(item.hasTruth()).as(item.id()).isTrue();
      if (item.form() == Form.CHOICE) {
        assertThat(item.options()).as(item.id()).hasSizeBetween(2, Letters.MOST);
      }
      assertThat(EvalItem.fromJson(item.toJson()).toJson()).isEqualTo(item.toJson());
    }
  }

  @Test
  void activityNet() throws IOException {
    Dataset dataset = read("activitynet-qa");
    check(dataset, 8000);
    assertThat(count(dataset, "type"))
        .containsEntry("yes/no", 2094L)
        .containsEntry("other", 1499L)
        .containsEntry("motion", 800L)
        .containsEntry("spatial", 800L)
        .containsEntry("temporal", 800L)
        .containsEntry("number", 606L);
    assertThat(count(dataset, "group")).containsEntry("free", 5600L);
  }

  @Test
  void nextQa() throws IOException {
    Dataset dataset = read("next-qa");
    check(dataset, 8564);
    assertThat(count(dataset, "type"))
        .containsAllEntriesOf(
            Map.of(
                "CW", 3329L, "TN", 1399L, "CH", 1173L, "TC", 1165L, "DO", 600L, "DL", 483L, "DC",
                322L, "TP", 93L));
    assertThat(dataset.items().get(0).video()).contains("/");
  }

  @Test
  void mlvu() throws IOException {
    Dataset dataset = read("mlvu");
    check(dataset, 2172);
    assertThat(
            dataset.problems()) // of 2,175: two answers that are no option, one question of blanks
        .hasSize(3)
        .anyMatch(problem -> problem.contains("Catching a flying drone quadcopter"));
    assertThat(count(dataset, "task"))
        .hasSize(7)
        .containsEntry("plotQA", 539L)
        .containsEntry("ego", 352L)
        .containsEntry("anomaly_reco", 200L);
    assertThat(dataset.items()).allMatch(item -> item.options().size() == 4);
    Dataset generation = Benchmark.named("mlvu-generation").read(folder("mlvu"));
    check(generation, 418);
    assertThat(count(generation, "task")).containsValues(201L, 217L);
  }

  @Test
  void flashVstreamAgreesWithMlvu() throws IOException {
    Dataset dataset = read("flash-vstream");
    assertThat(count(dataset, "set"))
        .containsEntry("EgoSchema", 500L)
        .containsEntry("lvbench", 1508L)
        .containsEntry("mlvu", 2174L) // one has neither question nor options
        .containsEntry("mvbench", 3995L) // five have one option only
        .containsEntry("videomme", 2700L);
    // Two readers of two layouts of one set: the same questions have the same right options.
    Map<String, String> theirs =
        dataset.items().stream()
            .filter(item -> item.categories().get("set").contains("mlvu"))
            .collect(
                Collectors.toMap(
                    RealAnnotationsTest::key, RealAnnotationsTest::truth, (a, b) -> a));
    Dataset mlvu = Benchmark.named("mlvu").read(folder("mlvu"));
    long same =
        mlvu.items().stream().filter(item -> truth(item).equals(theirs.get(key(item)))).count();
    assertThat(same).isGreaterThanOrEqualTo(2165);
  }

  private static String key(EvalItem item) {
    String video = item.video().replaceFirst("\\.mp4$", "");
    return video
        + " "
        + Words.normalise(item.question())
        + " "
        + Words.normalise(String.join(" ", item.options()));
  }

  private static String truth(EvalItem item) {
    return Words.normalise(item.options().get(item.answerIndex().getAsInt()));
  }

  @Test
  void lvBenchHasTimesOfItsEvidence() throws IOException {
    Dataset dataset = read("flash-vstream");
    long timed =
        dataset.items().stream()
            .filter(item -> item.categories().get("set").contains("lvbench"))
            .filter(item -> !item.evidence().isEmpty())
            .count();
    assertThat(timed).isGreaterThan(1400);
  }

  @Test
  void streamingBench() throws IOException {
    Dataset dataset = read("streamingbench");
    assertThat(count(dataset, "set")).containsEntry("real", 2500L);
    assertThat(dataset.items()).allMatch(item -> item.askAt().isPresent());
    assertThat(dataset.problems()).anyMatch(problem -> problem.contains("speak up in time"));
  }

  @Test
  void ovoBench() throws IOException {
    Dataset dataset = read("ovo-bench");
    assertThat(count(dataset, "task"))
        .containsAllEntriesOf(
            Map.of(
                "EPM", 297L, "HLD", 186L, "OJR", 184L, "STU", 178L, "OCR", 149L, "ASI", 148L, "ATR",
                116L, "ACR", 109L, "FPD", 101L));
    assertThat(dataset.items()).allMatch(item -> item.askAt().isPresent());
  }

  @Test
  void videoMmesOwnTemplateIsNoJson() {
    Path folder = folder("video-mme"); // or the test is skipped here
    assertThatThrownBy(() -> Benchmark.named("video-mme").read(folder))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("output_test_template.json")
        .hasMessageContaining("not JSON")
        .hasMessageContaining("line ");
  }

  /** The published table (its overall column), from the replies that are published beside it. */
  @ParameterizedTest
  @CsvSource({
    "Gemini, 69.32, 62.54, 57.15, 63.00",
    "QWen2VL_72B_, 61.92, 57.58, 49.30, 56.27",
    "QWen2VL_7B_, 55.98, 46.46, 48.74, 50.39",
    "LLaVA_Video, 63.52, 40.40, 54.82, 52.91",
    "LLaVA_OneVision, 64.02, 43.71, 50.50, 52.74",
    "InternVL2, 60.39, 43.44, 46.60, 50.15",
    "LongVU, 57.61, 35.01, 47.50, 46.71",
    "FlashVStream, 28.37, 27.38, 45.09, 33.61",
    // Of GPT's forward replies those of one task are published; of 187 other ones one is there
    // twice.
    "GPT, 64.46, 60.66, 52.92, 59.35",
  })
  void ovoBenchPublishedRepliesGiveThePublishedTable(
      String system, double realTime, double backward, double forward, double overall)
      throws IOException {
    EvalRun.builder(Benchmark.named("ovo-bench"), folder("ovo-bench"), out)
        .replies(folder("ovo-bench-replies").resolve(system))
        .build()
        .run(progress -> {});
    EvalScore score = Scorer.of(out).rules("original").score();
    assertThat(percent(score.headline("replayed").orElseThrow())).isEqualTo(overall);
    assertThat(modeMean(score, "real-time")).isEqualTo(realTime);
    assertThat(modeMean(score, "backward")).isEqualTo(backward);
    assertThat(modeMean(score, "forward")).isEqualTo(forward);
  }

  private static double percent(double share) {
    return Math.round(share * 10_000) / 100.0;
  }

  private static double modeMean(EvalScore score, String mode) {
    List<String> tasks =
        switch (mode) {
          case "real-time" -> List.of("OCR", "ACR", "ATR", "STU", "FPD", "OJR");
          case "backward" -> List.of("EPM", "ASI", "HLD");
          default -> List.of("REC", "SSR", "CRR");
        };
    return percent(
        tasks.stream()
            .flatMap(task -> score.mean("replayed", "task", task).stream())
            .mapToDouble(Double::doubleValue)
            .average()
            .orElseThrow());
  }

  /** What ActivityNet-QA's own eval.py prints for the predictions that lie beside it. */
  @Test
  void activityNetExamplePredictions() throws IOException {
    EvalRun.builder(Benchmark.named("activitynet-qa"), folder("activitynet-qa-val"), out)
        .replies(folder("activitynet-qa-replies"))
        .build()
        .run(progress -> {});
    EvalScore score = Scorer.of(out).rules("original").score();
    Map<String, Double> printed =
        Map.of(
            "motion",
            0.1878,
            "spatial",
            0.2233,
            "temporal",
            0.0350,
            "yes/no",
            0.7634,
            "color",
            0.3367,
            "object",
            0.2216,
            "location",
            0.2875,
            "number",
            0.6403,
            "other",
            0.3580);
    printed.forEach(
        (type, mean) ->
            assertThat(Math.round(score.mean("replayed", "type", type).orElseThrow() * 1e4) / 1e4)
                .as(type)
                .isEqualTo(mean));
    assertThat(percent(score.headline("replayed").orElseThrow())).isEqualTo(39.84);
    // It prints 0.7583 for "free", as it divides by the wrong counts.
    assertThat(percent(score.mean("replayed", "group", "free").orElseThrow())).isEqualTo(50.55);
  }

  /** As many as the file itself says, whose records carry the truth too. */
  @Test
  void nextQaExampleReplies() throws IOException {
    Path annotations = folder("next-qa");
    Path val = Files.createDirectory(out.resolve("val"));
    Files.copy(annotations.resolve("val.csv"), val.resolve("val.csv"));
    Path run = out.resolve("run");
    EvalRun.builder(Benchmark.named("next-qa"), val, run)
        .replies(folder("next-qa-replies"))
        .build()
        .run(progress -> {});
    EvalScore score = Scorer.of(run).score();
    assertThat(score.cell("replayed").path("counted").asInt()).isEqualTo(4996);
    assertThat(Math.round(score.headline("replayed").orElseThrow() * 4996))
        .isEqualTo(nextQaRight());
  }

  private static long nextQaRight() throws IOException {
    long right = 0;
    for (Path file :
        List.of(folder("next-qa-replies").resolve("HGA-bert-ft-h256-val-example.json"))) {
      for (var each : Json.MAPPER.readTree(file.toFile()).properties()) {
        right += each.getValue().get("prediction").equals(each.getValue().get("answer")) ? 1 : 0;
      }
    }
    return right;
  }
}
