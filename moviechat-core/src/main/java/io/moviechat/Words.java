package io.moviechat;

import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import java.util.Objects;
import java.util.Optional;

/**
 * Where the words of a film come from.
 *
 * @param recognizer who listens; empty if nobody does
 * @param options how, and whether subtitles are taken instead
 */
record Words(Optional<SpeechRecognizer> recognizer, SpeechOptions options) {
  /** From nowhere. */
  static final Words NONE = new Words(Optional.empty(), SpeechOptions.DEFAULT.withSubtitles(false));

  /** From subtitles alone. */
  static final Words SUBTITLES = new Words(Optional.empty(), SpeechOptions.DEFAULT);

  static Words heard(SpeechRecognizer recognizer, SpeechOptions options) {
    return new Words(
        Optional.of(Objects.requireNonNull(recognizer, "recognizer")),
        Objects.requireNonNull(options, "options"));
  }

  boolean wanted() {
    return recognizer.isPresent() || options.subtitles();
  }
}
