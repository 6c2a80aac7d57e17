package io.moviechat.bench.accuracy;

import io.moviechat.bench.harness.Chart;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Study;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.tinyworld.Examiner;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.ScriptQuestion;
import io.moviechat.tinyworld.World;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Right answers over the memory budget, for each memory strategy.
 *
 * <p>Movies of 8 scenes of the embedded model's synthetic world that its training never saw; exact
 * match after normalising; every strategy gets the same tokens and the same number of slots. Peers:
 * all strategies, uniform sampling and the recent window among them. Sizes: 6 movies of 6 questions
 * (quick), 15 of 12 (full). Command: {@code java -jar benchmarks.jar accuracy --filter Budget}.
 */
final class AccuracyOverBudget implements Study {
  private static final int SCENES = 8;

  @Override
  public String question() {
    return "How many memory slots do right answers need?";
  }

  @Override
  public void run(Size size, Findings findings) {
    Optional<VisionLanguageModel> model = SmallModel.find();
    if (model.isEmpty()) {
      findings.skip("AccuracyOverBudget", SmallModel.MISSING);
      return;
    }
    List<Integer> budgets = size.pick(List.of(16), List.of(8, 32, 80), List.of(8, 16, 32, 80));
    int scenes = size.pick(1, SCENES, SCENES);
    int movies = size.pick(1, 6, 17);
    long first = Accuracy.firstSeed(50_000);
    int questions = size.pick(2, 6, 12);
    Map<String, List<Double>> percent = new LinkedHashMap<>();
    Map<String, List<String>> cells = new LinkedHashMap<>();
    try (Accuracy accuracy = new Accuracy(model.get())) {
      for (int slots : budgets) {
        for (String strategy : accuracy.strategies()) {
          Scores scores =
              Scores.parse(
                  findings.cell(
                      "budget " + slots + " " + strategy,
                      () ->
                          examine(accuracy, scenes, movies, questions, first, strategy, slots)
                              .text()));
          cells.computeIfAbsent(strategy, s -> new ArrayList<>()).add(Scores.cell(scores.all()));
          percent
              .computeIfAbsent(strategy, s -> new ArrayList<>())
              .add(
                  scores.record(
                      "AccuracyOverBudget.right",
                      Map.of("strategy", strategy, "slots", String.valueOf(slots)),
                      findings));
        }
        findings.progress("  " + slots + " slots");
      }
    }
    List<Double> x = budgets.stream().map(Integer::doubleValue).toList();
    List<Chart.Series> lines = new ArrayList<>();
    percent.forEach((name, y) -> lines.add(new Chart.Series(name, x, y)));
    findings.chart(
        new Chart(
            "accuracy-budget",
            "Right answers over the memory budget, movies of " + SCENES + " scenes",
            "memory slots",
            "% of answers right",
            false,
            false,
            lines));
    findings.table(
        AccuracyTables.table(
            "accuracy-budget",
            "Right answers over the memory budget, in percent",
            budgets.stream().map(n -> n + " slots").toList(),
            cells,
            "Movies of "
                + SCENES
                + " scenes; the same tokens and questions everywhere. Short-term frames count. In"
                + " brackets the 95 % interval (Wilson) and the questions asked."));
  }

  private static Scores examine(
      Accuracy accuracy,
      int scenes,
      int movies,
      int questions,
      long first,
      String strategy,
      int slots) {
    Examiner examiner = new Examiner();
    for (int movie = 0; movie < movies; movie++) {
      long seed = first + movie;
      Script script = Movies.ofScenes(scenes, World.Split.SEEN, seed);
      List<ScriptQuestion> asking = Accuracy.questions(script, questions, seed);
      accuracy.examine(examiner, accuracy.tokens(script), asking, strategy, slots);
    }
    return Scores.of(examiner);
  }
}
