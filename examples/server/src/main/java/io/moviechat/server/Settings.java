package io.moviechat.server;

import io.moviechat.MemoryBudget;
import io.moviechat.ModelException;
import io.moviechat.MovieChat;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.DualEncoderBundle;
import io.moviechat.llm.ModelBundle;
import io.moviechat.llm.SpeechBundle;
import io.moviechat.llm.TextBundle;
import io.moviechat.ocr.OcrOptions;
import io.moviechat.speech.SpeechOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of both commands: which model, which folders. */
final class Settings {
  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Folder of a model bundle (default: the small model that comes along).")
  private @Nullable Path model;

  @Option(
      names = "--batch-answers",
      description =
          "Answer questions that are asked at the same time together: faster for several, but an"
              + " answer may come out a little different depending on who else asks. Needs"
              + " --model.")
  private boolean batchAnswers;

  @Option(
      names = "--speech",
      paramLabel = "DIR",
      description =
          "Folder of a speech model (Whisper), which listens to films without subtitles (default:"
              + " subtitles alone).")
  private @Nullable Path speech;

  @Option(
      names = "--text",
      paramLabel = "DIR",
      description =
          "Folder of a model (PP-OCR) that reads what stands in the pictures of films (default:"
              + " none).")
  private @Nullable Path text;

  @Option(
      names = "--recall",
      paramLabel = "DIR",
      description =
          "Folder of a dual encoder (CLIP, SigLIP), which finds what a question or a search wants"
              + " (default: the model's own scorer).")
  private @Nullable Path recall;

  @Option(
      names = "--allow",
      paramLabel = "DIR",
      description =
          "A folder whose videos may be opened by path; may be repeated (default: the working"
              + " directory).")
  private @Nullable List<Path> allow;

  @Option(
      names = "--home",
      paramLabel = "DIR",
      description =
          "Where memories and uploads are kept (default: the folder films below MOVIECHAT_HOME or"
              + " ~/.cache/moviechat).")
  private @Nullable Path home;

  @Option(
      names = "--memory-slots",
      paramLabel = "NUMBER",
      description = "Most slots of a film's memory (default: what the model reads).")
  private @Nullable Integer memorySlots;

  @Option(
      names = "--max-disk",
      paramLabel = "GIB",
      defaultValue = "10",
      description =
          "Most gibibytes of memories; films used least recently are forgotten first (default:"
              + " ${DEFAULT-VALUE}).")
  private int maxDisk = 10;

  Films open() throws IOException {
    Folders folders = Folders.of(allow == null ? List.of(Path.of("")) : allow);
    Path place = home == null ? defaultHome() : home;
    Files.createDirectories(place);
    Path real = place.toRealPath();
    MovieChat.Builder chat = MovieChat.builder();
    if (model != null) {
      ModelBundle bundle = ModelBundle.at(model);
      chat.model(batchAnswers ? bundle.withBatchedAnswers() : bundle);
    } else if (batchAnswers) {
      throw new ModelException(
          "--batch-answers needs --model DIR; the small model answers one question at a time");
    }
    if (memorySlots != null) {
      chat.memoryBudget(MemoryBudget.ofSlots(memorySlots));
    }
    try (ResourceStack opened = new ResourceStack()) {
      if (speech != null) {
        chat.speech(opened.open(SpeechBundle.at(speech)::open), SpeechOptions.DEFAULT);
      }
      if (text != null) {
        chat.screenText(opened.open(TextBundle.at(text)::open), OcrOptions.DEFAULT);
      }
      if (recall != null) {
        chat.recall(opened.open(DualEncoderBundle.at(recall)::open));
      }
      MovieChat built = opened.open(chat::build);
      int streams = batchAnswers ? Films.BATCHED_STREAMS : Films.STREAMS;
      return new Films(built, real, folders, (long) maxDisk << 30, streams, opened);
    }
  }

  private static Path defaultHome() {
    String home = System.getenv("MOVIECHAT_HOME");
    Path base =
        home == null || home.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache", "moviechat")
            : Path.of(home);
    return base.resolve("films");
  }
}
