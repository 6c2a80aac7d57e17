package io.moviechat.bench.accuracy;

import io.moviechat.FrameTokens;
import io.moviechat.MemoryBudget;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Strategies;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoMemoryProvider;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.tinyworld.Actor;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.Scene;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.World;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * An event of about a second in a movie of more scenes than the prompt has slots: what does recall
 * bring? Every memory gives the model the same number of slots. Beside the model's own strategy and
 * plain baselines stand three ways of consolidating a store of {@value #STORED} slots at question
 * time: blind, by the model's own scorer, and by an oracle that knows the event's slots.
 *
 * <p>Yes/no questions are asked in pairs, one about the event and one about its kind in a colour
 * that the movie never shows; its colour is asked where no other actor is of its kind. "Found" is
 * the scorer's own share: the slot that it wants most is one of the event's. Seeds start at {@code
 * -Dmoviechat.bench.seed=N}, so that others can be taken; {@code -Dbench.recall.changes=120} takes
 * one number of scene changes, {@code -Dbench.recall.frames=10000} movies up to that length. Sizes:
 * few movies (quick), 100 and fewer of the long ones (full). Command: {@code java -jar
 * benchmarks.jar accuracy --filter Recall}.
 */
final class AccuracyRecall implements Study {
  static final int STORED = 4096;
  private static final VideoMemoryProvider MEMORY =
      ServiceLoader.load(VideoMemoryProvider.class).findFirst().orElseThrow();
  private static final List<String> PLAIN = List.of("uniform", "recent", "clusters");

  /** A way of remembering, and what it gives the model for a question. */
  private record Memory(String name, Function<String, MemorySnapshot> given) {}

  /** What is counted of one memory: movies, right yes, right no, colours asked, right colours. */
  private static final class Tally {
    private final int[] counts;

    Tally(int[] counts) {
      this.counts = counts;
    }

    Interval yesNo() {
      return new Interval(counts[1] + counts[2], 2 * counts[0]);
    }

    Interval yes() {
      return new Interval(counts[1], counts[0]);
    }

    Interval no() {
      return new Interval(counts[2], counts[0]);
    }

    Interval colour() {
      return new Interval(counts[4], counts[3]);
    }

    Interval found() {
      return new Interval(counts[5], counts[0]);
    }
  }

  @Override
  public String question() {
    return "What does recall bring where a movie has more scenes than the prompt has slots?";
  }

  @Override
  public void run(Size size, Findings findings) {
    Optional<VisionLanguageModel> model = SmallModel.find();
    if (model.isEmpty()) {
      findings.skip("AccuracyRecall", SmallModel.MISSING);
      return;
    }
    Optional<SlotScorer> scorer = model.get().openScorer();
    if (scorer.isEmpty()) {
      findings.skip("AccuracyRecall", "the model has no scorer of its own");
      return;
    }
    int[] lengths =
        size.pick(new int[] {200}, new int[] {1000, 10_000}, new int[] {1000, 10_000, 100_000});
    int[] movies = size.pick(new int[] {1}, new int[] {12, 6}, new int[] {100, 100, 24});
    int[] changes = size.pick(new int[] {27}, new int[] {27, 120}, new int[] {27, 120, 1000});
    long seed = Long.getLong("moviechat.bench.seed", 900_000);
    int only = Integer.getInteger("bench.recall.changes", 0);
    int longest = Integer.getInteger("bench.recall.frames", Integer.MAX_VALUE);
    List<List<String>> rows = new ArrayList<>();
    try (SlotScorer own = scorer.get();
        Accuracy accuracy = new Accuracy(model.get())) {
      for (int change : changes) {
        for (int i = 0; i < lengths.length; i++) {
          boolean tooShort = lengths[i] / change < 6; // scenes would be shorter than the event
          if (tooShort || lengths[i] > longest || (only > 0 && change != only)) {
            continue;
          }
          int frames = lengths[i];
          int count = movies[i];
          findings.progress("  recall: " + frames + " frames, " + change + " scene changes");
          String cell =
              findings.cell(
                  "recall %d %d %d %d".formatted(frames, change, count, seed),
                  () -> text(measure(accuracy, own, frames, change, count, seed)));
          parse(cell)
              .forEach((name, tally) -> rows.add(row(frames, change, name, tally, findings)));
        }
      }
    }
    findings.table(
        new Table(
            "accuracy-recall",
            "One second in a movie of many scenes, asked by recall",
            List.of(
                "frames",
                "scene changes",
                "memory",
                "movies",
                "yes/no right, %",
                "(yes, %)",
                "(no, %)",
                "its colour, %",
                "scorer's best slot is the event's, %"),
            rows,
            "In brackets the 95 % interval (Wilson). Chance: yes/no 50, colour 12.5. All memories"
                + " give the model the same number of slots; the store of recall holds up to "
                + STORED
                + "."));
  }

  private static String text(Map<String, Tally> tallies) {
    return tallies.entrySet().stream()
        .map(
            e ->
                e.getKey()
                    + "="
                    + Arrays.stream(e.getValue().counts)
                        .mapToObj(String::valueOf)
                        .collect(Collectors.joining(",")))
        .collect(Collectors.joining(" "));
  }

  private static Map<String, Tally> parse(String text) {
    Map<String, Tally> tallies = new LinkedHashMap<>();
    for (String part : text.split(" ", -1)) {
      int at = part.indexOf('=');
      tallies.put(
          part.substring(0, at),
          new Tally(
              Arrays.stream(part.substring(at + 1).split(",", -1))
                  .mapToInt(Integer::parseInt)
                  .toArray()));
    }
    return tallies;
  }

  private static Map<String, Tally> measure(
      Accuracy accuracy, SlotScorer scorer, int frames, int changes, int movies, long seed) {
    Map<String, Tally> tallies = new LinkedHashMap<>();
    for (int i = 0; i < movies; i++) {
      Script script = Movies.needle(frames, changes, seed + 1000L * changes + i);
      for (Memory memory : memories(accuracy, scorer, script)) {
        Tally tally = tallies.computeIfAbsent(memory.name(), name -> new Tally(new int[6]));
        ask(accuracy, scorer, script, memory, tally.counts);
      }
    }
    return tallies;
  }

  private static List<Memory> memories(Accuracy accuracy, SlotScorer scorer, Script script) {
    String own = accuracy.defaults().memoryStrategy().orElse("moviechat");
    int slots = Strategies.of(own, accuracy.defaults()).maxSlots();
    TokenShape shape = accuracy.shape();
    Map<String, VideoMemory> memories = new LinkedHashMap<>();
    try {
      memories.put(own, Strategies.of(own, accuracy.defaults()).open(shape));
      for (String name : PLAIN) {
        memories.put(
            name,
            Strategies.of(name, accuracy.defaults())
                .within(MemoryBudget.ofSlots(slots), shape)
                .open(shape));
      }
      memories.put(
          "store",
          Strategies.of(own, accuracy.defaults().toBuilder().longTermSlots(STORED).build())
              .open(shape));
      remember(accuracy, script, shape, memories.values());
      List<Memory> given = new ArrayList<>();
      memories.forEach(
          (name, memory) -> {
            MemorySnapshot snapshot = memory.snapshot();
            if (!name.equals("store")) {
              given.add(new Memory(name, question -> snapshot));
              return;
            }
            Script.Segment event = Movies.event(script);
            int size = snapshot.slots().size();
            given.add(new Memory("recall-blind", q -> recall(snapshot, new float[size], slots)));
            given.add(
                new Memory(
                    "recall",
                    q -> {
                      float[] wanted = scorer.score(q, snapshot).orElseGet(() -> new float[size]);
                      return recall(snapshot, wanted, slots);
                    }));
            given.add(
                new Memory("recall-oracle", q -> recall(snapshot, oracle(snapshot, event), slots)));
          });
      return given;
    } finally {
      memories.values().forEach(VideoMemory::close);
    }
  }

  private static void remember(
      Accuracy accuracy, Script script, TokenShape shape, Iterable<VideoMemory> memories) {
    Map<Scene, List<float[]>> tokens = new HashMap<>();
    for (Script.Segment segment : script.segments()) {
      List<float[]> loop =
          tokens.computeIfAbsent(
              segment.scene(), scene -> AccuracyNeedle.loop(accuracy, scene, script));
      long count = segment.millis() / World.STEP_MILLIS;
      for (long i = 0; i < count; i++) {
        Duration time = Duration.ofMillis(segment.startMillis() + i * World.STEP_MILLIS);
        FrameTokens frame =
            FrameTokens.of(time, shape, FloatBuffer.wrap(loop.get((int) (i % loop.size()))));
        memories.forEach(memory -> memory.add(frame));
      }
    }
  }

  private static MemorySnapshot recall(MemorySnapshot store, float[] wanted, int slots) {
    return MEMORY.recall(store, wanted, slots);
  }

  private static float[] oracle(MemorySnapshot store, Script.Segment event) {
    float[] wanted = new float[store.slots().size()];
    for (int i = 0; i < wanted.length; i++) {
      wanted[i] = touches(event, store.slots().get(i)) ? 1 : 0;
    }
    return wanted;
  }

  private static boolean touches(Script.Segment event, MemorySlot slot) {
    return slot.start().toMillis() < event.endMillis()
        && slot.end().toMillis() > event.startMillis();
  }

  private static void ask(
      Accuracy accuracy, SlotScorer scorer, Script script, Memory memory, int[] counts) {
    Script.Segment event = Movies.event(script);
    Actor actor = event.scene().actors().get(0);
    String noun = actor.colour().word() + " " + actor.kind().word();
    counts[0]++;
    String yes = "Was there " + AccuracyNeedle.article(noun) + "?";
    String no = "Was there " + AccuracyNeedle.article(AccuracyNeedle.absent(script, actor)) + "?";
    counts[1] += says(accuracy, memory, yes, "Yes.") ? 1 : 0;
    counts[2] += says(accuracy, memory, no, "No.") ? 1 : 0;
    if (AccuracyNeedle.isOnlyOfItsKind(script, actor.kind())) {
      counts[3]++;
      boolean right =
          says(
              accuracy,
              memory,
              "What colour is the " + actor.kind().word() + "?",
              "The " + actor.kind().word() + " is " + actor.colour().word() + ".");
      counts[4] += right ? 1 : 0;
    }
    MemorySnapshot given = memory.given().apply(yes);
    Optional<float[]> wanted = scorer.score(yes, given);
    if (wanted.isPresent()) {
      float[] values = wanted.get();
      int best = 0;
      for (int i = 1; i < values.length; i++) {
        best = values[i] > values[best] ? i : best;
      }
      counts[5] += touches(event, given.slots().get(best)) ? 1 : 0;
    }
  }

  private static boolean says(Accuracy accuracy, Memory memory, String question, String truth) {
    try (AnswerSession session =
        accuracy.generator().open(MovieView.of(memory.given().apply(question)))) {
      return AccuracyNeedle.says(session, question, truth);
    }
  }

  private static List<String> row(
      int frames, int changes, String name, Tally tally, Findings findings) {
    Map<String, Interval> shares = new LinkedHashMap<>();
    shares.put("yesNo", tally.yesNo());
    shares.put("yes", tally.yes());
    shares.put("no", tally.no());
    shares.put("colour", tally.colour());
    shares.put("found", tally.found());
    List<String> row = new ArrayList<>();
    row.add(Format.count(frames));
    row.add(Format.count(changes));
    row.add(name);
    row.add(Format.count(tally.counts[0]));
    shares.forEach(
        (what, share) -> {
          row.add(share.toString());
          if (share.all() > 0) {
            findings.measure(
                "AccuracyRecall." + what,
                Map.of(
                    "frames",
                    String.valueOf(frames),
                    "changes",
                    String.valueOf(changes),
                    "memory",
                    name),
                "%",
                Better.HIGHER,
                share.percent());
          }
        });
    return row;
  }
}
