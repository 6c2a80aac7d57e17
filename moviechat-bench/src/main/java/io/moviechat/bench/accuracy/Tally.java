package io.moviechat.bench.accuracy;

import io.moviechat.bench.harness.Journal;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** What is counted of one memory over movies, in a form that a {@link Journal} keeps. */
final class Tally {
  /** What is counted. */
  enum Counted {
    MOVIES,
    /** Movies whose event has a slot that is mostly its own. */
    KEPT,
    /** Right answers to whether there was what there was. */
    YES,
    /** Right answers to whether there was what there was not. */
    NO,
    COLOURS_ASKED,
    /** Right answers to what colour something had. */
    COLOURS,
    COLOURS_ASKED_OF_KEPT,
    COLOURS_OF_KEPT,
    ANSWERS,
    NANOS,
    PROMPT_TOKENS,
    STORED_SLOTS,
    /** Movies of which the slot that was wanted is the most relevant one. */
    IN_TOP_1,
    IN_TOP_5,
    IN_TOP_20,
    IN_TOP_80
  }

  private final EnumMap<Counted, Long> counts = new EnumMap<>(Counted.class);

  void add(Counted what, long count) {
    counts.merge(what, count, Long::sum);
  }

  void count(Counted what, boolean is) {
    add(what, is ? 1 : 0);
  }

  long get(Counted what) {
    return counts.getOrDefault(what, 0L);
  }

  Interval share(Counted what, Counted of) {
    return new Interval((int) get(what), (int) get(of));
  }

  Interval yesNo() {
    return new Interval(
        (int) (get(Counted.YES) + get(Counted.NO)), (int) (2 * get(Counted.MOVIES)));
  }

  void add(Tally other) {
    other.counts.forEach(this::add);
  }

  /** Adds tallies to those of the same names. */
  static void add(Map<String, Tally> more, Map<String, Tally> tallies) {
    more.forEach((name, tally) -> tallies.computeIfAbsent(name, n -> new Tally()).add(tally));
  }

  /** Tallies by the names of memories, in one line. */
  static String text(Map<String, Tally> tallies) {
    return tallies.entrySet().stream()
        .map(
            e ->
                e.getKey()
                    + "="
                    + e.getValue().counts.entrySet().stream()
                        .map(count -> count.getKey() + ":" + count.getValue())
                        .collect(Collectors.joining(",")))
        .collect(Collectors.joining(" "));
  }

  /** Reads {@link #text}. */
  static Map<String, Tally> parse(String text) {
    Map<String, Tally> tallies = new LinkedHashMap<>();
    for (String part : text.split(" ", -1)) {
      int at = part.indexOf('=');
      Tally tally = new Tally();
      for (String count : part.substring(at + 1).split(",", -1)) {
        int colon = count.indexOf(':');
        tally.add(
            Counted.valueOf(count.substring(0, colon)), Long.parseLong(count.substring(colon + 1)));
      }
      tallies.put(part.substring(0, at), tally);
    }
    return tallies;
  }
}
