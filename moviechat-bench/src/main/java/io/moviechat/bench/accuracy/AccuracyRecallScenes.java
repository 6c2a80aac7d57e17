package io.moviechat.bench.accuracy;

import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.WatchOptions;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.tinyworld.Examiner;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.ScriptVideos;
import io.moviechat.tinyworld.World;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Does recall harm the questions that it is not made for: those about order, about the whole movie,
 * and any about movies whose scenes fit the prompt? The same movies of 8, 16 and 32 scenes and the
 * same questions, once with the model's own scorer, once with recall turned off. Scenes are counted
 * up to ten in this world, so that longer movies have no counting questions.
 *
 * <p>Seeds start at {@code -Dmoviechat.bench.seed=N}. Each movie is a cell of the journal. Sizes: 2
 * movies (quick), 150 (full), 13 questions each. Command: {@code java -jar benchmarks.jar accuracy
 * -Pfull --filter RecallScenes}.
 */
final class AccuracyRecallScenes implements Study {
  private static final int QUESTIONS = 13;

  /** Whether a chat recalls, and movies of how many scenes. */
  private record Setting(int scenes, boolean recall) {
    @Override
    public String toString() {
      return scenes + " scenes, " + (recall ? "recall" : "none");
    }
  }

  @Override
  public String question() {
    return "Does recall harm questions about order or about the whole movie?";
  }

  @Override
  public void run(Size size, Findings findings) {
    Optional<VisionLanguageModel> model = SmallModel.find();
    if (model.isEmpty()) {
      findings.skip("AccuracyRecallScenes", SmallModel.MISSING);
      return;
    }
    int movies = size.pick(1, 2, 150);
    int[] scenes = size.pick(new int[] {8}, new int[] {8, 16, 32}, new int[] {8, 16, 32});
    long seed = Accuracy.firstSeed(940_000);
    Map<Setting, Scores> scores = new LinkedHashMap<>();
    for (int count : scenes) {
      scores.put(new Setting(count, false), new Scores(new TreeMap<>()));
      scores.put(new Setting(count, true), new Scores(new TreeMap<>()));
    }
    ScriptVideos videos = new ScriptVideos();
    try (MovieChat with = MovieChat.builder().model(model.get()).video(videos).build();
        MovieChat without = MovieChat.builder().model(model.get()).video(videos).recall().build()) {
      for (int i = 0; i < movies; i++) {
        for (Setting setting : List.copyOf(scores.keySet())) {
          MovieChat chat = setting.recall() ? with : without;
          long movie = seed + 1000L * setting.scenes() + i;
          findings
              .cellInTime(
                  "recall scenes %d %s %d".formatted(setting.scenes(), setting.recall(), movie),
                  () -> examine(chat, videos, setting.scenes(), movie).text())
              .ifPresent(cell -> scores.merge(setting, Scores.parse(cell), Scores::plus));
        }
      }
    }
    scores.forEach(
        (setting, score) -> {
          if (score.all().asked() > 0) {
            double unused =
                score.record(
                    "AccuracyRecallScenes.exact",
                    Map.of(
                        "scenes",
                        String.valueOf(setting.scenes()),
                        "recall",
                        setting.recall() ? "on" : "off"),
                    findings);
          }
        });
    findings.table(table(scores));
  }

  private static Scores examine(MovieChat chat, ScriptVideos videos, int scenes, long seed) {
    Script script = Movies.ofScenes(scenes, World.Split.SEEN, seed);
    URI location = videos.add("movie" + seed, script);
    Examiner examiner = new Examiner();
    try (Movie movie = chat.watch(location, WatchOptions.DEFAULT)) {
      examiner.examine(
          movie,
          Examiner.questions(script, Examiner.GLOBAL, false, QUESTIONS, seed),
          (question, answer) -> {});
    } finally {
      videos.remove(location);
    }
    return Scores.of(examiner);
  }

  private static Table table(Map<Setting, Scores> scores) {
    TreeSet<String> types = new TreeSet<>();
    scores.values().forEach(each -> types.addAll(each.byType().keySet()));
    List<List<String>> rows = new ArrayList<>();
    for (String type : types) {
      List<String> row = new ArrayList<>(List.of(Format.words(type)));
      for (Scores each : scores.values()) {
        Examiner.Score score = each.byType().get(type);
        row.add(score == null ? "" : Scores.cell(score));
      }
      rows.add(row);
    }
    List<String> all = new ArrayList<>(List.of("all"));
    scores.values().forEach(each -> all.add(Scores.cell(each.all())));
    rows.add(all);
    List<String> columns = new ArrayList<>(List.of("question"));
    scores.keySet().forEach(setting -> columns.add(setting.toString()));
    return new Table(
        "accuracy-recall-scenes",
        "Exact answers with recall and without, in per cent",
        columns,
        rows,
        "In brackets the 95 % interval (Wilson) and the questions asked. The same movies and"
            + " questions. Scenes are counted up to ten.");
  }
}
