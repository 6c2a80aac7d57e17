package io.moviechat.bench.accuracy;

import io.moviechat.FrameSampling;
import io.moviechat.GenerationOptions;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.WatchOptions;
import io.moviechat.WatchOptions.Reuse;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.llm.ModelBundle;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.tinyworld.Examiner;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.ScriptVideos;
import io.moviechat.tinyworld.World;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What is saved by not encoding frames that look like the last encoded one ({@link
 * WatchOptions#withReuse}), and what that costs in right answers.
 *
 * <p>Right answers: the embedded small model on movies of the synthetic world, the same questions
 * for every setting, with one, two and four frames a second. Time: every file in {@code
 * -Dmoviechat.bench.clips=DIR}, with the small model, or with the bundle that {@code
 * -Dmoviechat.bench.model=DIR} names. Command: {@code java -jar benchmarks.jar accuracy --filter
 * Reuse}.
 */
final class AccuracyReuse implements Study {
  private static final int[] PER_SECOND = {1, 2, 4};
  private static final int QUESTIONS_PER_MOVIE = 13;

  @Override
  public String question() {
    return "How much time do unchanged frames save, and does it cost right answers?";
  }

  @Override
  public void run(Size size, Findings findings) throws IOException {
    Optional<VisionLanguageModel> small = SmallModel.find();
    if (small.isEmpty()) {
      findings.skip("AccuracyReuse", SmallModel.MISSING);
      return;
    }
    answers(small.get(), size, findings);
    String clips = System.getProperty("moviechat.bench.clips", "");
    if (clips.isEmpty()) {
      findings.skip("AccuracyReuse, time", "no -Dmoviechat.bench.clips=DIR");
      return;
    }
    String bundle = System.getProperty("moviechat.bench.model", "");
    time(
        bundle.isEmpty() ? small.get() : ModelBundle.at(Path.of(bundle)),
        Path.of(clips),
        size,
        findings);
  }

  private static WatchOptions options(int perSecond, Reuse reuse) {
    return WatchOptions.DEFAULT
        .withSampling(FrameSampling.every(Duration.ofMillis(1000 / perSecond)))
        .withReuse(reuse);
  }

  private static void answers(VisionLanguageModel model, Size size, Findings findings) {
    int movies = size.pick(1, 20, 120);
    List<List<String>> rows = new ArrayList<>();
    ScriptVideos videos = new ScriptVideos();
    GenerationOptions options =
        model.generationDefaults().orElse(GenerationOptions.DEFAULT).toBuilder()
            .maxTokens(48)
            .build();
    try (MovieChat chat =
        MovieChat.builder().model(model).video(videos).generation(options).build()) {
      for (int perSecond : PER_SECOND) {
        for (Reuse reuse : Reuse.values()) {
          findings.progress("  reuse: " + reuse + ", " + perSecond + " frames a second");
          Examiner examiner = new Examiner();
          long frames = 0;
          long reused = 0;
          for (int seed = 0; seed < movies; seed++) {
            Script script = Movies.ofScenes(1 << seed % 4, World.Split.SEEN, 20_000 + seed);
            URI location = videos.add("movie" + seed, script);
            try (Movie movie = chat.watch(location, options(perSecond, reuse))) {
              frames += movie.memory().snapshot().framesSeen();
              reused += movie.reusedFrames();
              examiner.examine(
                  movie,
                  Examiner.questions(script, Examiner.GLOBAL, false, QUESTIONS_PER_MOVIE, seed),
                  (question, answer) -> {});
            }
            videos.remove(location);
          }
          double right = examiner.all().accuracy();
          findings.measure(
              "AccuracyReuse.right",
              Map.of("reuse", reuse.name(), "framesPerSecond", "" + perSecond),
              "share",
              Better.HIGHER,
              right);
          rows.add(
              List.of(
                  "" + perSecond,
                  reuse.name(),
                  percent(reused, frames),
                  "" + examiner.all().asked(),
                  String.format(Locale.ROOT, "%.1f", 100 * right)));
        }
      }
    }
    findings.table(
        new Table(
            "reuse-answers",
            "Right answers where unchanged frames are not encoded",
            List.of("frames a second", "reuse", "frames reused, %", "questions", "right, %"),
            rows,
            "The embedded small model, its own memory, movies of one to eight scenes; the same"
                + " questions in every row."));
  }

  private static void time(VisionLanguageModel model, Path folder, Size size, Findings findings)
      throws IOException {
    List<Path> files;
    try (Stream<Path> listed = Files.list(folder)) {
      files = listed.filter(Files::isRegularFile).sorted().toList();
    }
    List<List<String>> rows = new ArrayList<>();
    try (MovieChat chat = MovieChat.builder().model(model).build()) {
      for (Path file : files) {
        for (int perSecond : size == Size.SMOKE ? new int[] {1} : PER_SECOND) {
          double off = 0;
          for (Reuse reuse : Reuse.values()) {
            findings.progress("  reuse: " + file.getFileName() + ", " + perSecond + ", " + reuse);
            try (Movie movie = chat.watch(file, options(perSecond, reuse))) {
              double seconds = movie.timings().wall().toNanos() / 1e9;
              off = reuse == Reuse.OFF ? seconds : off;
              long frames = movie.memory().snapshot().framesSeen();
              findings.measure(
                  "AccuracyReuse.watch",
                  Map.of(
                      "clip",
                      file.getFileName().toString(),
                      "reuse",
                      reuse.name(),
                      "framesPerSecond",
                      "" + perSecond),
                  "s",
                  Better.LOWER,
                  seconds);
              rows.add(
                  List.of(
                      file.getFileName().toString(),
                      "" + perSecond,
                      reuse.name(),
                      "" + frames,
                      percent(movie.reusedFrames(), frames),
                      Format.number(seconds),
                      String.format(Locale.ROOT, "%.2f", off / seconds)));
            }
          }
        }
      }
    }
    findings.table(
        new Table(
            "reuse-time",
            "Time saved where unchanged frames are not encoded",
            List.of(
                "clip",
                "frames a second",
                "reuse",
                "frames",
                "reused, %",
                "seconds",
                "times faster"),
            rows,
            ""));
  }

  private static String percent(long part, long whole) {
    return String.format(Locale.ROOT, "%.0f", 100.0 * part / whole);
  }
}
