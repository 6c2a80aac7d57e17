package io.moviechat.bench.accuracy;

import io.moviechat.bench.harness.Chart;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
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
 * Right answers over the length of the movie, for each memory strategy at the same budget.
 *
 * <p>Movies of the embedded model's synthetic world that its training never saw, of 1 to 16 scenes;
 * exact match after normalising; every strategy gets the same tokens and the same number of slots.
 * Peers: all strategies, uniform sampling and the recent window among them. Sizes: 6 movies of 6
 * questions per length (quick), 15 of 12 (full). Command: {@code java -jar benchmarks.jar accuracy
 * --filter Length}.
 */
final class AccuracyOverLength implements Study {
  private static final int SLOTS = 32;

  @Override
  public String question() {
    return "How does the share of right answers change as movies get longer?";
  }

  @Override
  public void run(Size size, Findings findings) {
    Optional<VisionLanguageModel> model = SmallModel.find();
    if (model.isEmpty()) {
      findings.skip("AccuracyOverLength", SmallModel.MISSING);
      return;
    }
    List<Integer> lengths = size.pick(List.of(1), List.of(1, 2, 4, 8, 16), List.of(1, 2, 4, 8, 16));
    int movies = size.pick(1, 6, 17);
    long first = Accuracy.firstSeed(0);
    int questions = size.pick(2, 6, 12);
    Map<String, Chart.Series> lines = new LinkedHashMap<>();
    Map<String, List<Double>> percent = new LinkedHashMap<>();
    Map<String, List<String>> cells = new LinkedHashMap<>();
    List<Double> chance = new ArrayList<>();
    try (Accuracy accuracy = new Accuracy(model.get())) {
      for (int scenes : lengths) {
        Map<String, Scores> scores = new LinkedHashMap<>();
        for (String strategy : accuracy.strategies()) {
          scores.put(
              strategy,
              Scores.parse(
                  findings.cell(
                      "length " + scenes + " " + strategy,
                      () -> examine(accuracy, scenes, movies, questions, first, strategy).text())));
        }
        scores.forEach(
            (strategy, score) ->
                cells
                    .computeIfAbsent(strategy, s -> new ArrayList<>())
                    .add(Scores.cell(score.all())));
        scores.forEach(
            (strategy, score) ->
                percent
                    .computeIfAbsent(strategy, s -> new ArrayList<>())
                    .add(
                        score.record(
                            "AccuracyOverLength.right",
                            Map.of("strategy", strategy, "scenes", String.valueOf(scenes)),
                            findings)));
        Examiner.Score any = scores.values().iterator().next().all();
        chance.add(100 * any.chance());
        findings.progress("  " + scenes + " scenes: " + any.asked() + " questions each");
      }
    }
    percent.put("chance", chance);
    cells.put("chance", chance.stream().map(Format::number).toList());
    List<Double> x = lengths.stream().map(Integer::doubleValue).toList();
    percent.forEach((name, y) -> lines.put(name, new Chart.Series(name, x, y)));
    findings.chart(
        new Chart(
            "accuracy-length",
            "Right answers over the length of the movie, " + SLOTS + " slots",
            "scenes",
            "% of answers right",
            false,
            false,
            List.copyOf(lines.values())));
    findings.table(
        AccuracyTables.table(
            "accuracy-length",
            "Right answers over the length of the movie, in percent",
            lengths.stream().map(n -> n + (n == 1 ? " scene" : " scenes")).toList(),
            cells,
            SLOTS
                + " slots for every strategy. In brackets the 95 % interval (Wilson) and the"
                + " questions asked."));
  }

  private static Scores examine(
      Accuracy accuracy, int scenes, int movies, int questions, long first, String strategy) {
    Examiner examiner = new Examiner();
    for (int movie = 0; movie < movies; movie++) {
      long seed = first + 1000L * scenes + movie;
      Script script = Movies.ofScenes(scenes, World.Split.SEEN, seed);
      List<ScriptQuestion> asking = Accuracy.questions(script, questions, seed);
      accuracy.examine(examiner, accuracy.tokens(script), asking, strategy, SLOTS);
    }
    return Scores.of(examiner);
  }
}
