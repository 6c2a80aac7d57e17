package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The result of scoring a run. Immutable. */
public final class EvalScore {
  private final ObjectNode json;

  EvalScore(ObjectNode json) {
    this.json = json;
  }

  /** Name of the benchmark. */
  public String benchmark() {
    return json.path("run").path("benchmark").asText();
  }

  /** Cells of the run's grid, and {@code text-only}, in their order. */
  public List<String> cells() {
    List<String> names = new ArrayList<>();
    json.path("cells").fieldNames().forEachRemaining(names::add);
    return names;
  }

  /**
   * The figure that the benchmark's papers report, as a share of 1 (or marks); empty if nothing
   * could be counted.
   */
  public Optional<Double> headline(String cell) {
    return interval(cell, "headline").map(Interval::value);
  }

  Optional<Interval> interval(String cell, String name) {
    return Interval.fromJson(cell(cell).path(name));
  }

  JsonNode cell(String name) {
    return json.path("cells").path(name);
  }

  JsonNode run() {
    return json.path("run");
  }

  /** The mean of a category's value, if it is there. */
  Optional<Double> mean(String cell, String dimension, String value) {
    JsonNode mean = cell(cell).path("categories").path(dimension).path(value).path("mean");
    return mean.isNumber() ? Optional.of(mean.asDouble()) : Optional.empty();
  }

  /** Whether figures are marks rather than shares of right answers. */
  boolean isMarks() {
    return benchmark().equals("mlvu-generation");
  }

  /** All that is known, for a file. */
  ObjectNode toJson() {
    return json;
  }

  /** A line per cell: the figure with its interval, and what was counted; a line on the judge. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (String name : cells()) {
      JsonNode cell = cell(name);
      lines.add(
          String.format(
              Locale.ROOT,
              "%-32s %-22s %d of %d counted, %d unreadable, %d failed, %d without film, %d judge"
                  + " failed, %d open",
              name,
              interval(name, "headline").map(this::text).orElse("-"),
              cell.path("counted").asInt(),
              cell.path("items").asInt(),
              cell.path("unreadable").asInt(),
              cell.path("failed").asInt(),
              cell.path("no_film").asInt(),
              cell.path("judge_failed").asInt(),
              cell.path("open").asInt()));
    }
    if (selfCheck().has("of")) {
      lines.add(
          "judge %s: right on %d of %d pairs beyond doubt, no verdict on %d"
              .formatted(
                  judge(),
                  selfCheck().path("agreed").asInt(),
                  selfCheck().path("of").asInt(),
                  selfCheck().path("failed").asInt()));
    }
    return lines;
  }

  /** "61.2 (58.0 to 64.4)". */
  String text(Interval interval) {
    double unit = isMarks() ? 1 : 100;
    return String.format(
        Locale.ROOT,
        "%.1f (%.1f to %.1f)",
        unit * interval.value(),
        unit * interval.low(),
        unit * interval.high());
  }

  String judge() {
    return json.path("judge").path("id").asText("none");
  }

  JsonNode selfCheck() {
    return json.path("judge").path("selfCheck");
  }

  String rules() {
    return json.path("rules").asText();
  }

  String metric() {
    return json.path("metric").asText();
  }
}
