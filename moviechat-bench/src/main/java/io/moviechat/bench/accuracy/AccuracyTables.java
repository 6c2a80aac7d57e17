package io.moviechat.bench.accuracy;

import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The tables of the accuracy studies: a row for each strategy. */
final class AccuracyTables {
  private AccuracyTables() {}

  static Table table(
      String id,
      String title,
      List<String> columns,
      Map<String, List<Double>> percentByStrategy,
      String note) {
    List<String> headings = new ArrayList<>(List.of("strategy"));
    headings.addAll(columns);
    List<List<String>> rows = new ArrayList<>();
    percentByStrategy.forEach(
        (strategy, percent) -> {
          List<String> row = new ArrayList<>(List.of(strategy));
          percent.forEach(value -> row.add(Format.number(value)));
          rows.add(row);
        });
    return new Table(id, title, headings, rows, note);
  }
}
