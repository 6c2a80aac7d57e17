package io.moviechat.bench.accuracy;

import io.moviechat.FrameTokens;
import io.moviechat.GenerationOptions;
import io.moviechat.MemoryBudget;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.bench.accuracy.Tally.Counted;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Chart;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Strategies;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.tinyworld.Actor;
import io.moviechat.tinyworld.Colour;
import io.moviechat.tinyworld.Kind;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.Scene;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.ScriptQuestion;
import io.moviechat.tinyworld.World;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One event of about a second in a long movie: which memory still knows it? Every strategy gets the
 * same tokens and the same number of slots, that of the model's own setting.
 *
 * <p>"Kept" is the memory's share: the event owns a slot, that is, makes up over half of one. The
 * answers are the memory's and the decoder's share together. Yes/no questions are asked in pairs,
 * one about the event and one about its kind in a colour that the movie never shows; "its colour"
 * is open. A scene that is shown for longer than {@value #LOOP_SECONDS} seconds at a time repeats
 * itself after that (painted and encoded once), which is what makes 100,000 frames affordable; each
 * frame is remembered one by one. Peers: all strategies. Sizes: 1,000 and 10,000 frames (quick), to
 * 100,000 (full). Command: {@code java -jar benchmarks.jar accuracy --filter Needle}.
 */
final class AccuracyNeedle implements Study {
  private static final int LOOP_SECONDS = 30;

  /** Scene changes: fewer than slots, and more. */
  private static final int FEW = 27;

  private static final int MANY = 120;

  /** Lines that a reader can tell apart; the table has all strategies. */
  private static final List<String> DRAWN =
      List.of("moviechat-start-empty", "moviechat", "events", "hybrid", "uniform", "recent");

  @Override
  public String question() {
    return "Does a memory still know an event of one second in a long movie?";
  }

  @Override
  public void run(Size size, Findings findings) {
    Optional<VisionLanguageModel> model = SmallModel.find();
    if (model.isEmpty()) {
      findings.skip("AccuracyNeedle", SmallModel.MISSING);
      return;
    }
    int slots = slots(model.get());
    int[] lengths =
        size.pick(new int[] {200}, new int[] {1000, 10_000}, new int[] {1000, 10_000, 100_000});
    int[] movies = size.pick(new int[] {1}, new int[] {4, 2}, new int[] {100, 40, 6});
    List<List<String>> rows = new ArrayList<>();
    List<Chart> charts = new ArrayList<>();
    try (Accuracy accuracy = new Accuracy(model.get())) {
      for (int changes : size == Size.SMOKE ? new int[] {FEW} : new int[] {FEW, MANY}) {
        Map<String, List<Double>> yesNo = new LinkedHashMap<>();
        Map<String, List<Double>> colour = new LinkedHashMap<>();
        List<Double> x = new ArrayList<>();
        for (int i = 0; i < lengths.length; i++) {
          int frames = lengths[i];
          int count = movies[i];
          findings.progress("  needle: " + frames + " frames, " + changes + " scene changes");
          Map<String, Tally> tallies =
              Tally.parse(
                  findings.cell(
                      "needle " + frames + " " + changes,
                      () -> Tally.text(measure(accuracy, slots, frames, changes, count))));
          x.add((double) frames);
          tallies.forEach(
              (name, tally) -> {
                rows.add(row(frames, changes, name, tally, findings));
                if (DRAWN.contains(name)) {
                  yesNo
                      .computeIfAbsent(name, key -> new ArrayList<>())
                      .add(tally.yesNo().percent());
                  colour
                      .computeIfAbsent(name, key -> new ArrayList<>())
                      .add(orZero(tally.share(Counted.COLOURS, Counted.COLOURS_ASKED).percent()));
                }
              });
        }
        String which = changes == FEW ? "fewer scene changes than slots" : "more than slots";
        String id = changes == FEW ? "few" : "many";
        charts.add(
            chart(
                "yes-no-" + id,
                "Was there the event? " + changes + " scene changes: " + which,
                x,
                yesNo));
        charts.add(
            chart(
                "colour-" + id, "Its colour? " + changes + " scene changes: " + which, x, colour));
      }
    }
    charts.forEach(findings::chart);
    findings.table(
        new Table(
            "accuracy-needle",
            "One second in a long movie, " + slots + " slots",
            List.of(
                "frames",
                "scene changes",
                "memory",
                "movies",
                "event owns a slot, %",
                "yes/no right, %",
                "(yes, %)",
                "(no, %)",
                "its colour, %",
                "its colour where it owns a slot, %"),
            rows,
            "In brackets the 95 % interval (Wilson). Chance: yes/no 50, colour 12.5. Where more"
                + " scenes change than there are slots, every memory must mix scenes. \"its"
                + " colour\" is asked where no other actor is of its kind."));
  }

  private static double orZero(double value) {
    return Double.isNaN(value) ? 0 : value;
  }

  private static Chart chart(
      String id, String title, List<Double> x, Map<String, List<Double>> lines) {
    List<Chart.Series> series = new ArrayList<>();
    lines.forEach((name, y) -> series.add(new Chart.Series(name, x, y)));
    return new Chart(
        "accuracy-needle-" + id, title, "frames watched", "right answers, %", true, false, series);
  }

  /** All slots of the model's own setting, short-term ones included. */
  private static int slots(VisionLanguageModel model) {
    String strategy = model.defaults().memoryStrategy().orElse("moviechat");
    return Strategies.of(strategy, model.defaults()).maxSlots();
  }

  private static Map<String, Tally> measure(
      Accuracy accuracy, int slots, int frames, int changes, int movies) {
    long first = Accuracy.firstSeed(50_000) + 1000L * changes;
    Map<String, Tally> tallies = new LinkedHashMap<>();
    for (int seed = 0; seed < movies; seed++) {
      Script script = Movies.needle(frames, changes, first + seed);
      watch(accuracy, slots, script)
          .forEach(
              (name, memory) ->
                  ask(
                      accuracy.generator(),
                      script,
                      memory,
                      tallies.computeIfAbsent(name, key -> new Tally())));
    }
    return tallies;
  }

  private static Map<String, MemorySnapshot> watch(Accuracy accuracy, int slots, Script script) {
    Map<Scene, List<float[]>> tokens = new HashMap<>();
    TokenShape shape = accuracy.shape();
    Map<String, VideoMemory> memories = new LinkedHashMap<>();
    try {
      for (String name : Strategies.names()) {
        memories.put(
            name,
            Strategies.of(name, accuracy.defaults())
                .within(MemoryBudget.ofSlots(slots), shape)
                .open(shape));
      }
      for (Script.Segment segment : script.segments()) {
        List<float[]> loop =
            tokens.computeIfAbsent(segment.scene(), scene -> loop(accuracy, scene, script));
        long count = segment.millis() / World.STEP_MILLIS;
        for (long i = 0; i < count; i++) {
          Duration time = Duration.ofMillis(segment.startMillis() + i * World.STEP_MILLIS);
          FloatBuffer values = FloatBuffer.wrap(loop.get((int) (i % loop.size())));
          FrameTokens frame = FrameTokens.of(time, shape, values);
          memories.values().forEach(memory -> memory.add(frame));
        }
      }
      Map<String, MemorySnapshot> snapshots = new LinkedHashMap<>();
      memories.forEach((name, memory) -> snapshots.put(name, memory.snapshot()));
      return snapshots;
    } finally {
      memories.values().forEach(VideoMemory::close);
    }
  }

  /** The tokens of a scene for as long as the movie ever shows it, at most of one loop. */
  static List<float[]> loop(Accuracy accuracy, Scene scene, Script script) {
    long longest =
        script.segments().stream()
            .filter(segment -> segment.scene().equals(scene))
            .mapToLong(Script.Segment::millis)
            .max()
            .orElseThrow();
    long millis = Math.min(longest, 1000L * LOOP_SECONDS);
    List<float[]> loop = new ArrayList<>();
    for (FrameTokens frame :
        accuracy.encode(new Script(List.of(new Script.Segment(scene, 0, millis))))) {
      float[] values = new float[frame.shape().floats()];
      frame.values().get(values);
      loop.add(values);
      frame.close();
    }
    return loop;
  }

  private static void ask(
      AnswerGenerator generator, Script script, MemorySnapshot memory, Tally tally) {
    Script.Segment event = Movies.event(script);
    Actor actor = event.scene().actors().get(0);
    boolean kept = memory.slots().stream().anyMatch(slot -> owns(event, slot));
    tally.count(Counted.MOVIES, true);
    tally.count(Counted.KEPT, kept);
    MovieView view = MovieView.of(memory);
    try (AnswerSession session = generator.open(view)) {
      String noun = actor.colour().word() + " " + actor.kind().word();
      tally.count(Counted.YES, says(session, "Was there " + article(noun) + "?", "Yes."));
      String other = article(absent(script, actor));
      tally.count(Counted.NO, says(session, "Was there " + other + "?", "No."));
      if (isOnlyOfItsKind(script, actor.kind())) {
        String truth = "The " + actor.kind().word() + " is " + actor.colour().word() + ".";
        String question = "What colour is the " + actor.kind().word() + "?";
        boolean right = says(session, question, truth);
        tally.count(Counted.COLOURS_ASKED, true);
        tally.count(Counted.COLOURS, right);
        tally.count(Counted.COLOURS_ASKED_OF_KEPT, kept);
        tally.count(Counted.COLOURS_OF_KEPT, kept && right);
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

  static boolean says(AnswerSession session, String question, String truth) {
    String answer =
        session
            .answer(
                AnswerRequest.of(question, GenerationOptions.builder().maxTokens(24).build()),
                TokenListener.NONE)
            .text();
    return ScriptQuestion.normalise(answer).equals(ScriptQuestion.normalise(truth));
  }

  /** The event's kind in a colour that it never has. */
  static String absent(Script script, Actor actor) {
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

  static boolean isOnlyOfItsKind(Script script, Kind kind) {
    return script.segments().stream()
            .map(Script.Segment::scene)
            .distinct()
            .flatMap(scene -> scene.actors().stream())
            .filter(actor -> actor.kind() == kind)
            .count()
        == 1;
  }

  static String article(String noun) {
    return (noun.startsWith("orange") ? "an " : "a ") + noun;
  }

  private static List<String> row(
      int frames, int changes, String name, Tally tally, Findings findings) {
    Map<String, Interval> shares = new LinkedHashMap<>();
    shares.put("kept", tally.share(Counted.KEPT, Counted.MOVIES));
    shares.put("yesNo", tally.yesNo());
    shares.put("yes", tally.share(Counted.YES, Counted.MOVIES));
    shares.put("no", tally.share(Counted.NO, Counted.MOVIES));
    shares.put("colour", tally.share(Counted.COLOURS, Counted.COLOURS_ASKED));
    shares.put("colourOfKept", tally.share(Counted.COLOURS_OF_KEPT, Counted.COLOURS_ASKED_OF_KEPT));
    List<String> row = new ArrayList<>();
    row.add(Format.count(frames));
    row.add(Format.count(changes));
    row.add(name);
    row.add(Format.count(tally.get(Counted.MOVIES)));
    shares.forEach(
        (what, share) -> {
          row.add(share.toString());
          if (share.all() > 0) {
            findings.measure(
                "AccuracyNeedle." + what,
                Map.of(
                    "frames",
                    String.valueOf(frames),
                    "changes",
                    String.valueOf(changes),
                    "strategy",
                    name),
                "%",
                Better.HIGHER,
                share.percent());
          }
        });
    return row;
  }
}
