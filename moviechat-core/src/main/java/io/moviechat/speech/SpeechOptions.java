package io.moviechat.speech;

import java.util.Objects;
import java.util.Optional;

/** How speech is recognized. Immutable and thread-safe. */
public final class SpeechOptions {
  /** The language that is heard; every window by itself. */
  public static final SpeechOptions DEFAULT = new SpeechOptions(Optional.empty(), false);

  private final Optional<String> language;
  private final boolean textBefore;

  private SpeechOptions(Optional<String> language, boolean textBefore) {
    this.language = language;
    this.textBefore = textBefore;
  }

  /**
   * The same options for one language.
   *
   * @param newLanguage an ISO 639 code: {@code en}
   */
  public SpeechOptions withLanguage(String newLanguage) {
    return new SpeechOptions(
        Optional.of(Objects.requireNonNull(newLanguage, "language")), textBefore);
  }

  /**
   * The same options, telling each window what was said before it. Names stay the same over a film;
   * but a window that went wrong takes the next ones with it, so this is off by default.
   */
  public SpeechOptions withTextBefore(boolean newTextBefore) {
    return new SpeechOptions(language, newTextBefore);
  }

  /** ISO 639 code of the language; empty to recognize it. */
  public Optional<String> language() {
    return language;
  }

  /** Whether each window is told what was said before it. */
  public boolean textBefore() {
    return textBefore;
  }

  @Override
  public String toString() {
    return "SpeechOptions[language="
        + language.orElse("as heard")
        + ", textBefore="
        + textBefore
        + "]";
  }
}
