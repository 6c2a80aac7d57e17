package io.moviechat.bench.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Options and their letters. */
final class Letters {
  /** Most options of a question: A to H. */
  static final int MOST = 8;

  private static final Pattern LABEL = Pattern.compile("^\\s*\\(?([A-H])[.):]\\s*(.*)$");

  private Letters() {}

  static String of(int index) {
    return String.valueOf((char) ('A' + index));
  }

  /** The position of a letter, from 0; empty if it is none of the first {@code options}. */
  static OptionalInt indexOf(String letter, int options) {
    String text = letter.strip();
    if (text.length() == 1) {
      int index = Character.toUpperCase(text.charAt(0)) - 'A';
      if (index >= 0 && index < options) {
        return OptionalInt.of(index);
      }
    }
    return OptionalInt.empty();
  }

  /**
   * Options without the letters that some sets put before them (and some before a part of them).
   */
  static List<String> bare(List<String> options) {
    List<String> bare = new ArrayList<>();
    for (int i = 0; i < options.size(); i++) {
      Matcher label = LABEL.matcher(options.get(i));
      boolean labelled = label.matches() && label.group(1).equals(of(i));
      bare.add(labelled ? label.group(2).strip() : options.get(i).strip());
    }
    return bare;
  }

  /**
   * A question that carries its options in its text.
   *
   * @param question what is asked
   * @param options at least two
   */
  record Embedded(String question, List<String> options) {}

  /** Takes apart "What? (A) this (B) that", each option on a line of its own. */
  static Optional<Embedded> embedded(String text) {
    List<String> options = new ArrayList<>();
    StringBuilder question = new StringBuilder();
    for (String line : text.split("\\R", -1)) {
      Matcher label = LABEL.matcher(line);
      if (label.matches() && label.group(1).equals(of(Math.min(options.size(), MOST)))) {
        options.add(label.group(2).strip());
      } else if (options.isEmpty()) {
        question.append(line).append('\n');
      } else if (!line.isBlank() && !line.startsWith("Only give")) {
        int last = options.size() - 1;
        options.set(last, (options.get(last) + " " + line.strip()).strip());
      }
    }
    String asked = question.toString().strip().replaceFirst("(?s)\\s*Options:$", "").strip();
    asked = asked.replaceFirst("(?s)^.*\\bQuestion: ", "").strip();
    return options.size() < 2 || asked.isEmpty()
        ? Optional.empty()
        : Optional.of(new Embedded(asked, List.copyOf(options)));
  }

  /**
   * The option that equals a text, the first of several equal ones; empty if none does, or the text
   * is blank and so are several.
   */
  static OptionalInt positionOf(String text, List<String> options) {
    List<String> stripped = options.stream().map(String::strip).toList();
    int first = stripped.indexOf(text.strip());
    boolean unclear = text.isBlank() && first != stripped.lastIndexOf(text.strip());
    return first < 0 || unclear ? OptionalInt.empty() : OptionalInt.of(first);
  }
}
