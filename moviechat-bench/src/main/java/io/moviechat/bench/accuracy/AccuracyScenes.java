package io.moviechat.bench.accuracy;

import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.WatchOptions;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Chart;
import io.moviechat.bench.harness.Clips;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.tinyworld.Examiner;
import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.QuestionType;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.ScriptQuestion;
import io.moviechat.tinyworld.ScriptVideos;
import io.moviechat.tinyworld.World;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * How often the embedded model answers exactly right through the whole product, each type of
 * question on its own, over the number of scenes and on pairs that its training never showed.
 *
 * <p>Movies come from seeds that no training used and are painted as they are watched, which skips
 * H.264; a part is watched from real H.264 files too, with the same questions, to show that this
 * makes no difference. An answer counts if it equals the script's after normalising; the chance
 * column is what a guesser gets who knows the form of the answer. Memory is the model's own. Sizes:
 * 140 questions per length (quick), 2,000 (full). Command: {@code java -jar benchmarks.jar accuracy
 * --filter Scenes}.
 */
final class AccuracyScenes implements Study {
  private static final int GLOBAL_PER_MOVIE = 13;
  private static final int MOMENTS_PER_MOVIE = 5;

  private record Setting(String name, int scenes, World.Split split, int questions) {}

  @Override
  public String question() {
    return "How often are the answers exactly right, by type of question and length of the movie?";
  }

  @Override
  public void run(Size size, Findings findings) throws IOException {
    Optional<VisionLanguageModel> model = SmallModel.find();
    if (model.isEmpty()) {
      findings.skip("AccuracyScenes", SmallModel.MISSING);
      return;
    }
    int questions = size.pick(20, 140, 3600);
    List<Setting> settings = new ArrayList<>();
    for (int scenes : size == Size.SMOKE ? new int[] {2} : new int[] {1, 2, 4, 8}) {
      String name = scenes + (scenes == 1 ? " scene" : " scenes");
      settings.add(new Setting(name, scenes, World.Split.SEEN, questions));
    }
    int unseen = size.pick(10, 70, 1000);
    long first = Accuracy.firstSeed(10_000);
    settings.add(new Setting("unseen colours", 2, World.Split.UNSEEN_COLOURS, unseen));
    settings.add(new Setting("unseen actions", 2, World.Split.UNSEEN_ACTIONS, unseen));
    Map<String, Scores> scores = new LinkedHashMap<>();
    for (Setting setting : settings) {
      findings.progress("  accuracy: " + setting.name());
      scores.put(
          setting.name(),
          Scores.parse(
              findings.cell(
                  "scenes " + setting.name(), () -> examine(model.get(), setting, first).text())));
      scores
          .get(setting.name())
          .record("AccuracyScenes.exact", Map.of("movies", setting.name()), findings);
    }
    findings.table(table(scores));
    chart(settings, scores, findings);
    files(model.get(), size, findings);
  }

  private static Scores examine(VisionLanguageModel model, Setting setting, long first) {
    ScriptVideos videos = new ScriptVideos();
    Examiner examiner = new Examiner();
    try (MovieChat chat = MovieChat.builder().model(model).video(videos).build()) {
      for (int seed = 0; examiner.all().asked() < setting.questions(); seed++) {
        Script script = Movies.ofScenes(setting.scenes(), setting.split(), first + seed);
        URI location = videos.add("movie" + seed, script);
        examine(chat, location, script, seed, examiner, (question, answer) -> {});
        videos.remove(location);
      }
    }
    return Scores.of(examiner);
  }

  private static void examine(
      MovieChat chat,
      URI location,
      Script script,
      long seed,
      Examiner examiner,
      BiConsumer<ScriptQuestion, String> listener) {
    try (Movie movie = chat.watch(location, WatchOptions.DEFAULT)) {
      for (boolean moments : new boolean[] {false, true}) {
        examiner.examine(
            movie,
            Examiner.questions(
                script,
                moments ? Examiner.BREAKPOINT : Examiner.GLOBAL,
                moments,
                moments ? MOMENTS_PER_MOVIE : GLOBAL_PER_MOVIE,
                seed),
            (question, answer) -> listener.accept(question, answer.text()));
      }
    }
  }

  private static Table table(Map<String, Scores> scores) {
    List<String> types = new ArrayList<>();
    for (String prefix : List.of("", "@")) {
      for (QuestionType type : QuestionType.values()) {
        String name = prefix + type.name();
        if (scores.values().stream().anyMatch(s -> s.byType().containsKey(name))) {
          types.add(name);
        }
      }
    }
    List<List<String>> rows = new ArrayList<>();
    for (String type : types) {
      List<String> row = new ArrayList<>(List.of(Format.words(type), ""));
      for (Scores each : scores.values()) {
        Examiner.Score score = each.byType().get(type);
        row.add(score == null ? "" : Scores.cell(score));
        if (score != null) {
          row.set(1, Format.number(100 * score.chance()));
        }
      }
      rows.add(row);
    }
    List<String> all = new ArrayList<>(List.of("all", ""));
    scores.values().forEach(each -> all.add(Scores.cell(each.all())));
    rows.add(all);
    List<String> columns = new ArrayList<>(List.of("question", "chance, %"));
    columns.addAll(scores.keySet());
    return new Table(
        "accuracy-scenes",
        "Exact answers by type of question, in per cent",
        columns,
        rows,
        "In brackets the 95 % interval (Wilson) and the questions asked. \"@\" marks questions"
            + " about a moment (breakpoint mode). Unseen colours and unseen actions: movies of 2"
            + " scenes in which every actor is of a pair of kind and colour, or of kind and action,"
            + " that no training movie showed. Chance depends on the length for \"count kind\"; the"
            + " last column's is given.");
  }

  private static void chart(List<Setting> settings, Map<String, Scores> scores, Findings findings) {
    List<Chart.Series> series = new ArrayList<>();
    for (String type : List.of("all", "COLOUR", "YES_NO", "MOVE", "AFTER", "@NOW")) {
      add(settings, scores, type, series);
    }
    findings.chart(
        new Chart(
            "accuracy-scenes",
            "Exact answers over the number of scenes, by type of question",
            "scenes",
            "right answers, %",
            false,
            false,
            series));
  }

  private static void add(
      List<Setting> settings, Map<String, Scores> scores, String type, List<Chart.Series> series) {
    List<Double> x = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    for (Setting setting : settings) {
      Scores each = scores.get(setting.name());
      Examiner.Score score =
          each == null ? null : type.equals("all") ? each.all() : each.byType().get(type);
      if (score != null && setting.split() == World.Split.SEEN) {
        x.add((double) setting.scenes());
        y.add(100 * score.accuracy());
      }
    }
    if (!x.isEmpty()) {
      series.add(new Chart.Series(Format.words(type), x, y));
    }
  }

  /** The same movies and questions painted and from H.264 files. */
  private static void files(VisionLanguageModel model, Size size, Findings findings)
      throws IOException {
    findings.progress("  accuracy: real H.264 files");
    int movies = size.pick(1, 4, 40);
    String[] counts;
    try (Clips folder = new Clips()) {
      Path file = folder.directory().resolve("movie.mp4");
      counts = findings.cell("files", () -> compare(model, movies, file)).split(" ", -1);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    double asked = Double.parseDouble(counts[0]);
    List<String> names = List.of("painted", "H.264 file", "same answer");
    List<String> row = new ArrayList<>(List.of(Format.count(movies), counts[0]));
    for (int i = 0; i < names.size(); i++) {
      double percent = 100 * Double.parseDouble(counts[i + 1]) / asked;
      row.add(Format.number(percent));
      findings.measure(
          "AccuracyScenes.files", Map.of("measured", names.get(i)), "%", Better.HIGHER, percent);
    }
    findings.table(
        new Table(
            "accuracy-files",
            "Painted frames and real H.264 files",
            List.of(
                "movies",
                "questions",
                "right from painted frames, %",
                "right from H.264 files, %",
                "same answer, %"),
            List.of(row),
            "The same movies of 1, 2, 4 and 8 scenes and the same questions; files of 192 x 192"
                + " pixels at 12 frames a second, decoded and scaled by moviechat-video."));
  }

  private static String compare(VisionLanguageModel model, int movies, Path file) {
    ScriptVideos videos = new ScriptVideos();
    Examiner painted = new Examiner();
    Examiner decoded = new Examiner();
    int[] same = new int[1];
    try (MovieChat paints = MovieChat.builder().model(model).video(videos).build();
        MovieChat decodes = MovieChat.builder().model(model).build()) {
      for (int i = 0; i < movies; i++) {
        long seed = 40_000L + i;
        Script script = Movies.ofScenes(1 << (i % 4), World.Split.SEEN, seed);
        List<String> answers = new ArrayList<>();
        examine(
            paints,
            videos.add("movie", script),
            script,
            seed,
            painted,
            (question, answer) -> answers.add(answer));
        MovieWriter.write(script, file);
        int[] next = new int[1];
        examine(
            decodes,
            file.toUri(),
            script,
            seed,
            decoded,
            (question, answer) -> same[0] += answers.get(next[0]++).equals(answer) ? 1 : 0);
      }
    }
    return painted.all().asked()
        + " "
        + painted.all().right()
        + " "
        + decoded.all().right()
        + " "
        + same[0];
  }
}
