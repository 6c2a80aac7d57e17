package io.moviechat.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times as people write them: {@code 65}, {@code 1:05}, {@code 00:01:05.250}. */
final class Moment {
  private static final Pattern FORM =
      Pattern.compile("(?:(?:(\\d{1,5}):)?(\\d{1,5}):)?(\\d{1,9}(?:\\.\\d{1,9})?)");
  private static final int SIXTY = 60;

  private Moment() {}

  /**
   * Reads {@code HH:MM:SS}, {@code MM:SS} or seconds, each with an optional fraction.
   *
   * @throws IllegalArgumentException if the text is none of these
   */
  static Duration parse(String text) {
    Matcher matcher = FORM.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a time; write HH:MM:SS, MM:SS or seconds, as in 00:01:05 or 65.5");
    }
    long hours = matcher.group(1) == null ? 0 : Long.parseLong(matcher.group(1));
    long minutes = matcher.group(2) == null ? 0 : Long.parseLong(matcher.group(2));
    BigDecimal seconds = new BigDecimal(matcher.group(3));
    boolean secondsOverflow =
        matcher.group(2) != null && seconds.compareTo(BigDecimal.valueOf(SIXTY)) >= 0;
    boolean minutesOverflow = matcher.group(1) != null && minutes >= SIXTY;
    if (secondsOverflow || minutesOverflow) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a time; minutes and seconds after a colon are below 60");
    }
    return Duration.ofHours(hours)
        .plusMinutes(minutes)
        .plusNanos(seconds.movePointRight(9).longValueExact());
  }

  /** {@code HH:MM:SS}, with milliseconds where there are some. */
  static String format(Duration time) {
    long millis = time.toMillis();
    String text = clock(time);
    long rest = millis % 1000;
    return rest == 0 ? text : text + String.format(Locale.ROOT, ".%03d", rest);
  }

  /** {@code HH:MM:SS}, rounded down. */
  static String clock(Duration time) {
    return String.format(
        Locale.ROOT, "%02d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart());
  }

  /** Seconds with up to three decimals, for JSON. */
  static BigDecimal seconds(Duration time) {
    return plain(BigDecimal.valueOf(time.toMillis(), 3));
  }

  /** Milliseconds with up to three decimals, for JSON. */
  static BigDecimal millis(Duration time) {
    return plain(BigDecimal.valueOf(time.toNanos() / 1000, 3));
  }

  private static BigDecimal plain(BigDecimal value) {
    BigDecimal stripped = value.stripTrailingZeros();
    return stripped.scale() < 0 ? stripped.setScale(0) : stripped;
  }
}
