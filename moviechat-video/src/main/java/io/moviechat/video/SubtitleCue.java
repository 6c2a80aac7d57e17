package io.moviechat.video;

import java.time.Duration;
import java.util.Objects;

/**
 * A piece of text and when it is on screen.
 *
 * @param start first moment, not negative
 * @param end first moment after it, not before {@code start}
 * @param text plain text without markup, lines separated by {@code \n}; not blank
 */
public record SubtitleCue(Duration start, Duration end, String text) {
  /**
   * @throws IllegalArgumentException if the times are out of order or the text is blank
   */
  public SubtitleCue {
    Objects.requireNonNull(text, "text");
    if (start.isNegative() || end.compareTo(start) < 0 || text.isBlank()) {
      throw new IllegalArgumentException(
          "a cue needs text and times in order, was [" + start + ", " + end + "] " + text);
    }
  }
}
