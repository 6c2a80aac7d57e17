package io.moviechat.server;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Times as JSON and people have them. */
final class Times {
  private static final Pattern FORM =
      Pattern.compile("(?:(?:(\\d{1,5}):)?(\\d{1,5}):)?(\\d{1,9}(?:\\.\\d{1,9})?)");

  private Times() {}

  /** Seconds with three decimals at most. */
  static double seconds(Duration time) {
    return time.toMillis() / 1e3;
  }

  /** {@code H:MM:SS}, or {@code MM:SS} below an hour. */
  static String clock(Duration time) {
    return time.toHours() > 0
        ? String.format(
            Locale.ROOT, "%d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart())
        : String.format(Locale.ROOT, "%02d:%02d", time.toMinutes(), time.toSecondsPart());
  }

  /**
   * Reads seconds as a number, or {@code HH:MM:SS}, {@code MM:SS}, seconds as text.
   *
   * @throws IllegalArgumentException if it is none of these
   */
  static Duration parse(@Nullable Object value) {
    String text = String.valueOf(value).strip();
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a time; give seconds (65.5) or HH:MM:SS (00:01:05)");
    }
    long hours = matcher.group(1) == null ? 0 : Long.parseLong(matcher.group(1));
    long minutes = matcher.group(2) == null ? 0 : Long.parseLong(matcher.group(2));
    BigDecimal seconds = new BigDecimal(matcher.group(3));
    return Duration.ofHours(hours)
        .plusMinutes(minutes)
        .plusNanos(seconds.movePointRight(9).toBigInteger().longValue());
  }
}
