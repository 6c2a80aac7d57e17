package io.moviechat.bench.harness;

import java.util.List;

/**
 * A table for reading.
 *
 * @param id file name of its CSV, without ending; unique in a group
 * @param title what it shows
 * @param columns headings, with units
 * @param rows one cell per column
 * @param note what to know when reading it; may be empty
 */
public record Table(
    String id, String title, List<String> columns, List<List<String>> rows, String note) {
  public Table {
    columns = List.copyOf(columns);
    rows = rows.stream().map(List::copyOf).toList();
    for (List<String> row : rows) {
      if (row.size() != columns.size()) {
        throw new IllegalArgumentException(
            "table " + id + " has " + columns.size() + " columns, one row has " + row.size());
      }
    }
  }
}
