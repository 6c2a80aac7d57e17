package io.moviechat.speech;

import java.util.Objects;
import java.util.Optional;

/** How speech is recognized. Immutable and thread-safe. */
public final class SpeechOptions {
  /** The language that is heard; every window by itself. */
  public static final SpeechOptions DEFAULT = new SpeechOptions(Optional.empty(), false, true);

  private final Optional<String> language;
  private final boolean textBefore;
  private final boolean subtitles;

  private SpeechOptions(Optional<String> language, boolean textBefore, boolean subtitles) {
    this.language = language;
    this.textBefore = textBefore;
    this.subtitles = subtitles;
  }

  /**
   * The same options for one language.
   *
   * @param newLanguage an ISO 639 code: {@code en}
   */
  public SpeechOptions withLanguage(String newLanguage) {
    return new SpeechOptions(
        Optional.of(Objects.requireNonNull(newLanguage, "language")), textBefore, subtitles);
  }

  /**
   * The same options, telling each window what was said before it. Names stay the same over a film;
   * but a window that went wrong takes the next ones with it, so this is off by default.
   */
  public SpeechOptions withTextBefore(boolean newTextBefore) {
    return new SpeechOptions(language, newTextBefore, subtitles);
  }

  /**
   * The same options with or without subtitles in place of recognition, where a film has some.
   * Default: with them, which costs nearly nothing and is what somebody wrote down.
   */
  public SpeechOptions withSubtitles(boolean newSubtitles) {
    return new SpeechOptions(language, textBefore, newSubtitles);
  }

  /** ISO 639 code of the language; empty to recognize it. */
  public Optional<String> language() {
    return language;
  }

  /** Whether each window is told what was said before it. */
  public boolean textBefore() {
    return textBefore;
  }

  /** Whether subtitles are taken in place of recognition. */
  public boolean subtitles() {
    return subtitles;
  }

  @Override
  public String toString() {
    return "SpeechOptions[language="
        + language.orElse("as heard")
        + ", textBefore="
        + textBefore
        + ", subtitles="
        + subtitles
        + "]";
  }
}
