package io.moviechat.llm.internal;

import java.time.Duration;
import java.util.Locale;

/** Times and counts as prompts write them. Whole seconds, rounded down. */
public final class Times {
  private static final String[] SMALL = {
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen"
  };
  private static final String[] TENS = {
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"
  };

  private Times() {}

  /** MM:SS; minutes pass 59. */
  public static String minutes(Duration time) {
    return String.format(Locale.ROOT, "%02d:%02d", time.toMinutes(), time.toSecondsPart());
  }

  /** HH:MM:SS. */
  public static String hours(Duration time) {
    return String.format(
        Locale.ROOT, "%02d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart());
  }

  /** H:MM:SS. */
  public static String length(Duration time) {
    return String.format(
        Locale.ROOT, "%d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart());
  }

  /** A count in English words: {@code one hundred and one}. */
  public static String words(int count) {
    if (count < 20) {
      return SMALL[count];
    }
    if (count < 100) {
      return TENS[count / 10] + (count % 10 == 0 ? "" : "-" + SMALL[count % 10]);
    }
    if (count < 1000) {
      return SMALL[count / 100]
          + " hundred"
          + (count % 100 == 0 ? "" : " and " + words(count % 100));
    }
    if (count < 1_000_000) {
      int rest = count % 1000;
      String link = rest == 0 ? "" : rest < 100 ? " and " : ", ";
      return words(count / 1000) + " thousand" + link + (rest == 0 ? "" : words(rest));
    }
    int rest = count % 1_000_000;
    String link = rest == 0 ? "" : rest < 100 ? " and " : ", ";
    return words(count / 1_000_000) + " million" + link + (rest == 0 ? "" : words(rest));
  }
}
