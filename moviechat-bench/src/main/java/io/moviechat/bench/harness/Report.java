package io.moviechat.bench.harness;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Renders the result files of a folder as one Markdown page, with plots and CSV tables. */
public final class Report {
  private static final String ALLOCATION = " heap allocation";

  /** Written by hand: what the figures mean. Goes into the page as it is. */
  private static final String NOTES = "notes.md";

  private final StringBuilder page = new StringBuilder();
  private final Path directory;

  /** File of each table, whose id names the files that are written. */
  private final Map<String, String> tables = new HashMap<>();

  private Report(Path directory) {
    this.directory = directory;
  }

  /**
   * Writes {@code DIR.md} beside the folder, and plots and tables into it.
   *
   * @return the page
   */
  public static Path write(Path directory) throws IOException {
    Map<String, RunFile> runs = new TreeMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.json")) {
      for (Path file : files) {
        runs.put(file.getFileName().toString(), RunFile.read(file));
      }
    }
    if (runs.isEmpty()) {
      throw new IOException(
          directory + " has no result file; run the benchmarks with --out " + directory);
    }
    deleteRendered(directory);
    Report report = new Report(directory);
    boolean accuracy = runs.values().stream().allMatch(run -> run.group() == Group.ACCURACY);
    report.page.append(resource(accuracy ? "intro-accuracy.md" : "intro.md"));
    Path notes = directory.resolve(NOTES);
    if (Files.exists(notes)) {
      report.line("");
      report.page.append(Files.readString(notes).strip()).append('\n');
    }
    for (Group group : Group.values()) {
      String title = group.word().substring(0, 1).toUpperCase(Locale.ROOT);
      boolean first = true;
      for (Map.Entry<String, RunFile> entry : runs.entrySet()) {
        if (entry.getValue().group() == group) {
          if (first) {
            report.line("");
            report.line("## " + title + group.word().substring(1));
            first = false;
          }
          report.render(entry.getKey(), entry.getValue());
        }
      }
    }
    Path page = directory.resolveSibling(directory.getFileName() + ".md");
    Files.writeString(page, report.page);
    return page;
  }

  /** What an earlier report left, so that no plot stays that no page shows. */
  private static void deleteRendered(Path directory) throws IOException {
    try (DirectoryStream<Path> old = Files.newDirectoryStream(directory, "*.{png,csv}")) {
      for (Path file : old) {
        Files.delete(file);
      }
    }
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = Report.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private void render(String name, RunFile run) throws IOException {
    for (Table table : run.tables()) {
      @Nullable String other = tables.put(table.id(), name);
      if (other != null) {
        throw new IOException(
            String.format(
                Locale.ROOT,
                "%s and %s both have the table %s; run one of them with --filter, or delete it",
                other,
                name,
                table.id()));
      }
    }
    line("");
    line(
        "%s, %s size, %d s, commit %s, raw: [%s](%s/%s). Command:",
        run.started(),
        run.size().name().toLowerCase(Locale.ROOT),
        run.seconds(),
        run.commit(),
        name,
        directory.getFileName(),
        name);
    line("");
    line("    " + run.command());
    line("");
    run.machine().lines().forEach(fact -> line("- " + fact));
    for (Chart chart : run.charts()) {
      Plot.write(chart, directory);
      line("");
      line(Plot.markdown(chart, String.valueOf(directory.getFileName())));
    }
    for (Table table : run.tables()) {
      Csv.write(table, directory.resolve(table.id() + ".csv"));
      line("");
      line("### " + table.title());
      line("");
      markdown(table.columns(), table.rows());
      if (!table.note().isEmpty()) {
        line("");
        line(table.note());
      }
    }
    contests(run);
    bullets("Notes", run.notes());
    bullets("Left out", run.skipped().stream().map(s -> s.what() + ": " + s.reason()).toList());
  }

  /** One table per JMH class: ours against each peer. */
  private void contests(RunFile run) {
    Map<String, List<Measure>> bySource = new LinkedHashMap<>();
    for (Measure measure : run.measures()) {
      boolean allocation = measure.benchmark().endsWith(ALLOCATION);
      if (measure.params().containsKey(Measure.PEER) && !allocation) {
        bySource.computeIfAbsent(measure.source(), s -> new ArrayList<>()).add(measure);
      }
    }
    bySource.forEach(
        (source, measures) -> {
          line("");
          line("### " + source);
          line("");
          line(run.questions().getOrDefault(source, ""));
          line("");
          List<List<String>> rows = new ArrayList<>();
          for (Measure measure : measures) {
            rows.add(row(measure, measures, run));
          }
          markdown(List.of("measured", "peer", "figure", "ratio to ours", "heap per call"), rows);
        });
  }

  private static List<String> row(Measure measure, List<Measure> all, RunFile run) {
    Measure ours =
        all.stream().filter(m -> m.contest().equals(measure.contest())).findFirst().orElseThrow();
    String rest =
        measure.params().entrySet().stream()
            .filter(e -> !e.getKey().equals(Measure.PEER))
            .map(e -> e.getKey() + " " + e.getValue())
            .collect(Collectors.joining(", "));
    String method = measure.benchmark().substring(measure.source().length());
    String name = (method.startsWith(".") ? method.substring(1) : method);
    String allocated =
        run.measures().stream()
            .filter(
                m ->
                    m.benchmark().equals(measure.benchmark() + ALLOCATION)
                        && m.params().equals(measure.params()))
            .findFirst()
            .map(m -> Format.bytes(m.median()))
            .orElse("");
    return List.of(
        rest.isEmpty() ? name : name + ", " + rest,
        measure.params().getOrDefault(Measure.PEER, ""),
        Format.number(measure.median()) + " " + measure.unit(),
        measure.equals(ours) ? "1" : ratio(ours, measure),
        allocated);
  }

  /** How many times better ours is than a peer, round by round. */
  public static String ratio(Measure ours, Measure peer) {
    List<Double> a = ours.roundMedians();
    List<Double> b = peer.roundMedians();
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
      boolean lower = ours.better() != Better.HIGHER;
      ratios.add(lower ? b.get(i) / a.get(i) : a.get(i) / b.get(i));
    }
    return ratios.isEmpty() ? "unknown" : Format.spread(ratios);
  }

  private void bullets(String title, List<String> items) {
    if (!items.isEmpty()) {
      line("");
      line("### " + title);
      line("");
      items.forEach(item -> line("- " + item));
    }
  }

  private void markdown(List<String> columns, List<List<String>> rows) {
    line("| " + String.join(" | ", columns) + " |");
    line("|" + String.join("", Collections.nCopies(columns.size(), "---|")));
    for (List<String> row : rows) {
      line("| " + String.join(" | ", row).replace("\n", " ") + " |");
    }
  }

  private void line(String format, Object... args) {
    page.append(args.length == 0 ? format : String.format(Locale.ROOT, format, args)).append('\n');
  }
}
