package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A figure that somebody has published.
 *
 * @param benchmark ours that it belongs to
 * @param system whose it is
 * @param figure what it measures
 * @param value as printed
 * @param source where it is printed
 */
record Published(String benchmark, String system, String figure, String value, String source) {
  private static final String FILE = "published.csv";

  static List<Published> of(String benchmark) {
    List<Published> all = new ArrayList<>();
    try (InputStream in = Published.class.getResourceAsStream(FILE)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + FILE + " is missing");
      }
      try (MappingIterator<Map<String, String>> rows =
          new CsvMapper()
              .readerForMapOf(String.class)
              .with(CsvSchema.emptySchema().withHeader())
              .readValues(in)) {
        while (rows.hasNext()) {
          Map<String, String> row = rows.next();
          if (benchmark.equals(row.get("benchmark"))) {
            all.add(
                new Published(
                    benchmark,
                    String.valueOf(row.get("system")),
                    String.valueOf(row.get("figure")),
                    String.valueOf(row.get("value")),
                    String.valueOf(row.get("source"))));
          }
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException("the resource " + FILE + " cannot be read", e);
    }
    return all;
  }
}
