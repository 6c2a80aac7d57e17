package io.moviechat.bench.harness;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Gathers what the benchmarks of a group find. Not thread-safe. */
public final class Findings {
  private final PrintStream log;
  private final Journal journal;
  private final long startNanos = System.nanoTime();
  private final long limitNanos;
  private boolean cut;
  private final Map<String, Measure> measures = new LinkedHashMap<>();
  private final List<Table> tables = new ArrayList<>();
  private final List<Chart> charts = new ArrayList<>();
  private final List<Skipped> skipped = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  public Findings(PrintStream log, Journal journal) {
    this(log, journal, Optional.empty());
  }

  /**
   * @param limit after which no cell is begun that can be left out
   */
  Findings(PrintStream log, Journal journal, Optional<Duration> limit) {
    this.log = log;
    this.journal = journal;
    this.limitNanos = limit.map(Duration::toNanos).orElse(Long.MAX_VALUE);
  }

  /** Work of minutes, one cell of a table: not done again if an interrupted run did it. */
  public String cell(String key, Supplier<String> work) {
    return journal.cell(key, work);
  }

  /**
   * Like {@link #cell}, of work that can be left out: one movie of many. Empty when the time that
   * the run was given is over.
   */
  public Optional<String> cellInTime(String key, Supplier<String> work) {
    if (System.nanoTime() - startNanos < limitNanos || journal.known(key).isPresent()) {
      return Optional.of(journal.cell(key, work));
    }
    cut = true;
    return Optional.empty();
  }

  /** Whether something was left out because the time was over. */
  public boolean isCut() {
    return cut;
  }

  /** Adds a figure; one of the same name and parameters gets further rounds. */
  public void measure(Measure measure) {
    measures.merge(measure.key(), measure, (old, more) -> old.plus(more.rounds()));
  }

  /** Adds a figure that was measured once. */
  public void measure(
      String benchmark, Map<String, String> params, String unit, Better better, double value) {
    measure(Measure.of(benchmark, params, unit, better, value));
  }

  public void table(Table table) {
    tables.add(table);
  }

  public void chart(Chart chart) {
    charts.add(chart);
  }

  /** Notes something that was not measured; once is enough. */
  public void skip(String what, String reason) {
    Skipped entry = new Skipped(what, reason);
    if (!skipped.contains(entry)) {
      skipped.add(entry);
      log.println("left out: " + what + ": " + reason);
    }
  }

  public void note(String note) {
    notes.add(note);
  }

  /** Tells the person who waits how far it is. */
  public void progress(String line) {
    log.println(line);
  }

  public List<Measure> measures() {
    return List.copyOf(measures.values());
  }

  public List<Table> tables() {
    return List.copyOf(tables);
  }

  public List<Chart> charts() {
    return List.copyOf(charts);
  }

  public List<Skipped> skipped() {
    return List.copyOf(skipped);
  }

  List<String> notes() {
    return List.copyOf(notes);
  }
}
