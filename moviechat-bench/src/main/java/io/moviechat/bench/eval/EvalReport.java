package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Tables and plots of runs, one chapter per benchmark, published figures beside. */
public final class EvalReport {
  private static final int MOST_VALUES = 24;
  private static final int MOST_COUNTS = 12;

  private final List<Row> rows;
  private final StringBuilder page = new StringBuilder();
  private final StringBuilder csv = new StringBuilder();

  private EvalReport(List<Row> rows) {
    this.rows = rows;
  }

  /**
   * A row: a cell of a run.
   *
   * @param run name of the run's folder
   */
  private record Row(String run, String cell, EvalScore score) {
    JsonNode json() {
      return score.cell(cell);
    }

    boolean isTextOnly() {
      return cell.equals(Cell.TEXT_ONLY);
    }
  }

  /**
   * Writes {@code report.md}, {@code report.csv} and plots. Runs that were scored keep that score,
   * others are scored by our own rules without a judge.
   *
   * @param runs folders of runs
   * @param folder where the report goes; made if it is not there
   * @return the page
   * @throws IOException if a run cannot be read, or the report not be written
   */
  public static Path write(List<Path> runs, Path folder) throws IOException {
    List<Row> rows = new ArrayList<>();
    for (Path run : runs) {
      EvalScore score = Scorer.scoreOf(run);
      String name = String.valueOf(run.toAbsolutePath().normalize().getFileName());
      score.cells().forEach(cell -> rows.add(new Row(name, cell, score)));
    }
    Files.createDirectories(folder);
    return new EvalReport(rows).write(folder);
  }

  private Path write(Path folder) throws IOException {
    csv.append(
        "benchmark,run,cell,items,counted,unreadable,failed,no film,judge failed,open,headline,low,"
            + "high,mean of all,mean of categories,chance,judge score,frames,prompt tokens,"
            + "evidence overlap,evidence IoU\n");
    page.append("# Evaluation\n");
    Map<String, List<Row>> byBenchmark = new LinkedHashMap<>();
    rows.forEach(
        row ->
            byBenchmark.computeIfAbsent(row.score().benchmark(), b -> new ArrayList<>()).add(row));
    for (Map.Entry<String, List<Row>> each : byBenchmark.entrySet()) {
      chapter(each.getKey(), each.getValue(), folder);
    }
    Files.writeString(folder.resolve("report.csv"), csv, StandardCharsets.UTF_8);
    Path file = folder.resolve("report.md");
    return Files.writeString(file, page, StandardCharsets.UTF_8);
  }

  private void chapter(String benchmark, List<Row> own, Path folder) throws IOException {
    Benchmark about = Benchmark.named(benchmark);
    page.append("\n## ").append(about.title()).append("\n\n");
    page.append("The figure is ").append(about.metric());
    page.append(
        own.get(0).score().isMarks()
            ? ", in marks."
            : ", in per cent, with the interval of 95 % over films.");
    page.append(
        " Counted are right, wrong, unreadable and failed replies; not counted are questions"
            + " without a film, without a verdict, or still open.\n\n");
    table(
        List.of(
            "run",
            "way of watching",
            "figure",
            "against the first",
            "mean of all",
            "mean of categories",
            "counted",
            "unreadable",
            "failed",
            "no film",
            "judge failed",
            "open",
            "judge's score",
            "frames seen",
            "prompt tokens",
            "evidence overlap, IoU"),
        own.stream().map(this::cells).toList());
    chance(own);
    categories(own);
    replies(own);
    plot(benchmark, about.title(), own, folder);
    published(benchmark);
    basis(own);
  }

  private List<String> cells(Row row) {
    JsonNode json = row.json();
    EvalScore score = row.score();
    csv(row);
    return List.of(
        row.run(),
        row.isTextOnly() ? "text only, no film" : row.cell(),
        interval(row, "headline"),
        interval(row, "againstFirst"),
        score.interval(row.cell(), "sampleMean").map(i -> number(row, i.value())).orElse(""),
        score.interval(row.cell(), "categoryMean").map(i -> number(row, i.value())).orElse(""),
        json.path("counted").asInt() + " of " + json.path("items").asInt(),
        json.path("unreadable").asText(),
        json.path("failed").asText(),
        json.path("no_film").asText(),
        json.path("judge_failed").asText(),
        json.path("open").asText(),
        json.has("judgeScore") ? format("%.2f", json.path("judgeScore").asDouble()) : "",
        json.has("frames")
            ? format(
                "%.0f (%d to %d)",
                json.path("frames").path("mean").asDouble(),
                json.path("frames").path("min").asLong(),
                json.path("frames").path("max").asLong())
            : "",
        json.has("promptTokens") ? format("%.0f", json.path("promptTokens").asDouble()) : "",
        json.has("evidence")
            ? format(
                "%.0f %%, %.2f (%d)",
                100 * json.path("evidence").path("overlap").asDouble(),
                json.path("evidence").path("bestIntersectionOverUnion").asDouble(),
                json.path("evidence").path("items").asInt())
            : "");
  }

  private static String interval(Row row, String name) {
    return row.score().interval(row.cell(), name).map(row.score()::text).orElse("-");
  }

  private void csv(Row row) {
    JsonNode json = row.json();
    List<String> cells = new ArrayList<>();
    cells.add(row.score().benchmark());
    cells.add(row.run());
    cells.add(row.cell());
    for (String name :
        List.of("items", "counted", "unreadable", "failed", "no_film", "judge_failed", "open")) {
      cells.add(json.path(name).asText());
    }
    for (String name : List.of("value", "low", "high")) {
      cells.add(json.path("headline").path(name).asText(""));
    }
    cells.add(json.path("sampleMean").path("value").asText(""));
    cells.add(json.path("categoryMean").path("value").asText(""));
    cells.add(json.path("chance").asText(""));
    cells.add(json.path("judgeScore").asText(""));
    cells.add(json.path("frames").path("mean").asText(""));
    cells.add(json.path("promptTokens").asText(""));
    cells.add(json.path("evidence").path("overlap").asText(""));
    cells.add(json.path("evidence").path("bestIntersectionOverUnion").asText(""));
    csv.append(
            String.join(",", cells.stream().map(c -> '"' + c.replace("\"", "\"\"") + '"').toList()))
        .append('\n');
  }

  private void chance(List<Row> own) {
    double chance = own.get(0).json().path("chance").asDouble(0);
    if (chance > 0) {
      page.append(format("\nGuessing gives %.1f.", 100 * chance));
    } else {
      page.append("\nThere are no options to guess from.");
    }
    if (own.stream().noneMatch(Row::isTextOnly)) {
      page.append(" No run was made without the films: how much the text gives away is unknown.");
    }
    page.append('\n');
  }

  private void categories(List<Row> own) {
    Map<String, Set<String>> dimensions = new LinkedHashMap<>();
    for (Row row : own) {
      row.json()
          .path("categories")
          .properties()
          .forEach(
              dimension ->
                  dimension
                      .getValue()
                      .fieldNames()
                      .forEachRemaining(
                          value ->
                              dimensions
                                  .computeIfAbsent(dimension.getKey(), d -> new LinkedHashSet<>())
                                  .add(value)));
    }
    dimensions.forEach(
        (dimension, values) -> {
          if (values.size() < 2 || values.size() > MOST_VALUES) {
            return;
          }
          page.append("\nBy ").append(dimension).append(" (questions counted):\n\n");
          List<String> heading = new ArrayList<>(List.of("run", "way of watching"));
          heading.addAll(values);
          table(
              heading,
              own.stream()
                  .map(
                      row -> {
                        List<String> cells = new ArrayList<>(List.of(row.run(), row.cell()));
                        values.forEach(value -> cells.add(category(row, dimension, value)));
                        return cells;
                      })
                  .toList());
        });
  }

  private static String category(Row row, String dimension, String value) {
    JsonNode json = row.json().path("categories").path(dimension).path(value);
    Optional<Double> mean = row.score().mean(row.cell(), dimension, value);
    return mean.isEmpty()
        ? ""
        : number(row, mean.get()) + " (" + json.path("counted").asInt() + ")";
  }

  /** Which rules read the replies, and what was replied: a model that always says A shows here. */
  private void replies(List<Row> own) {
    if (own.stream().noneMatch(row -> row.json().path("given").size() > 0)) {
      return;
    }
    page.append("\nHow replies were read, and what they said:\n\n");
    table(
        List.of("run", "way of watching", "rules", "replies"),
        own.stream()
            .map(
                row ->
                    List.of(
                        row.run(),
                        row.cell(),
                        counts(row.json().path("rules")),
                        counts(row.json().path("given"))))
            .toList());
  }

  private static String counts(JsonNode counts) {
    return counts.properties().stream()
        .sorted(Comparator.comparingInt(each -> -each.getValue().asInt()))
        .limit(MOST_COUNTS)
        .map(each -> each.getKey() + " " + each.getValue().asInt())
        .collect(Collectors.joining(", "));
  }

  private void plot(String benchmark, String title, List<Row> own, Path folder) throws IOException {
    List<String> names = new ArrayList<>();
    List<Interval> figures = new ArrayList<>();
    boolean several = own.stream().map(Row::run).distinct().count() > 1;
    double unit = own.get(0).score().isMarks() ? 1 : 100;
    for (Row row : own) {
      Optional<Interval> figure = row.score().interval(row.cell(), "headline");
      if (figure.isPresent()) {
        String name = several ? row.run() + " " + row.cell() : row.cell();
        names.add(names.contains(name) ? name + " " + names.size() : name);
        figures.add(
            new Interval(
                unit * figure.get().value(),
                unit * figure.get().low(),
                unit * figure.get().high()));
      }
    }
    if (names.size() < 2) {
      return;
    }
    String axis = own.get(0).score().isMarks() ? "marks" : "right, %";
    Bars.write(folder, benchmark, title, axis, names, figures);
    page.append("\n<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\"")
        .append(benchmark)
        .append("-dark.png\"><img alt=\"")
        .append(title)
        .append("\" src=\"")
        .append(benchmark)
        .append(".png\"></picture>\n");
  }

  private void published(String benchmark) {
    List<Published> all = Published.of(benchmark);
    if (!all.isEmpty()) {
      page.append(
          "\n"
              + "Published by others, with their own frames, prompts and judges; not measured"
              + " here:\n\n");
      table(
          List.of("system", "figure", "value", "source"),
          all.stream().map(p -> List.of(p.system(), p.figure(), p.value(), p.source())).toList());
    }
  }

  /** What the figures rest on. */
  private void basis(List<Row> own) {
    page.append("\nWhat this rests on:\n\n");
    Set<String> runs = new LinkedHashSet<>();
    for (Row row : own) {
      if (!runs.add(row.run())) {
        continue;
      }
      JsonNode run = row.score().run();
      page.append("- **").append(row.run()).append("**: model ").append(run.path("model").asText());
      if (run.has("encoder")) {
        page.append(", encoder ").append(run.path("encoder").asText());
        page.append(", generator ").append(run.path("generator").asText());
        page.append("; prompt ").append(run.path("prompt").asText());
        page.append("; ").append(run.path("generation").asText());
      }
      page.append("; replies read by ").append(row.score().rules());
      page.append("; judge ").append(row.score().judge());
      JsonNode check = row.score().selfCheck();
      if (check.has("of")) {
        page.append(" (agrees on ").append(check.path("agreed").asInt()).append(" of ");
        page.append(check.path("of").asInt()).append(" pairs beyond doubt)");
      }
      page.append("; ").append(run.path("problems").asInt());
      page.append(" records of the annotations left out");
      annotations(run);
      ways(run);
    }
  }

  private void annotations(JsonNode run) {
    JsonNode files = run.path("annotations");
    if (files.size() > 4) {
      page.append("; ").append(files.size()).append(" annotation files, hashes in the journal.\n");
      return;
    }
    page.append("; annotations");
    files
        .properties()
        .forEach(
            file ->
                page.append(' ')
                    .append(file.getKey())
                    .append(" (SHA-256 ")
                    .append(file.getValue().asText(), 0, 12)
                    .append("...)"));
    page.append(".\n");
  }

  private void ways(JsonNode run) {
    run.path("cells")
        .properties()
        .forEach(
            cell -> {
              if (cell.getValue().has("strategy")) {
                page.append("  - ").append(cell.getKey()).append(": ");
                page.append(cell.getValue().path("strategy").asText()).append(' ');
                page.append(cell.getValue().path("settings").asText()).append(", ");
                page.append(cell.getValue().path("sampling").asText()).append(", ");
                page.append(cell.getValue().path("tokensPerSlot").asInt());
                page.append(" tokens per slot\n");
              }
            });
  }

  private void table(List<String> heading, List<List<String>> lines) {
    // Columns that say nothing are left out.
    List<Integer> shown = new ArrayList<>();
    for (int i = 0; i < heading.size(); i++) {
      int column = i;
      boolean says =
          lines.stream()
              .map(line -> line.get(column))
              .anyMatch(cell -> !cell.isEmpty() && !cell.equals("0") && !cell.equals("-"));
      if (says) {
        shown.add(i);
      }
    }
    line(shown.stream().map(heading::get).toList());
    line(shown.stream().map(i -> "---").toList());
    lines.forEach(line -> line(shown.stream().map(line::get).toList()));
  }

  private void line(List<String> cells) {
    page.append("| ")
        .append(String.join(" | ", cells.stream().map(c -> c.replace("|", "\\|")).toList()))
        .append(" |\n");
  }

  private static String number(Row row, double value) {
    return format("%.1f", row.score().isMarks() ? value : 100 * value);
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
