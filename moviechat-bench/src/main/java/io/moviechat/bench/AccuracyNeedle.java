package io.moviechat.bench;

import io.moviechat.Frame;
import io.moviechat.FrameSampling;
import io.moviechat.FrameTokens;
import io.moviechat.GenerationOptions;
import io.moviechat.MemoryBudget;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.KeyframeSource;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.TokenListener;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.tinymodel.Actor;
import io.moviechat.tinymodel.Colour;
import io.moviechat.tinymodel.Kind;
import io.moviechat.tinymodel.Movies;
import io.moviechat.tinymodel.Script;
import io.moviechat.tinymodel.ScriptQuestion;
import io.moviechat.tinymodel.ScriptVideos;
import io.moviechat.tinymodel.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One event of about a second in a long movie: which memory still knows it? Every strategy gets the
 * same frames in one pass and the same number of slots.
 *
 * <p>"Kept" is the memory's share: the event owns a slot, that is, makes up over half of one. The
 * answers are the memory's and the decoder's share together. Command: {@code java -jar
 * benchmarks.jar accuracy --filter Needle}.
 */
final class AccuracyNeedle implements Study {
  private static final int SLOTS = 64;
  private static final int BATCH = 32;

  /** What is counted of one strategy. */
  private static final class Tally {
    private int movies;
    private int kept;
    private int yes;
    private int no;
    private int colour;
    private int colourAsked;
  }

  @Override
  public String question() {
    return "Does a memory of 64 slots still know an event of one second in a long movie?";
  }

  @Override
  public void run(Size size, Findings findings) {
    Optional<VisionLanguageModel> model = SmallModel.find();
    if (model.isEmpty()) {
      findings.skip("AccuracyNeedle", SmallModel.MISSING);
      return;
    }
    List<List<String>> rows = new ArrayList<>();
    Map<String, List<Double>> lines = new LinkedHashMap<>();
    List<Double> lengths = new ArrayList<>();
    try (FrameEncoder encoder = model.get().openEncoder();
        AnswerGenerator generator = model.get().openGenerator()) {
      for (int frames : size.pick(new int[] {200}, new int[] {1000, 10_000}, LONG)) {
        int movies = Math.max(3, size.pick(500, 30_000, 200_000) / frames);
        for (int segments : new int[] {frames <= 1000 ? 12 : 27, 100}) {
          if (size == Size.SMOKE && segments == 100) {
            continue;
          }
          findings.progress("needle: " + frames + " frames, " + segments + " scene changes");
          Map<String, Tally> tallies =
              measure(model.get(), encoder, generator, frames, segments, Math.min(100, movies));
          tallies.forEach((name, tally) -> rows.add(row(frames, segments, name, tally, findings)));
          if (segments < 100) {
            lengths.add((double) frames);
            tallies.forEach(
                (name, tally) ->
                    lines
                        .computeIfAbsent(name, key -> new ArrayList<>())
                        .add(100.0 * tally.yes / tally.movies));
          }
        }
      }
    }
    findings.table(
        new Table(
            "accuracy-needle",
            "One second in a long movie, " + SLOTS + " slots",
            List.of(
                "frames",
                "scene changes",
                "memory",
                "movies",
                "event kept, %",
                "\"was there\" yes, %",
                "absent, no, %",
                "its colour, %"),
            rows,
            "With more scene changes than slots every memory must mix scenes."));
    List<Chart.Series> series = new ArrayList<>();
    lines.forEach((name, y) -> series.add(new Chart.Series(name, lengths, y)));
    findings.chart(
        new Chart(
            "accuracy-needle",
            "Was there the event? (fewer scene changes than slots)",
            "frames watched",
            "right \"yes\", %",
            true,
            false,
            series));
  }

  private static final int[] LONG = {1000, 10_000, 100_000};

  private static Map<String, Tally> measure(
      VisionLanguageModel model,
      FrameEncoder encoder,
      AnswerGenerator generator,
      int frames,
      int segments,
      int movies) {
    Map<String, Tally> tallies = new LinkedHashMap<>();
    for (int seed = 0; seed < movies; seed++) {
      Script script = Movies.needle(frames, segments, 50_000L + 1000L * segments + seed);
      Map<String, MemorySnapshot> memories = watch(model, encoder, script);
      memories.forEach(
          (name, memory) ->
              ask(generator, script, memory, tallies.computeIfAbsent(name, key -> new Tally())));
    }
    return tallies;
  }

  private static Map<String, MemorySnapshot> watch(
      VisionLanguageModel model, FrameEncoder encoder, Script script) {
    Map<String, VideoMemory> memories = new LinkedHashMap<>();
    ScriptVideos videos = new ScriptVideos();
    try (VideoSource source = videos.open(videos.add("needle", script))) {
      for (String name : Strategies.names()) {
        memories.put(
            name,
            Strategies.of(name, model.defaults())
                .within(MemoryBudget.ofSlots(SLOTS), encoder.shape())
                .open(encoder.shape()));
      }
      Duration interval = Duration.ofMillis(World.STEP_MILLIS);
      try (FrameStream stream =
          source.frames(FrameSampling.every(interval), encoder.preferredFormat())) {
        List<Frame> batch = new ArrayList<>();
        for (Optional<Frame> next = stream.next(); next.isPresent(); next = stream.next()) {
          batch.add(next.get());
          if (batch.size() == BATCH) {
            remember(encoder, batch, memories);
          }
        }
        remember(encoder, batch, memories);
      }
      Map<String, MemorySnapshot> snapshots = new LinkedHashMap<>();
      memories.forEach((name, memory) -> snapshots.put(name, memory.snapshot()));
      return snapshots;
    } finally {
      memories.values().forEach(VideoMemory::close);
    }
  }

  private static void remember(
      FrameEncoder encoder, List<Frame> batch, Map<String, VideoMemory> memories) {
    if (!batch.isEmpty()) {
      for (FrameTokens tokens : encoder.encode(batch)) {
        memories.values().forEach(memory -> memory.add(tokens));
        tokens.close();
      }
      batch.forEach(Frame::close);
      batch.clear();
    }
  }

  private static void ask(
      AnswerGenerator generator, Script script, MemorySnapshot memory, Tally tally) {
    Script.Segment event = Movies.event(script);
    Actor actor = event.scene().actors().get(0);
    tally.movies++;
    tally.kept += memory.slots().stream().anyMatch(slot -> owns(event, slot)) ? 1 : 0;
    MovieView view = new MovieView(memory, Optional.empty(), KeyframeSource.NONE);
    try (AnswerSession session = generator.open(view)) {
      String noun = actor.colour().word() + " " + actor.kind().word();
      tally.yes += says(session, "Was there " + article(noun) + "?", "Yes.") ? 1 : 0;
      tally.no += says(session, "Was there " + article(absent(script, actor)) + "?", "No.") ? 1 : 0;
      if (isOnlyOfItsKind(script, actor.kind())) {
        tally.colourAsked++;
        String truth = "The " + actor.kind().word() + " is " + actor.colour().word() + ".";
        String question = "What colour is the " + actor.kind().word() + "?";
        tally.colour += says(session, question, truth) ? 1 : 0;
      }
    }
  }

  private static boolean owns(Script.Segment event, MemorySlot slot) {
    long start = slot.start().toMillis();
    long end = slot.end().toMillis();
    if (slot.frames() == 1) {
      return start >= event.startMillis() && start < event.endMillis();
    }
    long common = Math.min(end, event.endMillis()) - Math.max(start, event.startMillis());
    return 2 * common > end - start;
  }

  private static boolean says(AnswerSession session, String question, String truth) {
    String answer =
        session
            .answer(
                AnswerRequest.of(question, GenerationOptions.builder().maxTokens(24).build()),
                TokenListener.NONE)
            .text();
    return ScriptQuestion.normalise(answer).equals(ScriptQuestion.normalise(truth));
  }

  /** The event's kind in a colour that it never has. */
  private static String absent(Script script, Actor actor) {
    for (Colour colour : Colour.values()) {
      boolean there =
          script.segments().stream()
              .flatMap(segment -> segment.scene().actors().stream())
              .anyMatch(a -> a.kind() == actor.kind() && a.colour() == colour);
      if (!there) {
        return colour.word() + " " + actor.kind().word();
      }
    }
    throw new IllegalStateException("a movie has " + actor.kind() + " in every colour");
  }

  private static boolean isOnlyOfItsKind(Script script, Kind kind) {
    return script.segments().stream()
            .map(Script.Segment::scene)
            .distinct()
            .flatMap(scene -> scene.actors().stream())
            .filter(actor -> actor.kind() == kind)
            .count()
        == 1;
  }

  private static String article(String noun) {
    return (noun.startsWith("orange") ? "an " : "a ") + noun;
  }

  private static List<String> row(
      int frames, int segments, String name, Tally tally, Findings findings) {
    List<String> row = new ArrayList<>();
    row.add(Format.count(frames));
    row.add(Format.count(segments));
    row.add(name);
    row.add(Format.count(tally.movies));
    add("kept", frames, segments, name, tally.kept, tally.movies, row, findings);
    add("yes", frames, segments, name, tally.yes, tally.movies, row, findings);
    add("no", frames, segments, name, tally.no, tally.movies, row, findings);
    add("colour", frames, segments, name, tally.colour, tally.colourAsked, row, findings);
    return row;
  }

  private static void add(
      String what,
      int frames,
      int segments,
      String name,
      int right,
      int asked,
      List<String> row,
      Findings findings) {
    double percent = asked == 0 ? Double.NaN : 100.0 * right / asked;
    row.add(Format.number(percent));
    if (asked > 0) {
      findings.measure(
          "AccuracyNeedle." + what,
          Map.of(
              "frames",
              String.valueOf(frames),
              "changes",
              String.valueOf(segments),
              Measure.PEER,
              name),
          "%",
          Better.HIGHER,
          percent);
    }
  }
}
