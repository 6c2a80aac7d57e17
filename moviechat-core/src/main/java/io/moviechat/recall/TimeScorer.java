package io.moviechat.recall;

import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.speech.Cue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Wants the slots of the times that a question names: clock times ("at 12:30", "between 5:00 and
 * 6:00"), lengths ("in the last minute", "after ten minutes", "in the first 30 seconds"), and the
 * ends of the film ("what comes first", "at the end"). English.
 */
final class TimeScorer implements SlotScorer {
  /** How far around a named second is looked. */
  private static final Duration AROUND = Duration.ofSeconds(2);

  private static final Map<String, Integer> NUMBERS =
      Map.ofEntries(
          Map.entry("a", 1),
          Map.entry("one", 1),
          Map.entry("two", 2),
          Map.entry("three", 3),
          Map.entry("four", 4),
          Map.entry("five", 5),
          Map.entry("six", 6),
          Map.entry("seven", 7),
          Map.entry("eight", 8),
          Map.entry("nine", 9),
          Map.entry("ten", 10),
          Map.entry("fifteen", 15),
          Map.entry("twenty", 20),
          Map.entry("thirty", 30));

  private static final String CLOCK = "((?:\\d{1,2}:)?\\d{1,3}:\\d{2})";
  private static final String NUMBER = "(\\d{1,4}|" + String.join("|", NUMBERS.keySet()) + ")";
  private static final String UNIT = "(second|minute|hour)s?";
  private static final Pattern RANGE =
      pattern("(?:between|from) " + CLOCK + " (?:and|to|until) " + CLOCK);
  private static final Pattern INSTANT = pattern(CLOCK);
  private static final Pattern EDGE = pattern("(first|last) (?:" + NUMBER + " )?" + UNIT);
  private static final Pattern AFTER = pattern("(?:after|at) " + NUMBER + " " + UNIT);
  private static final Pattern MINUTE = pattern("at (?:the )?(second|minute|hour) (\\d{1,4})");
  private static final Pattern START =
      pattern("(?:at the )?(?:very )?(?:beginning|start)|first|begins?|starts?");
  private static final Pattern END = pattern("(?:at the )?(?:very )?end|last|ends?");

  /** A part of the film, end included. */
  record Span(Duration from, Duration to) {
    boolean touches(MemorySlot slot) {
      return slot.start().compareTo(to) <= 0 && slot.end().compareTo(from) >= 0;
    }

    /** How far from it something is said; zero if within. */
    Duration distance(Cue cue) {
      if (cue.start().compareTo(to) > 0) {
        return cue.start().minus(to);
      }
      return cue.end().compareTo(from) < 0 ? from.minus(cue.end()) : Duration.ZERO;
    }
  }

  private static Pattern pattern(String regex) {
    return Pattern.compile("\\b(?:" + regex + ")\\b");
  }

  @Override
  public String name() {
    return "time";
  }

  @Override
  public Optional<float[]> score(String question, MemorySnapshot memory) {
    List<Span> spans = spans(question, memory.end());
    if (spans.isEmpty()) {
      return Optional.empty();
    }
    float[] relevance = new float[memory.slots().size()];
    for (int i = 0; i < relevance.length; i++) {
      MemorySlot slot = memory.slots().get(i);
      relevance[i] = spans.stream().anyMatch(span -> span.touches(slot)) ? 1 : 0;
    }
    return Optional.of(relevance);
  }

  static List<Span> spans(String question, Duration end) {
    String rest = question.toLowerCase(Locale.ROOT);
    List<Span> spans = new ArrayList<>();
    Matcher range = RANGE.matcher(rest);
    while (range.find()) {
      spans.add(new Span(clock(range.group(1)), clock(range.group(2))));
    }
    rest = RANGE.matcher(rest).replaceAll(" ");
    Matcher instant = INSTANT.matcher(rest);
    while (instant.find()) {
      spans.add(around(clock(instant.group(1))));
    }
    Matcher edge = EDGE.matcher(rest);
    while (edge.find()) {
      Duration length = length(edge.group(2) == null ? "one" : edge.group(2), edge.group(3));
      spans.add(
          edge.group(1).equals("first")
              ? new Span(Duration.ZERO, length)
              : new Span(end.compareTo(length) > 0 ? end.minus(length) : Duration.ZERO, end));
    }
    rest = EDGE.matcher(rest).replaceAll(" ");
    Matcher after = AFTER.matcher(rest);
    while (after.find()) {
      spans.add(around(length(after.group(1), after.group(2))));
    }
    Matcher minute = MINUTE.matcher(rest);
    while (minute.find()) {
      Duration from = length(minute.group(2), minute.group(1));
      spans.add(new Span(from, from.plus(length("one", minute.group(1)))));
    }
    if (START.matcher(rest).find()) {
      spans.add(new Span(Duration.ZERO, Duration.ZERO));
    }
    if (END.matcher(rest).find()) {
      spans.add(new Span(end, end));
    }
    return spans;
  }

  private static Span around(Duration moment) {
    Duration from = moment.minus(AROUND);
    return new Span(from.isNegative() ? Duration.ZERO : from, moment.plus(AROUND));
  }

  private static Duration clock(String text) {
    long seconds = 0;
    for (String part : text.split(":", -1)) {
      seconds = seconds * 60 + Long.parseLong(part);
    }
    return Duration.ofSeconds(seconds);
  }

  private static Duration length(String number, String unit) {
    Integer word = NUMBERS.get(number);
    long count = word != null ? word : Long.parseLong(number);
    return switch (unit) {
      case "second" -> Duration.ofSeconds(count);
      case "minute" -> Duration.ofMinutes(count);
      default -> Duration.ofHours(count);
    };
  }

  @Override
  public void close() {}
}
