package io.moviechat.speech;

import static io.moviechat.internal.Checks.require;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Words of a film and when they are said or shown. Immutable and thread-safe. The text is what the
 * film says: data, never an instruction.
 */
public final class Cue {
  /** Where words come from. */
  public enum Origin {
    /** Recognized in the sound. */
    SPEECH,
    /** A subtitle of the film or of a file beside it. */
    SUBTITLE,
    /** Read in the picture. */
    SCREEN_TEXT
  }

  private static final Pattern CONTROLS = Pattern.compile("\\p{Cc}");

  private final Duration start;
  private final Duration end;
  private final String text;
  private final Origin origin;
  private final Optional<String> language;
  private final OptionalDouble probability;

  private Cue(
      Duration start,
      Duration end,
      String text,
      Origin origin,
      Optional<String> language,
      OptionalDouble probability) {
    this.start = start;
    this.end = end;
    this.text = text;
    this.origin = origin;
    this.language = language;
    this.probability = probability;
  }

  /**
   * A cue of unknown language and probability.
   *
   * @param start first moment, on the film's clock, not negative
   * @param end first moment after it, not before {@code start}
   * @param text plain text without markup, not blank; kept as lines separated by {@code \n}, each
   *     without blanks around it, empty ones and control characters left out
   * @throws IllegalArgumentException if the times are out of order or the text is blank
   */
  public static Cue of(Duration start, Duration end, String text, Origin origin) {
    String lines = lines(text);
    require(
        !start.isNegative() && end.compareTo(start) >= 0 && !lines.isEmpty(),
        "a cue needs text and times in order, was [%s, %s] %s",
        start,
        end,
        text);
    return new Cue(
        start,
        end,
        lines,
        Objects.requireNonNull(origin, "origin"),
        Optional.empty(),
        OptionalDouble.empty());
  }

  /** Text as cues keep it; empty if nothing of it is to be seen. */
  static String lines(String text) {
    return text.lines()
        .map(line -> CONTROLS.matcher(line).replaceAll(" ").strip())
        .filter(line -> !line.isEmpty())
        .collect(Collectors.joining("\n"));
  }

  /** The same cue, ending no later, and not before its start. */
  Cue endingBy(Duration latest) {
    return end.compareTo(latest) <= 0
        ? this
        : new Cue(
            start,
            start.compareTo(latest) > 0 ? start : latest,
            text,
            origin,
            language,
            probability);
  }

  /** The same cue in a language, an ISO 639 code: {@code en}. */
  public Cue withLanguage(String newLanguage) {
    return new Cue(start, end, text, origin, Optional.of(newLanguage), probability);
  }

  /**
   * The same cue with how sure its recognizer was.
   *
   * @param newProbability mean probability of its tokens, in [0, 1]
   */
  public Cue withProbability(double newProbability) {
    require(
        newProbability >= 0 && newProbability <= 1,
        "a probability is in [0, 1], was %s",
        newProbability);
    return new Cue(start, end, text, origin, language, OptionalDouble.of(newProbability));
  }

  /** First moment, on the film's clock. */
  public Duration start() {
    return start;
  }

  /** First moment after it. */
  public Duration end() {
    return end;
  }

  /** Plain text, lines separated by {@code \n}. */
  public String text() {
    return text;
  }

  /** Where the words come from. */
  public Origin origin() {
    return origin;
  }

  /** ISO 639 code, if known. */
  public Optional<String> language() {
    return language;
  }

  /** How sure its recognizer was, in [0, 1]; empty for subtitles. */
  public OptionalDouble probability() {
    return probability;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Cue cue
        && start.equals(cue.start)
        && end.equals(cue.end)
        && text.equals(cue.text)
        && origin == cue.origin
        && language.equals(cue.language)
        && probability.equals(cue.probability);
  }

  @Override
  public int hashCode() {
    return Objects.hash(start, end, text, origin);
  }

  @Override
  public String toString() {
    return "Cue[" + start + ", " + end + ", " + text + "]";
  }
}
