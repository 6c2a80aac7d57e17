package io.moviechat.bench.accuracy;

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
      Map<String, List<String>> cellsByStrategy,
      String note) {
    List<String> headings = new ArrayList<>(List.of("strategy"));
    headings.addAll(columns);
    List<List<String>> rows = new ArrayList<>();
    cellsByStrategy.forEach(
        (strategy, cells) -> {
          List<String> row = new ArrayList<>(List.of(strategy));
          row.addAll(cells);
          rows.add(row);
        });
    return new Table(id, title, headings, rows, note);
  }
}
