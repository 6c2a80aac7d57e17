package io.moviechat.bench.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/**
 * Bytes that move between the host and a graphics card while an answer is generated, told by three
 * that do not know of each other: the product (what it binds in which memory), ONNX Runtime (its
 * profile's copies between the layers), and the driver (its counters of the bus).
 */
final class CardTraffic {
  private static final String EVENT = "io.moviechat.GraphRun";

  private CardTraffic() {}

  /**
   * What one run of a graph binds.
   *
   * @param graph its file's name
   * @param host bytes in host memory; they cross the bus if the graph runs on a card
   * @param device bytes in memory of the card
   */
  record Bound(String graph, long host, long device) {}

  /** What the graphs bind that run during an action, in the order of their runs. */
  static List<Bound> bound(Runnable action) throws IOException {
    Path file = Files.createTempFile("graph-runs", ".jfr");
    try (Recording recording = new Recording()) {
      recording.enable(EVENT).withoutThreshold();
      recording.start();
      action.run();
      recording.dump(file);
      List<RecordedEvent> events = new ArrayList<>(RecordingFile.readAllEvents(file));
      events.sort(Comparator.comparing(RecordedEvent::getStartTime));
      return events.stream()
          .map(
              event ->
                  new Bound(
                      event.getString("graph"),
                      event.getLong("hostBytes"),
                      event.getLong("deviceBytes")))
          .toList();
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /**
   * Copies between host and card that ONNX Runtime put between the nodes of graphs.
   *
   * @param runs runs of graphs that were looked at
   * @param nodes nodes that they ran
   * @param copies of them, copies
   * @param bytes that these moved
   */
  record Copies(long runs, long nodes, long copies, long bytes) {
    Copies plus(Copies other) {
      return new Copies(
          runs + other.runs, nodes + other.nodes, copies + other.copies, bytes + other.bytes);
    }
  }

  /** What the profiles say that ONNX Runtime left in a folder. */
  static Copies copies(Path profiles) throws IOException {
    List<Path> files;
    try (Stream<Path> list = Files.list(profiles)) {
      files = list.filter(file -> file.toString().endsWith(".json")).toList();
    }
    Copies all = new Copies(0, 0, 0, 0);
    for (Path file : files) {
      all = all.plus(copies(new ObjectMapper().readTree(file.toFile())));
    }
    return all;
  }

  /** What one profile says. */
  static Copies copies(JsonNode profile) {
    long runs = 0;
    long nodes = 0;
    long copies = 0;
    long bytes = 0;
    for (JsonNode event : profile) {
      String name = event.path("name").asText();
      if (name.equals("model_run")) {
        runs++;
      } else if (event.path("cat").asText().equals("Node") && name.endsWith("_kernel_time")) {
        nodes++;
        JsonNode args = event.path("args");
        if (args.path("op_name").asText().startsWith("Memcpy")) {
          copies++;
          bytes += args.path("output_size").asLong();
        }
      }
    }
    return new Copies(runs, nodes, copies, bytes);
  }

  /**
   * Bytes a token that the driver counted.
   *
   * @param toCard what the card received
   * @param fromCard what it sent
   */
  record Bus(double toCard, double fromCard) {}

  /**
   * Bytes a token that cross the bus of the first card by the driver's counters, over at least as
   * many seconds.
   *
   * @param tokens generates some and tells how many
   * @return empty if the driver counts nothing
   * @throws IOException if there is no driver's tool
   */
  static Optional<Bus> bus(double seconds, LongSupplier tokens) throws IOException {
    Process process =
        new ProcessBuilder("nvidia-smi", "dmon", "-i", "0", "-s", "t", "-d", "1")
            .redirectErrorStream(true)
            .start();
    List<String> lines = new ArrayList<>();
    Thread reader =
        new Thread(
            () -> {
              try (BufferedReader text = process.inputReader(StandardCharsets.UTF_8)) {
                text.lines().forEach(lines::add);
              } catch (IOException | UncheckedIOException e) {
                lines.add("# " + e.getMessage()); // the tool was ended while it wrote
              }
            },
            "nvidia-smi");
    reader.start();
    long count = 0;
    long start = System.nanoTime();
    try {
      do {
        count += tokens.getAsLong();
      } while (System.nanoTime() - start < seconds * 1e9);
    } finally {
      process.destroy();
    }
    double rate = count * 1e9 / (System.nanoTime() - start);
    try {
      reader.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    return bytesASecond(lines).map(bus -> new Bus(bus.toCard() / rate, bus.fromCard() / rate));
  }

  /** Bytes of the first card that are in use, by anybody; empty if no driver tells. */
  static Optional<Double> memoryUsed() {
    try {
      Process process =
          new ProcessBuilder(
                  "nvidia-smi",
                  "-i",
                  "0",
                  "--query-gpu=memory.used",
                  "--format=csv,noheader,nounits")
              .redirectErrorStream(true)
              .start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return Optional.of(Double.parseDouble(text.strip()) * (1 << 20));
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Means over what {@code nvidia-smi dmon} printed, in bytes a second. */
  static Optional<Bus> bytesASecond(List<String> lines) {
    List<String> columns = List.of();
    double received = 0;
    double sent = 0;
    int seconds = 0;
    for (String line : lines) {
      List<String> words = words(line);
      if (line.startsWith("#")) {
        columns = words.contains("rxpci") ? words : columns;
        continue;
      }
      int in = columns.indexOf("rxpci");
      int out = columns.indexOf("txpci");
      if (in >= 0 && out >= 0 && words.size() == columns.size()) {
        try {
          double one = Double.parseDouble(words.get(in));
          sent += Double.parseDouble(words.get(out));
          received += one;
          seconds++;
        } catch (NumberFormatException e) {
          // "-": this card has no such counter
        }
      }
    }
    return seconds == 0
        ? Optional.empty()
        : Optional.of(new Bus(received * 1e6 / seconds, sent * 1e6 / seconds));
  }

  private static List<String> words(String line) {
    return Arrays.stream(line.replaceFirst("^#", "").strip().split("\\s+", -1)).toList();
  }
}
