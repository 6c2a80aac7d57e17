package io.moviechat.bench.eval;

import com.google.common.collect.ImmutableMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Texts made comparable. */
final class Words {
  private static final Pattern NOT_WORD = Pattern.compile("[^\\p{L}\\p{N}]+");

  private static final ImmutableMap<String, String> NUMBERS = numbers();

  private Words() {}

  private static ImmutableMap<String, String> numbers() {
    ImmutableMap.Builder<String, String> numbers = ImmutableMap.builder();
    String[] words = {
      "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
      "eleven", "twelve"
    };
    for (int i = 0; i < words.length; i++) {
      numbers.put(words[i], String.valueOf(i));
    }
    return numbers.buildOrThrow();
  }

  /** Lower case, no punctuation, no articles, numbers to twelve as digits, single blanks. */
  static String normalise(String text) {
    return String.join(" ", of(text));
  }

  /** The words of {@link #normalise}. */
  static List<String> of(String text) {
    List<String> words = new ArrayList<>();
    for (String word : NOT_WORD.split(text.toLowerCase(Locale.ROOT), -1)) {
      if (!word.isEmpty() && !word.equals("a") && !word.equals("an") && !word.equals("the")) {
        words.add(NUMBERS.getOrDefault(word, word));
      }
    }
    return words;
  }

  /** Whether the words of one normalised text stand in another, in a row. */
  static boolean contains(String normalised, String part) {
    return !part.isEmpty() && (" " + normalised + " ").contains(" " + part + " ");
  }
}
