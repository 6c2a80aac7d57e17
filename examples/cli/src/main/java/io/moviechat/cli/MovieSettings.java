package io.moviechat.cli;

import io.moviechat.MovieChat;
import io.moviechat.llm.DualEncoderBundle;
import io.moviechat.llm.SpeechBundle;
import io.moviechat.llm.TextBundle;
import io.moviechat.ocr.TextRecognizer;
import io.moviechat.recall.SlotScorer;
import io.moviechat.speech.SpeechRecognizer;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VisionLanguageModel;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options that say which movie is watched, and how. */
final class MovieSettings {
  @Option(names = "--video", paramLabel = "FILE", description = "Video or picture: a file or URL.")
  private @Nullable String video;

  @Mixin private WatchSettings watch;

  @Option(
      names = "--memory-file",
      paramLabel = "FILE",
      description =
          "If the file exists, answer from this memory without watching;"
              + " else watch, and save the memory there.")
  private @Nullable Path memoryFile;

  @Option(
      names = "--speech",
      paramLabel = "DIR",
      description =
          "Hear what is said with this speech bundle (Whisper), unless the video has subtitles.")
  private @Nullable Path speech;

  @Option(
      names = "--text",
      paramLabel = "DIR",
      description = "Read what stands in the pictures with this text bundle (PP-OCR).")
  private @Nullable Path text;

  @Option(
      names = "--recall",
      paramLabel = "DIR",
      description =
          "Find what a question wants with this dual encoder (CLIP, SigLIP), in place of the"
              + " model's own scorer.")
  private @Nullable Path recall;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  MovieSettings() {}

  /**
   * Checks the options as far as neither model nor video is needed.
   *
   * @throws IllegalArgumentException naming the option and what it takes
   */
  void validate() {
    watch.validate();
    location();
    if (video == null && savedMemory().isEmpty()) {
      throw new IllegalArgumentException(
          memoryFile == null
              ? "no video was given; use --video FILE"
              : "there is no memory file "
                  + memoryFile
                  + " yet, and no video to make it of; use --video FILE");
    }
  }

  /** The video's address; empty if the movie comes from its memory file alone. */
  Optional<URI> location() {
    return video == null ? Optional.empty() : Optional.of(Videos.locate(video));
  }

  /** The video as it was typed, for messages. */
  String videoName() {
    return video == null ? String.valueOf(memoryFile) : video;
  }

  /** The memory file to answer from. */
  Optional<Path> savedMemory() {
    return Optional.ofNullable(memoryFile).filter(Files::exists);
  }

  /** The memory file to write after watching. */
  Optional<Path> memoryToSave() {
    return Optional.ofNullable(memoryFile).filter(file -> !Files.exists(file));
  }

  /**
   * Who listens to the movie; the caller closes it.
   *
   * @throws io.moviechat.ModelException listing all that is wrong with the bundle
   */
  Optional<SpeechRecognizer> openSpeech() {
    return Optional.ofNullable(speech).map(SpeechBundle::at).map(SpeechBundle::open);
  }

  /**
   * Who reads what stands in the movie's pictures; the caller closes it.
   *
   * @throws io.moviechat.ModelException listing all that is wrong with the bundle
   */
  Optional<TextRecognizer> openText() {
    return Optional.ofNullable(text).map(TextBundle::at).map(TextBundle::open);
  }

  /**
   * Who says what a question wants, in place of the model's own scorer; the caller closes it.
   *
   * @throws io.moviechat.ModelException listing all that is wrong with the bundle
   */
  Optional<SlotScorer> openScorer() {
    return Optional.ofNullable(recall).map(DualEncoderBundle::at).map(DualEncoderBundle::open);
  }

  /** A chat that only searches, with the options that were given. */
  MovieChat.Builder searchOnly(SlotScorer scorer) {
    return watch.configure(MovieChat.builder().searchOnly(scorer), ModelDefaults.NONE);
  }

  MovieChat.Builder builder(VisionLanguageModel chosen) {
    return watch.builder(chosen);
  }
}
