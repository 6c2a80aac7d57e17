package io.moviechat.bench.accuracy;

import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Journal;
import io.moviechat.tinyworld.Examiner;
import io.moviechat.tinyworld.Examiner.Score;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Scores by kind of question, in a form that a {@link Journal} keeps.
 *
 * @param byType by question type, those about moments with an "@" before the name
 */
record Scores(SortedMap<String, Score> byType) {
  Scores {
    byType = Collections.unmodifiableSortedMap(new TreeMap<>(byType));
  }

  static Scores of(Examiner examiner) {
    TreeMap<String, Score> scores = new TreeMap<>();
    examiner.global().forEach((type, score) -> scores.put(type.name(), score));
    examiner.breakpoint().forEach((type, score) -> scores.put("@" + type.name(), score));
    return new Scores(scores);
  }

  /** Reads {@link #text()}. */
  static Scores parse(String text) {
    TreeMap<String, Score> scores = new TreeMap<>();
    for (String part : text.split(" ", -1)) {
      if (!part.isEmpty()) {
        String[] fields = part.split("=|/", -1);
        scores.put(
            fields[0],
            new Score(
                Integer.parseInt(fields[1]),
                Integer.parseInt(fields[2]),
                Double.parseDouble(fields[3])));
      }
    }
    return new Scores(scores);
  }

  String text() {
    return byType.entrySet().stream()
        .map(
            e ->
                e.getKey()
                    + "="
                    + e.getValue().asked()
                    + "/"
                    + e.getValue().right()
                    + "/"
                    + e.getValue().chance())
        .collect(Collectors.joining(" "));
  }

  /** These and others of further movies. */
  Scores plus(Scores more) {
    TreeMap<String, Score> sum = new TreeMap<>(byType);
    more.byType().forEach((type, score) -> sum.merge(type, score, (a, b) -> all(List.of(a, b))));
    return new Scores(sum);
  }

  /** All types together. */
  Score all() {
    return all(byType.values());
  }

  private static Score all(Collection<Score> scores) {
    int asked = 0;
    int right = 0;
    double chance = 0;
    for (Score score : scores) {
      asked += score.asked();
      right += score.right();
      chance += score.chance() * score.asked();
    }
    return new Score(asked, right, asked == 0 ? 0 : chance / asked);
  }

  /** Percent right with its interval and the number asked. */
  static String cell(Score score) {
    return new Interval(score.right(), score.asked())
        .toString()
        .replace(")", "; " + Format.count(score.asked()) + ")");
  }

  /** Adds a figure for all types together and one for each; returns the former in percent. */
  double record(String name, Map<String, String> params, Findings findings) {
    double all = 100 * all().accuracy();
    findings.measure(name, params, "% right", Better.HIGHER, all);
    byType.forEach(
        (type, score) -> {
          Map<String, String> typed = new LinkedHashMap<>(params);
          typed.put("type", type);
          findings.measure(
              name + "ByType", typed, "% right", Better.HIGHER, 100 * score.accuracy());
        });
    return all;
  }
}
