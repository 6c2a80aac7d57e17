package io.moviechat.bench.harness;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * All that one run of a group found, as it is kept in a JSON file.
 *
 * @param format version of this layout, 1
 * @param group the group
 * @param size how much was measured
 * @param started when, ISO 8601 in UTC
 * @param seconds how long it took
 * @param command what repeats the run
 * @param commit of the source tree, or {@code unknown}
 * @param machine where
 * @param questions what each benchmark wants to know, by class name
 * @param measures figures that {@code compare} compares
 * @param tables tables for reading
 * @param charts plots
 * @param skipped what was not measured, and why
 * @param notes what to know when reading
 */
public record RunFile(
    int format,
    Group group,
    Size size,
    String started,
    long seconds,
    String command,
    String commit,
    Machine machine,
    SortedMap<String, String> questions,
    List<Measure> measures,
    List<Table> tables,
    List<Chart> charts,
    List<Skipped> skipped,
    List<String> notes) {
  private static final int FORMAT = 1;
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  public RunFile {
    questions = Collections.unmodifiableSortedMap(new TreeMap<>(questions));
    measures = List.copyOf(measures);
    tables = List.copyOf(tables);
    charts = List.copyOf(charts);
    skipped = List.copyOf(skipped);
    notes = List.copyOf(notes);
  }

  public static RunFile of(
      Group group,
      Size size,
      String started,
      long seconds,
      String command,
      String commit,
      Machine machine,
      Map<String, String> questions,
      Findings findings) {
    return new RunFile(
        FORMAT,
        group,
        size,
        started,
        seconds,
        command,
        commit,
        machine,
        new TreeMap<>(questions),
        findings.measures(),
        findings.tables(),
        findings.charts(),
        findings.skipped(),
        findings.notes());
  }

  /**
   * Reads a file.
   *
   * @throws IOException if it is not such a file
   */
  public static RunFile read(Path file) throws IOException {
    RunFile run;
    try {
      run = JSON.readValue(file.toFile(), RunFile.class);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IOException(file + " is no result file of these benchmarks: " + e.getMessage(), e);
    }
    if (run.format != FORMAT) {
      throw new IOException(
          file + " has format " + run.format + "; this program reads format " + FORMAT);
    }
    return run;
  }

  public void write(Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, JSON.writeValueAsString(this) + "\n");
  }
}
