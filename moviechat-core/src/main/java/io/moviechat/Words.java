package io.moviechat;

import io.moviechat.ocr.OcrOptions;
import io.moviechat.ocr.TextRecognizer;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import java.util.Objects;
import java.util.Optional;

/**
 * Where the words of a film come from.
 *
 * @param listener who listens; empty if nobody does
 * @param speech how, and whether subtitles are taken instead
 * @param reader who reads text in the pictures; empty if nobody does
 * @param ocr how
 */
record Words(
    Optional<SpeechRecognizer> listener,
    SpeechOptions speech,
    Optional<TextRecognizer> reader,
    OcrOptions ocr) {
  /** From subtitles alone. */
  static final Words SUBTITLES =
      new Words(Optional.empty(), SpeechOptions.DEFAULT, Optional.empty(), OcrOptions.DEFAULT);

  /** From nowhere. */
  static final Words NONE =
      new Words(
          Optional.empty(),
          SpeechOptions.DEFAULT.withSubtitles(false),
          Optional.empty(),
          OcrOptions.DEFAULT);

  Words heard(SpeechRecognizer by, SpeechOptions options) {
    return new Words(
        Optional.of(Objects.requireNonNull(by, "recognizer")),
        Objects.requireNonNull(options, "options"),
        reader,
        ocr);
  }

  Words read(TextRecognizer by, OcrOptions options) {
    return new Words(
        listener,
        speech,
        Optional.of(Objects.requireNonNull(by, "recognizer")),
        Objects.requireNonNull(options, "options"));
  }

  /** Whether there is anything to listen to or subtitles to look for. */
  boolean heard() {
    return listener.isPresent() || speech.subtitles();
  }
}
