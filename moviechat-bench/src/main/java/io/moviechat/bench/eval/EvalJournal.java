package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a run has asked, in a {@link LineLog} of three kinds of line: the run's settings first, then
 * the questions, then a line per reply. All that scoring needs. Thread-safe.
 */
final class EvalJournal {
  private static final String RUN = "run";
  private static final String ITEM = "item";
  private static final String ANSWER = "answer";

  private final LineLog log;
  private final boolean retry;
  private final Map<String, EvalAnswer> answers = new ConcurrentHashMap<>();
  private final AtomicLong added = new AtomicLong();

  private EvalJournal(LineLog log, boolean retry) {
    this.log = log;
    this.retry = retry;
  }

  /**
   * Goes on with a log, or begins it.
   *
   * @param settings must be those of the lines that are there
   * @param retry whether questions that failed are open again
   * @throws IllegalArgumentException if the log is of another run, naming what differs
   */
  static EvalJournal goOn(LineLog log, ObjectNode settings, List<EvalItem> items, boolean retry)
      throws IOException {
    EvalJournal journal = new EvalJournal(log, retry);
    List<JsonNode> lines = log.lines();
    if (lines.isEmpty()) {
      log.append(Json.MAPPER.createObjectNode().set(RUN, settings));
    } else {
      requireSame(lines.get(0).path(RUN), settings);
    }
    int known = 0;
    for (JsonNode line : lines) {
      known += line.has(ITEM) ? 1 : 0;
      if (line.has(ANSWER)) {
        EvalAnswer answer = EvalAnswer.of(line.get(ANSWER));
        journal.answers.put(key(answer.cell(), answer.item()), answer);
      }
    }
    for (EvalItem item : items.subList(Math.min(known, items.size()), items.size())) {
      log.append(Json.MAPPER.createObjectNode().set(ITEM, item.toJson()));
    }
    return journal;
  }

  private static void requireSame(JsonNode there, JsonNode wanted) {
    if (there.equals(wanted)) {
      return;
    }
    StringBuilder differences = new StringBuilder();
    wanted
        .properties()
        .forEach(
            each -> {
              JsonNode other = there.path(each.getKey());
              if (!other.equals(each.getValue())) {
                differences.append(
                    "; %s is %s there and %s now"
                        .formatted(each.getKey(), brief(other), brief(each.getValue())));
              }
            });
    throw new IllegalArgumentException(
        "the folder holds another run; choose another one" + differences);
  }

  private static String brief(JsonNode node) {
    String text = node.isMissingNode() ? "nothing" : node.toString();
    return text.length() <= 120 ? text : text.substring(0, 117) + "...";
  }

  private static String key(String cell, String item) {
    return cell + "\n" + item;
  }

  /** Questions that a cell has not been asked yet. */
  List<EvalItem> open(String cell, List<EvalItem> items) {
    return items.stream().filter(item -> !has(cell, item)).toList();
  }

  boolean has(String cell, EvalItem item) {
    EvalAnswer answer = answers.get(key(cell, item.id()));
    return answer != null && !(retry && !answer.errorKind().isEmpty());
  }

  void add(EvalAnswer answer) throws IOException {
    log.append(Json.MAPPER.createObjectNode().set(ANSWER, answer.toJson()));
    answers.put(key(answer.cell(), answer.item()), answer);
    added.incrementAndGet();
  }

  /** Replies added by this process. */
  long added() {
    return added.get();
  }

  /**
   * A journal as it was read.
   *
   * @param settings the run's
   * @param items by id
   * @param answers the last one per cell and item, cells in order of appearance
   */
  record Contents(
      JsonNode settings,
      Map<String, EvalItem> items,
      Map<String, Map<String, EvalAnswer>> answers) {}

  /** Reads a journal, whether its run has ended or not. */
  static Contents read(Path folder) throws IOException {
    Path file = folder.resolve(EvalRun.JOURNAL);
    List<JsonNode> lines = LineLog.read(file);
    if (lines.isEmpty() || !lines.get(0).has(RUN)) {
      throw new IOException(
          file + " is no journal of an evaluation: its first line has no \"run\"");
    }
    Map<String, EvalItem> items = new LinkedHashMap<>();
    Map<String, Map<String, EvalAnswer>> answers = new LinkedHashMap<>();
    lines
        .get(0)
        .path(RUN)
        .path("cells")
        .properties()
        .forEach(cell -> answers.put(cell.getKey(), new LinkedHashMap<>()));
    for (JsonNode line : lines) {
      if (line.has(ITEM)) {
        EvalItem item = EvalItem.fromJson(line.get(ITEM));
        items.put(item.id(), item);
      } else if (line.has(ANSWER)) {
        EvalAnswer answer = EvalAnswer.of(line.get(ANSWER));
        answers
            .computeIfAbsent(answer.cell(), cell -> new LinkedHashMap<>())
            .put(answer.item(), answer);
      }
    }
    return new Contents(lines.get(0).path(RUN), items, answers);
  }
}
