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
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Strategies;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoMemoryProvider;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.tinyworld.Actor;
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
import java.util.OptionalLong;
import java.util.ServiceLoader;
import java.util.function.Function;

/**
 * An event of about a second in a movie of more scenes than the prompt has slots: what does recall
 * bring? Every memory gives the model the same number of slots. Beside the model's own strategy and
 * plain baselines stand three ways of consolidating a store of {@value #STORED} slots at question
 * time: blind, by the model's own scorer, and by an oracle that knows the event's slots.
 *
 * <p>Yes/no questions are asked in pairs, one about the event and one about its kind in a colour
 * that the movie never shows; its colour is asked where no other actor is of its kind. The scorer's
 * own share: whether one of the event's slots is among the k that it wants most of the store. Time
 * and prompt are those of the answers counted; questions that are given the same slots read them
 * once, as in a movie.
 *
 * <p>A scene that is shown for longer than half a minute at a time repeats itself ({@link
 * AccuracyNeedle#loop}), which is what makes 100,000 frames affordable; each frame is remembered
 * one by one. Movies of which every frame is painted are asked the same, to show what that changes.
 *
 * <p>Seeds start at {@code -Dmoviechat.bench.seed=N}, so that others can be taken; {@code
 * -Dbench.recall.changes=120} takes one number of scene changes, {@code
 * -Dbench.recall.frames=10000} movies up to that length. Each movie is a cell of the journal.
 * Sizes: few movies (quick), 100 a cell (full), or {@code -Dbench.recall.movies=200}. Command:
 * {@code java -jar benchmarks.jar accuracy -Pfull --filter 'AccuracyRecall$'}; with {@code
 * --minutes N} it ends early, and goes on when it is run again.
 */
final class AccuracyRecall implements Study {
  static final int STORED = 4096;
  private static final VideoMemoryProvider MEMORY =
      ServiceLoader.load(VideoMemoryProvider.class).findFirst().orElseThrow();
  private static final List<String> PLAIN = List.of("uniform", "recent", "clusters");
  private static final String STORE = "store";
  private static final int[] TOP = {1, 5, 20, 80};
  private static final GenerationOptions OPTIONS =
      GenerationOptions.builder().maxTokens(24).build();

  /** Movies of a cell that are taken together, so that a run that ends early knows of all cells. */
  private static final int ROUND = 20;

  /** Of which every frame is painted. */
  private static final Cell PAINTED = new Cell(1000, 27);

  /** Movies that are alike. */
  private record Cell(int frames, int changes) {
    @Override
    public String toString() {
      return frames + " frames, " + changes + " scene changes";
    }

    Map<String, String> params() {
      return Map.of("frames", String.valueOf(frames), "changes", String.valueOf(changes));
    }
  }

  /**
   * A way of remembering.
   *
   * @param wanted how much a question wants each slot of the store; empty if it is given as it is
   */
  private record Memory(
      String name, MemorySnapshot held, Optional<Function<String, float[]>> wanted) {
    MemorySnapshot given(String question, int slots) {
      return wanted.map(w -> MEMORY.recall(held, w.apply(question), slots)).orElse(held);
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
    int movies = Integer.getInteger("bench.recall.movies", size.pick(1, 6, 100));
    int[] changes = size.pick(new int[] {27}, new int[] {27, 120}, new int[] {27, 120, 1000});
    int painted = size.pick(1, 6, 20);
    long seed = Accuracy.firstSeed(900_000);
    int only = Integer.getInteger("bench.recall.changes", 0);
    int longest = Integer.getInteger("bench.recall.frames", Integer.MAX_VALUE);
    List<List<String>> rows = new ArrayList<>();
    List<List<String>> scorerRows = new ArrayList<>();
    try (SlotScorer own = scorer.get();
        Accuracy accuracy = new Accuracy(model.get())) {
      Needles needles = new Needles(accuracy, own);
      comparePainted(needles, painted, seed, findings);
      Map<Cell, Map<String, Tally>> cells = new LinkedHashMap<>();
      for (int frames : lengths) {
        for (int change : changes) {
          boolean tooShort = frames / change < 6; // scenes would be events
          if (!tooShort && frames <= longest && (only == 0 || change == only)) {
            cells.put(new Cell(frames, change), new LinkedHashMap<>());
          }
        }
      }
      for (int from = 0; from < movies; from += ROUND) {
        for (Map.Entry<Cell, Map<String, Tally>> cell : cells.entrySet()) {
          findings.progress("  recall: " + cell.getKey() + ", from movie " + from);
          for (int i = from; i < Math.min(movies, from + ROUND); i++) {
            movie(needles, cell.getKey(), seed + i, false, findings)
                .ifPresent(movie -> Tally.add(movie, cell.getValue()));
          }
        }
      }
      cells.forEach(
          (cell, tallies) ->
              tallies.forEach(
                  (name, tally) -> {
                    if (name.equals(STORE)) {
                      scorerRows.add(scorerRow(cell, tally, findings));
                    } else {
                      rows.add(row(cell, name, tally, findings));
                    }
                  }));
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
                "colours asked",
                "answers a second",
                "prompt tokens"),
            rows,
            "In brackets the 95 % interval (Wilson). Chance: yes/no 50, colour 12.5. All memories"
                + " give the model the same number of slots; the store of recall holds up to "
                + STORED
                + ". Answers a second: with scoring, consolidating and reading the prompt, which"
                + " questions that are given the same slots read once; only to be compared with"
                + " each other."));
    findings.table(
        new Table(
            "accuracy-recall-scorer",
            "Where the event is among the slots that the scorer wants most",
            List.of(
                "frames",
                "scene changes",
                "movies",
                "slots stored",
                "first, %",
                "in the first 5, %",
                "in the first 20, %",
                "in the first 80, %"),
            scorerRows,
            "Asked \"was there ...?\". In brackets the 95 % interval (Wilson)."));
  }

  /** Tallies of one movie by memory; empty if the time is over. */
  private static Optional<Map<String, Tally>> movie(
      Needles needles, Cell cell, long seed, boolean painted, Findings findings) {
    long movie = seed + 1000L * cell.changes();
    return findings
        .cellInTime(
            "recall %d %d %d%s"
                .formatted(cell.frames(), cell.changes(), movie, painted ? " painted" : ""),
            () ->
                Tally.text(
                    needles.examine(Movies.needle(cell.frames(), cell.changes(), movie), painted)))
        .map(Tally::parse);
  }

  /** The same movies with every frame painted, and with scenes that repeat themselves. */
  private static void comparePainted(Needles needles, int movies, long seed, Findings findings) {
    Map<String, Tally> repeated = new LinkedHashMap<>();
    Map<String, Tally> painted = new LinkedHashMap<>();
    for (int i = 0; i < movies; i++) {
      for (boolean all : new boolean[] {false, true}) {
        movie(needles, PAINTED, seed + i, all, findings)
            .ifPresent(movie -> Tally.add(movie, all ? painted : repeated));
      }
    }
    List<List<String>> rows = new ArrayList<>();
    repeated.forEach(
        (name, tally) -> {
          Tally other = painted.get(name);
          if (other != null && !name.equals(STORE)) {
            rows.add(
                List.of(
                    name,
                    Format.count(tally.get(Counted.MOVIES)),
                    tally.yesNo().toString(),
                    other.yesNo().toString(),
                    tally.share(Counted.COLOURS, Counted.COLOURS_ASKED).toString(),
                    other.share(Counted.COLOURS, Counted.COLOURS_ASKED).toString()));
          }
        });
    findings.table(
        new Table(
            "accuracy-recall-painted",
            "Scenes that repeat themselves, and every frame painted",
            List.of(
                "memory",
                "movies",
                "yes/no, repeated, %",
                "yes/no, painted, %",
                "colour, repeated, %",
                "colour, painted, %"),
            rows,
            "The same movies of " + PAINTED + ": the camera's noise is all that differs."));
  }

  /** Watches needle movies and asks about them. */
  private static final class Needles {
    private final Accuracy accuracy;
    private final SlotScorer scorer;
    private final String own;
    private final int slots;

    Needles(Accuracy accuracy, SlotScorer scorer) {
      this.accuracy = accuracy;
      this.scorer = scorer;
      this.own = accuracy.defaults().memoryStrategy().orElse("moviechat");
      this.slots = Strategies.of(own, accuracy.defaults()).maxSlots();
    }

    /**
     * @param painted whether every frame is painted
     */
    Map<String, Tally> examine(Script script, boolean painted) {
      Map<String, Tally> tallies = new LinkedHashMap<>();
      List<Memory> memories = memories(script, painted);
      MemorySnapshot store = memories.get(memories.size() - 1).held();
      tallies.put(STORE, examineScorer(script, store));
      for (Memory memory : memories) {
        tallies.put(memory.name(), ask(script, memory));
      }
      return tallies;
    }

    private List<Memory> memories(Script script, boolean painted) {
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
            STORE,
            Strategies.of(own, accuracy.defaults().toBuilder().longTermSlots(STORED).build())
                .open(shape));
        if (painted) {
          List<FrameTokens> all = accuracy.encode(script);
          all.forEach(frame -> memories.values().forEach(memory -> memory.add(frame)));
          all.forEach(FrameTokens::close);
        } else {
          remember(script, shape, memories.values());
        }
        List<Memory> given = new ArrayList<>();
        memories.forEach(
            (name, memory) -> {
              if (!name.equals(STORE)) {
                given.add(new Memory(name, memory.snapshot(), Optional.empty()));
              }
            });
        MemorySnapshot store = memories.get(STORE).snapshot();
        int size = store.slots().size();
        Script.Segment event = Movies.event(script);
        given.add(new Memory("recall-blind", store, Optional.of(q -> new float[size])));
        given.add(
            new Memory(
                "recall",
                store,
                Optional.of(q -> scorer.score(q, store).orElseGet(() -> new float[size]))));
        given.add(new Memory("recall-oracle", store, Optional.of(q -> oracle(store, event))));
        return given;
      } finally {
        memories.values().forEach(VideoMemory::close);
      }
    }

    private void remember(Script script, TokenShape shape, Iterable<VideoMemory> memories) {
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

    private Tally examineScorer(Script script, MemorySnapshot store) {
      Script.Segment event = Movies.event(script);
      Tally tally = new Tally();
      tally.count(Counted.MOVIES, true);
      tally.add(Counted.STORED_SLOTS, store.slots().size());
      float[] wanted =
          scorer
              .score(yes(event.scene().actors().get(0)), store)
              .orElseGet(() -> new float[store.slots().size()]);
      OptionalLong rank = rank(wanted, oracle(store, event));
      Counted[] within = {Counted.IN_TOP_1, Counted.IN_TOP_5, Counted.IN_TOP_20, Counted.IN_TOP_80};
      for (int i = 0; i < TOP.length; i++) {
        tally.count(within[i], rank.isPresent() && rank.getAsLong() < TOP[i]);
      }
      return tally;
    }

    private Tally ask(Script script, Memory memory) {
      Script.Segment event = Movies.event(script);
      Actor actor = event.scene().actors().get(0);
      Tally tally = new Tally();
      try (Asked asked = new Asked(accuracy, memory, slots, tally)) {
        tally.count(Counted.MOVIES, true);
        tally.count(Counted.YES, asked.says(yes(actor), "Yes."));
        String absent = AccuracyNeedle.article(AccuracyNeedle.absent(script, actor));
        tally.count(Counted.NO, asked.says("Was there " + absent + "?", "No."));
        if (AccuracyNeedle.isOnlyOfItsKind(script, actor.kind())) {
          String kind = actor.kind().word();
          String truth = "The " + kind + " is " + actor.colour().word() + ".";
          tally.count(Counted.COLOURS_ASKED, true);
          tally.count(Counted.COLOURS, asked.says("What colour is the " + kind + "?", truth));
        }
      }
      return tally;
    }

    private static String yes(Actor actor) {
      String noun = actor.colour().word() + " " + actor.kind().word();
      return "Was there " + AccuracyNeedle.article(noun) + "?";
    }
  }

  /** Questions about one memory of one movie. */
  private static final class Asked implements AutoCloseable {
    private final Accuracy accuracy;
    private final Memory memory;
    private final int slots;
    private final Tally tally;
    private Optional<AnswerSession> shared = Optional.empty();
    private List<MemorySlot> read = List.of();

    Asked(Accuracy accuracy, Memory memory, int slots, Tally tally) {
      this.accuracy = accuracy;
      this.memory = memory;
      this.slots = slots;
      this.tally = tally;
    }

    boolean says(String question, String truth) {
      long start = System.nanoTime();
      MemorySnapshot given = memory.given(question, slots);
      if (!given.slots().equals(read)) {
        close();
        shared = Optional.of(accuracy.generator().open(MovieView.of(given)));
        read = given.slots();
      }
      GeneratedAnswer answer =
          shared.orElseThrow().answer(AnswerRequest.of(question, OPTIONS), TokenListener.NONE);
      tally.add(Counted.NANOS, System.nanoTime() - start);
      tally.add(Counted.PROMPT_TOKENS, answer.promptTokens());
      tally.count(Counted.ANSWERS, true);
      return ScriptQuestion.normalise(answer.text()).equals(ScriptQuestion.normalise(truth));
    }

    @Override
    public void close() {
      shared.ifPresent(AnswerSession::close);
      shared = Optional.empty();
    }
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

  /** How many slots are wanted at least as much as the best of the right ones, that apart. */
  private static OptionalLong rank(float[] wanted, float[] right) {
    int best = -1;
    for (int i = 0; i < wanted.length; i++) {
      best = right[i] > 0 && (best < 0 || wanted[i] > wanted[best]) ? i : best;
    }
    if (best < 0) {
      return OptionalLong.empty();
    }
    long before = -1;
    for (float value : wanted) {
      before += value >= wanted[best] ? 1 : 0;
    }
    return OptionalLong.of(before);
  }

  private static List<String> row(Cell cell, String name, Tally tally, Findings findings) {
    Map<String, String> params = new LinkedHashMap<>(cell.params());
    params.put("memory", name);
    Map<String, Interval> shares = new LinkedHashMap<>();
    shares.put("yesNo", tally.yesNo());
    shares.put("yes", tally.share(Counted.YES, Counted.MOVIES));
    shares.put("no", tally.share(Counted.NO, Counted.MOVIES));
    shares.put("colour", tally.share(Counted.COLOURS, Counted.COLOURS_ASKED));
    List<String> row = new ArrayList<>();
    row.add(Format.count(cell.frames()));
    row.add(Format.count(cell.changes()));
    row.add(name);
    row.add(Format.count(tally.get(Counted.MOVIES)));
    add(shares, params, row, findings);
    row.add(Format.count(tally.get(Counted.COLOURS_ASKED)));
    double answers = tally.get(Counted.ANSWERS);
    double second = 1e9 * answers / tally.get(Counted.NANOS);
    double tokens = tally.get(Counted.PROMPT_TOKENS) / answers;
    row.add(Format.number(second));
    row.add(Format.count(Math.round(tokens)));
    findings.measure("AccuracyRecall.answers", params, "answers/s", Better.HIGHER, second);
    findings.measure("AccuracyRecall.prompt", params, "tokens", Better.LOWER, tokens);
    return row;
  }

  private static List<String> scorerRow(Cell cell, Tally tally, Findings findings) {
    Map<String, Interval> shares = new LinkedHashMap<>();
    shares.put("inTop1", tally.share(Counted.IN_TOP_1, Counted.MOVIES));
    shares.put("inTop5", tally.share(Counted.IN_TOP_5, Counted.MOVIES));
    shares.put("inTop20", tally.share(Counted.IN_TOP_20, Counted.MOVIES));
    shares.put("inTop80", tally.share(Counted.IN_TOP_80, Counted.MOVIES));
    List<String> row = new ArrayList<>();
    row.add(Format.count(cell.frames()));
    row.add(Format.count(cell.changes()));
    row.add(Format.count(tally.get(Counted.MOVIES)));
    row.add(Format.count(tally.get(Counted.STORED_SLOTS) / tally.get(Counted.MOVIES)));
    add(shares, cell.params(), row, findings);
    return row;
  }

  private static void add(
      Map<String, Interval> shares,
      Map<String, String> params,
      List<String> row,
      Findings findings) {
    shares.forEach(
        (what, share) -> {
          row.add(share.toString());
          if (share.all() > 0) {
            findings.measure("AccuracyRecall." + what, params, "%", Better.HIGHER, share.percent());
          }
        });
  }
}
