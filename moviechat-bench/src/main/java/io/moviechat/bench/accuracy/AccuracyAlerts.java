package io.moviechat.bench.accuracy;

import io.moviechat.MovieChat;
import io.moviechat.WatchOptions;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.internal.ResourceStack;
import io.moviechat.recall.AlertOptions;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.tinyworld.Actor;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.ScriptVideos;
import io.moviechat.tinyworld.World;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Is who asked to be told when a video shows something told, in time, and of nothing else? Each
 * movie has one event of about a second. It is watched through the whole product, with the model's
 * own scorer and default options, looking for the event and for its kind in a colour that the movie
 * never shows.
 *
 * <p>A hit is an alert that begins while the event is shown. It is late by the frames from the
 * event's first one to the one that the alert begins with. An alert is false if nothing of that
 * kind and colour is shown when it begins: each of what never comes is, and some of the event's.
 * Waiting is not measured: how soon a listener hears of a frame depends on how fast the stream
 * comes (docs/memory.md). Every frame is painted. Seeds start at {@code -Dmoviechat.bench.seed=N}.
 * Sizes: 5 movies (quick), 100 (full). Command: {@code java -jar benchmarks.jar accuracy -Pfull
 * --filter Alerts}.
 */
final class AccuracyAlerts implements Study {
  private static final int FRAMES = 1000;

  /** What is counted of movies that are alike, in the order of the journal. */
  private enum Counted {
    MOVIES,
    HITS,
    AT_ONCE,
    FRAMES_LATE,
    MOVIES_WITH_FALSE_FOR_EVENT,
    FALSE_FOR_EVENT,
    MOVIES_WITH_FALSE,
    FALSE
  }

  @Override
  public String question() {
    return "Is one told when a video shows something, in time, and of nothing else?";
  }

  @Override
  public void run(Size size, Findings findings) {
    Optional<VisionLanguageModel> model = SmallModel.find();
    if (model.isEmpty()) {
      findings.skip("AccuracyAlerts", SmallModel.MISSING);
      return;
    }
    Optional<SlotScorer> scorer = model.get().openScorer();
    if (scorer.isEmpty()) {
      findings.skip("AccuracyAlerts", "the model has no scorer of its own");
      return;
    }
    scorer.get().close(); // the chat opens its own
    int movies = size.pick(1, 5, 100);
    int frames = size.pick(200, FRAMES, FRAMES);
    int[] changes = size.pick(new int[] {27}, new int[] {27, 120}, new int[] {27, 120});
    long seed = Accuracy.firstSeed(920_000);
    Map<Integer, long[]> cells = new LinkedHashMap<>();
    ScriptVideos videos = new ScriptVideos();
    try (MovieChat chat = MovieChat.builder().model(model.get()).video(videos).build()) {
      for (int i = 0; i < movies; i++) {
        for (int change : changes) {
          long movie = seed + 1000L * change + i;
          findings
              .cellInTime(
                  "alerts %d %d %d".formatted(frames, change, movie),
                  () -> text(watch(chat, videos, Movies.needle(frames, change, movie))))
              .ifPresent(
                  cell ->
                      add(
                          cell,
                          cells.computeIfAbsent(change, c -> new long[Counted.values().length])));
        }
      }
    }
    List<List<String>> rows = new ArrayList<>();
    cells.forEach((change, counts) -> rows.add(row(frames, change, counts, findings)));
    findings.table(
        new Table(
            "accuracy-alerts",
            "Told of one second in a movie while it is watched",
            List.of(
                "frames",
                "scene changes",
                "movies",
                "event told, %",
                "at its first frame, %",
                "mean frames late",
                "movies with a false alert for it, %",
                "such alerts",
                "movies with an alert for what never comes, %",
                "alerts for it"),
            rows,
            "In brackets the 95 % interval (Wilson). Four frames a second; default options; the"
                + " model's own scorer."));
  }

  private static long[] watch(MovieChat chat, ScriptVideos videos, Script script) {
    Script.Segment event = Movies.event(script);
    Actor actor = event.scene().actors().get(0);
    List<Duration> found = new ArrayList<>();
    List<Duration> invented = new ArrayList<>();
    WatchOptions options =
        WatchOptions.DEFAULT
            .when(
                actor.colour().word() + " " + actor.kind().word(),
                AlertOptions.DEFAULT,
                alert -> found.add(alert.start()))
            .when(
                AccuracyNeedle.absent(script, actor),
                AlertOptions.DEFAULT,
                alert -> invented.add(alert.start()));
    URI location = videos.add("movie", script);
    try (ResourceStack watched = new ResourceStack()) {
      watched.open(() -> chat.watch(location, options));
    } finally {
      videos.remove(location);
    }
    List<Duration> hits =
        found.stream()
            .filter(start -> start.toMillis() >= event.startMillis())
            .filter(start -> start.toMillis() < event.endMillis())
            .toList();
    long late =
        hits.isEmpty() ? 0 : (hits.get(0).toMillis() - event.startMillis()) / World.STEP_MILLIS;
    long wrong = found.stream().filter(start -> !shows(script, actor, start)).count();
    return new long[] {
      1,
      hits.isEmpty() ? 0 : 1,
      !hits.isEmpty() && late == 0 ? 1 : 0,
      late,
      wrong > 0 ? 1 : 0,
      wrong,
      invented.isEmpty() ? 0 : 1,
      invented.size()
    };
  }

  /** Whether such a thing is shown, in the event or in another scene. */
  private static boolean shows(Script script, Actor actor, Duration time) {
    return script.segments().stream()
        .filter(segment -> time.toMillis() >= segment.startMillis())
        .filter(segment -> time.toMillis() < segment.endMillis())
        .flatMap(segment -> segment.scene().actors().stream())
        .anyMatch(shown -> shown.kind() == actor.kind() && shown.colour() == actor.colour());
  }

  private static String text(long[] counts) {
    return Arrays.stream(counts).mapToObj(String::valueOf).collect(Collectors.joining(","));
  }

  private static void add(String cell, long[] counts) {
    String[] words = cell.split(",", -1);
    for (int i = 0; i < counts.length; i++) {
      counts[i] += Long.parseLong(words[i]);
    }
  }

  @SuppressWarnings("EnumOrdinal") // the order of the journal
  private static int count(long[] counts, Counted what) {
    return (int) counts[what.ordinal()];
  }

  private static List<String> row(int frames, int changes, long[] counts, Findings findings) {
    int movies = count(counts, Counted.MOVIES);
    int hits = count(counts, Counted.HITS);
    Interval told = new Interval(hits, movies);
    Interval atOnce = new Interval(count(counts, Counted.AT_ONCE), movies);
    Interval wrongForEvent =
        new Interval(count(counts, Counted.MOVIES_WITH_FALSE_FOR_EVENT), movies);
    Interval wrong = new Interval(count(counts, Counted.MOVIES_WITH_FALSE), movies);
    double late = hits == 0 ? Double.NaN : (double) count(counts, Counted.FRAMES_LATE) / hits;
    Map<String, String> params = Map.of("changes", String.valueOf(changes));
    findings.measure("AccuracyAlerts.told", params, "%", Better.HIGHER, told.percent());
    findings.measure("AccuracyAlerts.false", params, "%", Better.LOWER, wrong.percent());
    if (hits > 0) {
      findings.measure("AccuracyAlerts.late", params, "frames", Better.LOWER, late);
    }
    return List.of(
        Format.count(frames),
        Format.count(changes),
        Format.count(movies),
        told.toString(),
        atOnce.toString(),
        hits == 0 ? "" : Format.number(late),
        wrongForEvent.toString(),
        Format.count(count(counts, Counted.FALSE_FOR_EVENT)),
        wrong.toString(),
        Format.count(count(counts, Counted.FALSE)));
  }
}
