package io.moviechat.bench.eval;

import io.moviechat.FrameSampling;
import io.moviechat.GenerationOptions;
import io.moviechat.MemoryBudget;
import io.moviechat.MovieChat;
import io.moviechat.bench.harness.Strategies;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VisionLanguageModel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One way of watching: a cell of the grid. What it leaves open is as the model wishes.
 *
 * @param settings by key: {@code strategy}, {@code slots}, {@code sampling}, {@code recent} (frames
 *     just before a breakpoint), {@code recall} (on, off), {@code prompt} (slots that a question is
 *     given of what is remembered, with recall)
 */
record Cell(Map<String, String> settings) {
  /** The cell of runs without a grid. */
  static final Cell DEFAULT = new Cell(Map.of());

  /** The cell that is shown no film. */
  static final String TEXT_ONLY = "text-only";

  private static final List<String> KEYS =
      List.of("strategy", "slots", "sampling", "recent", "recall", "prompt");

  /** The store of memories that are consolidated for each question, unless slots= says less. */
  private static final int MOST_STORED = 4096;

  private static final Pattern TIME = Pattern.compile("every:(\\d+(?:\\.\\d+)?)(ms|s)");
  private static final Pattern UNIFORM = Pattern.compile("uniform:(\\d{1,6})");

  /**
   * All combinations of {@code key=value,value} texts.
   *
   * @throws IllegalArgumentException naming the text that says nothing, and what could be said
   */
  static List<Cell> grid(List<String> axes) {
    List<Map<String, String>> cells = List.of(Map.of());
    for (String axis : axes) {
      int equals = axis.indexOf('=');
      String key = equals < 0 ? axis : axis.substring(0, equals).strip();
      if (equals < 0 || !KEYS.contains(key)) {
        throw new IllegalArgumentException(
            "'"
                + axis
                + "' is no axis of a grid; there are strategy=NAME,..., slots=N,...,"
                + " sampling=every:1s|uniform:N|original|keyframes,..., recent=N,...,"
                + " recall=on,off, prompt=N,...");
      }
      List<Map<String, String>> wider = new ArrayList<>();
      for (Map<String, String> cell : cells) {
        for (String value : axis.substring(equals + 1).split(",", -1)) {
          Map<String, String> more = new LinkedHashMap<>(cell);
          if (more.put(key, value.strip()) != null) {
            throw new IllegalArgumentException("the grid has two axes called " + key);
          }
          wider.add(more);
        }
      }
      cells = wider;
    }
    List<Cell> grid = cells.stream().map(Cell::new).toList();
    if (grid.stream().distinct().count() != grid.size()) {
      throw new IllegalArgumentException("the grid names a value twice: " + axes);
    }
    return grid;
  }

  /** {@code moviechat slots=32}; {@code default} if nothing is set. */
  String name() {
    StringJoiner name = new StringJoiner(" ");
    settings.forEach((key, value) -> name.add(key.equals("strategy") ? value : key + "=" + value));
    return settings.isEmpty() ? "default" : name.toString();
  }

  /** The model with the wishes that this cell has in place of its own. */
  VisionLanguageModel model(VisionLanguageModel model) {
    @Nullable String prompt = settings.get("prompt");
    if (prompt == null) {
      return model;
    }
    int slots = whole("prompt", prompt);
    int recent = Math.max(1, Math.min(slots / 2, model.defaults().shortTermFrames().orElse(8)));
    ModelDefaults wishes =
        model.defaults().toBuilder()
            .shortTermFrames(recent)
            .longTermSlots(Math.max(1, slots - recent))
            .build();
    return new Wishing(model, wishes);
  }

  /** Whether memory may be larger than the prompt, and is consolidated for each question. */
  boolean recalls(Optional<SlotScorer> scorer) {
    String wish = settings.getOrDefault("recall", scorer.isPresent() ? "on" : "off");
    if (wish.equals("on") && scorer.isEmpty()) {
      throw new IllegalArgumentException("recall=on needs a model that has a scorer of its own");
    }
    if (!wish.equals("on") && !wish.equals("off")) {
      throw new IllegalArgumentException("recall is on or off, was '" + wish + "'");
    }
    return wish.equals("on");
  }

  /** Sets what this cell sets. */
  MovieChat.Builder apply(
      MovieChat.Builder builder, ModelDefaults defaults, Optional<SlotScorer> scorer) {
    boolean recalls = recalls(scorer);
    builder.recall(recalls ? new SlotScorer[] {scorer.orElseThrow()} : new SlotScorer[0]);
    ModelDefaults store =
        recalls ? defaults.toBuilder().longTermSlots(MOST_STORED).build() : defaults;
    settings.forEach(
        (key, value) -> {
          switch (key) {
            case "strategy" -> builder.memory(Strategies.of(value, store));
            case "slots" -> builder.memoryBudget(MemoryBudget.ofSlots(whole(key, value)));
            case "recent" -> builder.breakpointFrames(whole(key, value));
            case "sampling" -> builder.sampling(sampling(value));
            default -> {} // recall, above; prompt, in the model's wishes
          }
        });
    return builder;
  }

  /** A model with other wishes. */
  private record Wishing(VisionLanguageModel model, ModelDefaults defaults)
      implements VisionLanguageModel {
    @Override
    public String name() {
      return model.name();
    }

    @Override
    public FrameEncoder openEncoder() {
      return model.openEncoder();
    }

    @Override
    public AnswerGenerator openGenerator() {
      return model.openGenerator();
    }

    @Override
    public Optional<SlotScorer> openScorer() {
      return model.openScorer();
    }

    @Override
    public Optional<GenerationOptions> generationDefaults() {
      return model.generationDefaults();
    }
  }

  private static int whole(String key, String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + value + "' is no number of " + key, e);
    }
  }

  private static FrameSampling sampling(String text) {
    Matcher time = TIME.matcher(text);
    if (time.matches()) {
      double unit = time.group(2).equals("s") ? 1e9 : 1e6;
      return FrameSampling.every(
          Duration.ofNanos(Math.round(Double.parseDouble(time.group(1)) * unit)));
    }
    Matcher uniform = UNIFORM.matcher(text);
    if (uniform.matches()) {
      return FrameSampling.uniform(Integer.parseInt(uniform.group(1)));
    }
    return switch (text) {
      case "original" -> FrameSampling.ORIGINAL;
      case "keyframes" -> FrameSampling.keyframes();
      default ->
          throw new IllegalArgumentException(
              "'"
                  + text
                  + "' is no sampling; there are every:1s, every:250ms, uniform:128, "
                  + "original and keyframes");
    };
  }
}
