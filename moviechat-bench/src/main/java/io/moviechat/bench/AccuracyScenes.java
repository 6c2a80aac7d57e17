package io.moviechat.bench;

import io.moviechat.MemoryBudget;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.WatchOptions;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.tinymodel.Examiner;
import io.moviechat.tinymodel.Movies;
import io.moviechat.tinymodel.QuestionType;
import io.moviechat.tinymodel.Script;
import io.moviechat.tinymodel.ScriptVideos;
import io.moviechat.tinymodel.World;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How often the embedded model answers exactly right, each type of question on its own, over the
 * number of scenes, on pairs that its training never showed, and over the memory's budget.
 *
 * <p>Movies are painted as they are watched, with seeds that no training used. An answer counts if
 * it equals the script's after normalising; the chance column is what a guesser gets who knows the
 * form of the answer. Command: {@code java -jar benchmarks.jar accuracy --filter Scenes}.
 */
final class AccuracyScenes implements Study {
  private static final int GLOBAL_PER_MOVIE = 13;
  private static final int MOMENTS_PER_MOVIE = 5;

  private record Setting(String name, int scenes, World.Split split, int maxSlots) {}

  @Override
  public String question() {
    return "How often are the answers exactly right, by type of question and length of the movie?";
  }

  @Override
  public void run(Size size, Findings findings) {
    Optional<VisionLanguageModel> model = SmallModel.find();
    if (model.isEmpty()) {
      findings.skip("AccuracyScenes", SmallModel.MISSING);
      return;
    }
    int questions = size.pick(20, 300, 2000);
    List<Setting> settings = new ArrayList<>();
    for (int scenes : size == Size.SMOKE ? new int[] {2} : new int[] {1, 2, 4, 8}) {
      settings.add(new Setting(scenes + " scenes", scenes, World.Split.SEEN, Integer.MAX_VALUE));
    }
    settings.add(new Setting("unseen colours", 2, World.Split.UNSEEN_COLOURS, Integer.MAX_VALUE));
    settings.add(new Setting("unseen actions", 2, World.Split.UNSEEN_ACTIONS, Integer.MAX_VALUE));
    for (int slots : size == Size.SMOKE ? new int[] {} : new int[] {8, 16, 32}) {
      settings.add(new Setting("8 scenes, " + slots + " slots", 8, World.Split.SEEN, slots));
    }
    List<List<String>> rows = new ArrayList<>();
    List<Double> x = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    for (Setting setting : settings) {
      findings.progress("accuracy: " + setting.name());
      Examiner examiner = examine(model.get(), setting, questions);
      addRows(setting, examiner, rows, findings);
      if (setting.split() == World.Split.SEEN && setting.maxSlots() == Integer.MAX_VALUE) {
        x.add((double) setting.scenes());
        y.add(100 * examiner.all().accuracy());
      }
    }
    findings.table(
        new Table(
            "accuracy-scenes",
            "Exact answers of the embedded model",
            List.of("movies", "question", "asked", "right, %", "chance, %"),
            rows,
            "\"@\" marks questions about a moment (breakpoint mode)."));
    findings.chart(
        new Chart(
            "accuracy-scenes",
            "Exact answers over the number of scenes",
            "scenes",
            "right answers, %",
            true,
            false,
            List.of(new Chart.Series("all questions", x, y))));
  }

  private static Examiner examine(VisionLanguageModel model, Setting setting, int questions) {
    ScriptVideos videos = new ScriptVideos();
    Examiner examiner = new Examiner();
    MovieChat.Builder builder = MovieChat.builder().model(model).video(videos);
    if (setting.maxSlots() < Integer.MAX_VALUE) {
      builder.memoryBudget(MemoryBudget.ofSlots(setting.maxSlots()));
    }
    try (MovieChat chat = builder.build()) {
      for (int seed = 0; examiner.all().asked() < questions; seed++) {
        Script script = Movies.ofScenes(setting.scenes(), setting.split(), 10_000 + seed);
        URI location = videos.add("movie" + seed, script);
        try (Movie movie = chat.watch(location, WatchOptions.DEFAULT, progress -> {})) {
          examiner.examine(
              movie,
              Examiner.questions(script, Examiner.GLOBAL, false, GLOBAL_PER_MOVIE, seed),
              (question, answer) -> {});
          examiner.examine(
              movie,
              Examiner.questions(script, Examiner.BREAKPOINT, true, MOMENTS_PER_MOVIE, seed),
              (question, answer) -> {});
        }
        videos.remove(location);
      }
    }
    return examiner;
  }

  private static void addRows(
      Setting setting, Examiner examiner, List<List<String>> rows, Findings findings) {
    for (QuestionType type : QuestionType.values()) {
      addRow(setting, type.name(), examiner.global().get(type), rows, findings);
    }
    for (QuestionType type : QuestionType.values()) {
      addRow(setting, "@" + type.name(), examiner.breakpoint().get(type), rows, findings);
    }
    addRow(setting, "all", examiner.all(), rows, findings);
  }

  private static void addRow(
      Setting setting,
      String type,
      Examiner.@Nullable Score score,
      List<List<String>> rows,
      Findings findings) {
    if (score == null) {
      return;
    }
    rows.add(
        List.of(
            setting.name(),
            type,
            Format.count(score.asked()),
            Format.number(100 * score.accuracy()),
            Format.number(100 * score.chance())));
    findings.measure(
        "AccuracyScenes.exact",
        Map.of("movies", setting.name(), "question", type),
        "%",
        Better.HIGHER,
        100 * score.accuracy());
  }
}
