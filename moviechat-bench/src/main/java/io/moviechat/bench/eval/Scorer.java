package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moviechat.bench.eval.EvalItem.Form;
import io.moviechat.bench.eval.Judge.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Scores a run from its journal alone. The same journal, rules and judge give the same result, byte
 * by byte; it is written beside the journal as {@code score.json}.
 */
public final class Scorer {
  static final String SCORE = "score.json";
  private static final String VERDICTS = "verdicts.jsonl";
  private static final Set<String> NO_FILM_KINDS = Set.of("missing", "broken", "outside");

  private final Path folder;
  private String rules = "ours";
  private Judge judge = Judge.normalisedMatch();

  private Scorer(Path folder) {
    this.folder = folder;
  }

  /** A scorer of a run that is over, or still going on: what is not answered yet is counted. */
  public static Scorer of(Path folder) {
    return new Scorer(folder);
  }

  /** Names of the rules that replies can be read by. */
  public static List<String> allRules() {
    return ReplyReader.names();
  }

  /** The rules that replies are read by. Default {@code ours}. */
  public Scorer rules(String name) {
    rules = name;
    return this;
  }

  /** Who compares words. Default: {@link Judge#normalisedMatch()}. */
  public Scorer judge(Judge value) {
    judge = value;
    return this;
  }

  /**
   * Scores all cells of the run.
   *
   * @throws IOException if the journal cannot be read or the result not be written
   * @throws IllegalArgumentException if there are no such rules
   */
  public EvalScore score() throws IOException {
    EvalJournal.Contents journal = EvalJournal.read(folder);
    String benchmark = journal.settings().path("benchmark").asText();
    ReplyReader reader = ReplyReader.named(rules, benchmark);
    EvalScore score;
    if (judge.isModel()) {
      try (CachedJudge cached = new CachedJudge(judge, folder.resolve(VERDICTS))) {
        score = score(journal, reader, cached);
      }
    } else {
      score = score(journal, reader, judge);
    }
    write(folder.resolve(SCORE), score);
    return score;
  }

  private static void write(Path file, EvalScore score) throws IOException {
    Path partial = file.resolveSibling(file.getFileName() + ".part");
    Files.writeString(
        partial, Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(score.toJson()));
    Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
  }

  private EvalScore score(EvalJournal.Contents journal, ReplyReader reader, Judge asked) {
    Benchmark benchmark = Benchmark.named(journal.settings().path("benchmark").asText());
    ObjectNode json = Json.MAPPER.createObjectNode();
    json.set("run", journal.settings());
    json.put("metric", benchmark.metric());
    json.put("rules", reader.name() + " " + ReplyReader.RULES);
    boolean words = journal.items().values().stream().anyMatch(i -> i.form() == Form.OPEN);
    boolean judged =
        !reader.judgesWords()
            && journal.items().values().stream()
                .anyMatch(i -> i.form() == Form.OPEN || i.form() == Form.MARKED);
    if (judged) {
      ObjectNode about = json.putObject("judge").put("id", asked.id());
      if (words) {
        about.set("selfCheck", JudgeSelfCheck.of(asked).toJson());
      }
    }
    ObjectNode cells = json.putObject("cells");
    List<Scored> first = List.of();
    for (Map.Entry<String, Map<String, EvalAnswer>> cell : journal.answers().entrySet()) {
      List<Scored> scored = new ArrayList<>();
      for (EvalItem item : journal.items().values()) {
        scored.add(score(item, cell.getValue().get(item.id()), reader, asked));
      }
      cells.set(cell.getKey(), summary(scored, first, benchmark.headline()));
      first = first.isEmpty() ? scored : first;
    }
    return new EvalScore(json);
  }

  /** What became of a question. */
  private enum Fate {
    /** Right, wrong, or with marks: it counts. */
    SCORED,
    /** The reply names no answer or several: it counts as wrong. */
    UNREADABLE,
    /** The model gave no reply, or was shown too much: it counts as wrong. */
    FAILED,
    /** There was no film, or it ends before the moment: it does not count. */
    NO_FILM,
    /** The judge gave no verdict: it does not count. */
    JUDGE_FAILED,
    /** Its truth is hidden: it does not count. */
    NO_TRUTH,
    /** Not asked yet, or no reply of the other system: it does not count. */
    OPEN
  }

  /**
   * @param value 0 or 1, or a sum of marks
   * @param judgeScore 0 to 5; negative if no model was asked
   */
  private record Scored(
      EvalItem item,
      Optional<EvalAnswer> answer,
      Fate fate,
      double value,
      double judgeScore,
      boolean contradiction,
      Reading reading) {
    boolean counts() {
      return fate == Fate.SCORED || fate == Fate.UNREADABLE || fate == Fate.FAILED;
    }

    static Scored of(EvalItem item, Optional<EvalAnswer> answer, Fate fate, Reading reading) {
      boolean marked = item.form() == Form.MARKED; // the least that marks can be
      double least = marked ? item.criteria().size() : 0;
      return new Scored(item, answer, fate, reading.right() ? 1 : least, -1, false, reading);
    }
  }

  private static Scored score(
      EvalItem item, @Nullable EvalAnswer line, ReplyReader reader, Judge judge) {
    Optional<EvalAnswer> answer = Optional.ofNullable(line);
    Reading none = Reading.unreadable("");
    if (line == null) {
      return Scored.of(item, answer, Fate.OPEN, none);
    }
    if (NO_FILM_KINDS.contains(line.errorKind())) {
      return Scored.of(item, answer, Fate.NO_FILM, none);
    }
    if (!line.errorKind().isEmpty() || line.reply().isEmpty()) {
      return Scored.of(item, answer, Fate.FAILED, none);
    }
    if (!item.hasTruth()) {
      return Scored.of(item, answer, Fate.NO_TRUTH, none);
    }
    String reply = line.reply().get();
    boolean words = item.form() == Form.OPEN || item.form() == Form.MARKED;
    if (words && !reader.judgesWords()) {
      return item.form() == Form.OPEN
          ? judged(item, answer, reply, judge)
          : marked(item, answer, reply, judge);
    }
    Reading reading = reader.read(item, reply);
    return Scored.of(item, answer, reading.readable() ? Fate.SCORED : Fate.UNREADABLE, reading);
  }

  private static Scored judged(
      EvalItem item, Optional<EvalAnswer> answer, String reply, Judge judge) {
    Optional<Verdict> best = Optional.empty();
    for (String truth : item.answers()) {
      Optional<Verdict> verdict = judge.judge(item.question(), truth, reply);
      if (verdict.isPresent() && (best.isEmpty() || verdict.get().score() > best.get().score())) {
        best = verdict;
      }
    }
    if (best.isEmpty()) {
      return Scored.of(item, answer, Fate.JUDGE_FAILED, Reading.unreadable("judge-failed"));
    }
    Verdict verdict = best.get();
    return new Scored(
        item,
        answer,
        Fate.SCORED,
        verdict.correct() ? 1 : 0,
        judge.isModel() ? verdict.score() : -1,
        verdict.contradictsItself(),
        new Reading(true, verdict.correct(), "", "judge"));
  }

  private static Scored marked(
      EvalItem item, Optional<EvalAnswer> answer, String reply, Judge judge) {
    Optional<List<Integer>> marks =
        judge.mark(item.question(), item.answers().get(0), item.points(), item.criteria(), reply);
    if (marks.isEmpty()) {
      return Scored.of(item, answer, Fate.JUDGE_FAILED, Reading.unreadable("judge-failed"));
    }
    int sum = marks.get().stream().mapToInt(Integer::intValue).sum();
    return new Scored(
        item, answer, Fate.SCORED, sum, -1, false, new Reading(true, false, "", "marks"));
  }

  private static ObjectNode summary(List<Scored> all, List<Scored> first, Aggregation headline) {
    ObjectNode json = Json.MAPPER.createObjectNode();
    Map<String, Integer> fates = new LinkedHashMap<>();
    for (Fate fate : Fate.values()) {
      fates.put(fate.name().toLowerCase(Locale.ROOT), 0);
    }
    all.forEach(each -> fates.merge(each.fate().name().toLowerCase(Locale.ROOT), 1, Integer::sum));
    json.put("items", all.size());
    fates.forEach(json::put);
    List<Scored> counted = all.stream().filter(Scored::counts).toList();
    json.put("counted", counted.size());
    put(json, "headline", counted, headline);
    put(json, "sampleMean", counted, Aggregation.SAMPLES);
    categoryOf(all, headline)
        .ifPresent(
            dimension -> {
              json.put("categoryDimension", dimension);
              put(json, "categoryMean", counted, Aggregation.categories(dimension));
            });
    headline
        .of(counted.stream().map(Scored::item).toList(), EvalItem::chance)
        .ifPresent(chance -> json.put("chance", chance));
    difference(counted, first, headline).ifPresent(d -> json.set("againstFirst", d.toJson()));
    json.set("categories", byCategory(counted));
    judgeScores(json, counted);
    json.set("rules", counts(all, each -> each.reading().rule()));
    json.set("given", counts(all, each -> each.reading().given()));
    seen(json, all);
    evidence(json, counted);
    return json;
  }

  private static void put(
      ObjectNode json, String name, List<Scored> counted, Aggregation aggregation) {
    interval(counted, aggregation, Scored::value)
        .ifPresent(interval -> json.set(name, interval.toJson()));
  }

  private static Optional<Interval> interval(
      List<Scored> scored, Aggregation aggregation, ToDoubleFunction<Scored> value) {
    Map<String, Double> values = new HashMap<>();
    scored.forEach(each -> values.put(each.item().id(), value.applyAsDouble(each)));
    return aggregation.interval(
        scored.stream().map(Scored::item).toList(), item -> values.getOrDefault(item.id(), 0.0));
  }

  /** The dimension whose values' means are averaged beside the mean of all. */
  private static Optional<String> categoryOf(List<Scored> all, Aggregation headline) {
    if (!headline.dimensions().isEmpty()) {
      return Optional.of(headline.dimensions().get(headline.dimensions().size() - 1));
    }
    return all.stream().flatMap(each -> each.item().categories().keySet().stream()).findFirst();
  }

  /** How much more than the first cell's, on the questions that count in both, film by film. */
  private static Optional<Interval> difference(
      List<Scored> counted, List<Scored> first, Aggregation headline) {
    Map<String, Double> values = new TreeMap<>();
    first.stream().filter(Scored::counts).forEach(s -> values.put(s.item().id(), s.value()));
    List<Scored> both = counted.stream().filter(s -> values.containsKey(s.item().id())).toList();
    return interval(both, headline, s -> s.value() - values.getOrDefault(s.item().id(), 0.0));
  }

  private static ObjectNode byCategory(List<Scored> counted) {
    ObjectNode json = Json.MAPPER.createObjectNode();
    Set<String> dimensions = new LinkedHashSet<>();
    counted.forEach(each -> dimensions.addAll(each.item().categories().keySet()));
    for (String dimension : dimensions) {
      ObjectNode values = json.putObject(dimension);
      Aggregation.groups(counted, Scored::item, dimension)
          .forEach(
              (value, group) ->
                  values
                      .putObject(value)
                      .put("counted", group.size())
                      .put("mean", group.stream().mapToDouble(Scored::value).average().orElse(0)));
    }
    return json;
  }

  private static void judgeScores(ObjectNode json, List<Scored> counted) {
    List<Scored> judged = counted.stream().filter(each -> each.judgeScore() >= 0).toList();
    if (!judged.isEmpty()) {
      json.put("judgeScore", judged.stream().mapToDouble(Scored::judgeScore).average().orElse(0));
      json.put("contradictions", judged.stream().filter(Scored::contradiction).count());
    }
  }

  private static ObjectNode counts(List<Scored> all, Function<Scored, String> text) {
    Map<String, Integer> counts = new TreeMap<>();
    all.stream()
        .map(text)
        .filter(each -> !each.isEmpty() && each.length() <= 16)
        .forEach(each -> counts.merge(each, 1, Integer::sum));
    ObjectNode json = Json.MAPPER.createObjectNode();
    counts.forEach(json::put);
    return json;
  }

  private static void seen(ObjectNode json, List<Scored> all) {
    List<EvalAnswer> answers = all.stream().flatMap(each -> each.answer().stream()).toList();
    LongSummaryStatistics frames =
        answers.stream().mapToLong(EvalAnswer::frames).filter(n -> n > 0).summaryStatistics();
    if (frames.getCount() > 0) {
      json.putObject("frames")
          .put("min", frames.getMin())
          .put("mean", frames.getAverage())
          .put("max", frames.getMax());
    }
    answers.stream()
        .mapToInt(EvalAnswer::promptTokens)
        .filter(n -> n > 0)
        .average()
        .ifPresent(mean -> json.put("promptTokens", mean));
  }

  /** Whether what the model was given covers the part of the film where the answer is. */
  private static void evidence(ObjectNode json, List<Scored> counted) {
    int items = 0;
    int overlapping = 0;
    double best = 0;
    for (Scored each : counted) {
      List<Span> truth = each.item().evidence();
      List<Span> given = each.answer().map(EvalAnswer::evidence).orElse(List.of());
      if (truth.isEmpty() || given.isEmpty()) {
        continue;
      }
      items++;
      boolean overlaps = given.stream().anyMatch(g -> truth.stream().anyMatch(g::overlaps));
      overlapping += overlaps ? 1 : 0;
      best +=
          truth.stream()
              .flatMapToDouble(t -> given.stream().mapToDouble(t::intersectionOverUnion))
              .max()
              .orElse(0);
    }
    if (items > 0) {
      json.putObject("evidence")
          .put("items", items)
          .put("overlap", (double) overlapping / items)
          .put("bestIntersectionOverUnion", best / items);
    }
  }

  /** Reads the result of an earlier scoring; scores by default where there is none. */
  static EvalScore scoreOf(Path folder) throws IOException {
    Path file = folder.resolve(SCORE);
    if (!Files.exists(file)
        || Files.getLastModifiedTime(file)
                .compareTo(Files.getLastModifiedTime(folder.resolve(EvalRun.JOURNAL)))
            < 0) {
      return of(folder).score();
    }
    JsonNode json = Json.MAPPER.readTree(file.toFile());
    return new EvalScore((ObjectNode) json);
  }
}
