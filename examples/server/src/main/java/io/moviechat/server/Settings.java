package io.moviechat.server;

import io.moviechat.MemoryBudget;
import io.moviechat.MovieChat;
import io.moviechat.llm.ModelBundle;
import io.moviechat.llm.SpeechBundle;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
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
      names = "--speech",
      paramLabel = "DIR",
      description =
          "Folder of a speech model (Whisper), which listens to films without subtitles (default:"
              + " subtitles alone).")
  private @Nullable Path speech;

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
      chat.model(ModelBundle.at(model));
    }
    if (memorySlots != null) {
      chat.memoryBudget(MemoryBudget.ofSlots(memorySlots));
    }
    Optional<SpeechRecognizer> listener =
        Optional.ofNullable(speech).map(folder -> SpeechBundle.at(folder).open());
    try {
      listener.ifPresent(heard -> chat.speech(heard, SpeechOptions.DEFAULT));
      MovieChat opened = chat.build();
      try {
        return new Films(opened, listener, real, folders, (long) maxDisk << 30);
      } catch (RuntimeException e) {
        opened.close();
        throw e;
      }
    } catch (RuntimeException e) {
      listener.ifPresent(SpeechRecognizer::close);
      throw e;
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
