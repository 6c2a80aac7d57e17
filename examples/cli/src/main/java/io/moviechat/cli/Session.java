package io.moviechat.cli;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Conversation;
import io.moviechat.GenerationOptions;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.VideoException;
import io.moviechat.VideoLocation;
import io.moviechat.WatchOptions;
import io.moviechat.Watching;
import io.moviechat.internal.ResourceStack;
import io.moviechat.ocr.OcrOptions;
import io.moviechat.ocr.TextRecognizer;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import io.moviechat.spi.VisionLanguageModel;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import java.util.function.Supplier;

/** An opened model and a watched movie. */
final class Session implements AutoCloseable {
  private final ResourceStack resources;
  private final Movie movie;
  private final String name;
  private final Optional<Duration> end;

  private Session(ResourceStack resources, Movie movie, String name, Optional<Duration> end) {
    this.resources = resources;
    this.movie = movie;
    this.name = name;
    this.end = end;
  }

  /**
   * Opens the model and watches the movie, or opens its saved memory.
   *
   * @param chosen finds the model, once the video is known to be there
   * @param at the moment that will be asked about, if that is known already: its memory is then
   *     kept exactly
   */
  static Session open(
      Context context,
      MovieSettings movieSettings,
      Supplier<VisionLanguageModel> chosen,
      Function<VisionLanguageModel, GenerationOptions> generation,
      Optional<Duration> at) {
    // What is quickly found out comes first: opening a large model takes a while.
    String name = movieSettings.videoName();
    Optional<Duration> end = Optional.empty();
    if (movieSettings.savedMemory().isEmpty()) {
      end = Videos.info(movieSettings.location().orElseThrow()).duration();
      requireBefore(end, at, name);
    }
    movieSettings.memoryToSave().ifPresent(Session::requireWritable);
    VisionLanguageModel model = chosen.get();
    model.defaults().notice().ifPresent(context.terminal()::note);
    try (StatusLine status = new StatusLine(context.terminal());
        ResourceStack opened = new ResourceStack()) {
      status.show("opening " + model.name());
      MovieChat.Builder builder = movieSettings.builder(model).generation(generation.apply(model));
      movieSettings.openScorer().map(opened::push).ifPresent(builder::recall);
      MovieChat chat = opened.open(builder::build);
      Movie movie = movie(context, chat, movieSettings, at, status);
      return new Session(opened.release(), movie, name, end);
    }
  }

  /** Watches the movie, or opens its saved memory. */
  static Movie movie(
      Context context,
      MovieChat chat,
      MovieSettings settings,
      Optional<Duration> at,
      StatusLine status) {
    if (context.interruption().requested()) {
      throw new CancellationException();
    }
    Optional<Path> saved = settings.savedMemory();
    if (saved.isPresent()) {
      try (ResourceStack opened = new ResourceStack()) {
        Movie movie = opened.open(() -> chat.open(saved.get()));
        settings.location().ifPresent(video -> checkSame(saved.get(), movie, video));
        opened.release();
        return movie;
      }
    }
    WatchOptions options = WatchOptions.DEFAULT.withBreakpoints(at.map(List::of).orElse(List.of()));
    Movie movie = watched(context, chat, settings, options.onProgress(status::show));
    status.clear();
    movie
        .cues()
        .problem()
        .ifPresent(
            problem ->
                context
                    .terminal()
                    .note(
                        String.format(
                            "not all words of %s were collected: %s",
                            settings.videoName(), problem)));
    if (movie.damagedFrames() > 0) {
      context
          .terminal()
          .note(
              String.format(
                  "%s: %d damaged frames were left out",
                  settings.videoName(), movie.damagedFrames()));
    }
    settings.memoryToSave().ifPresent(file -> movie.memory().save(file));
    return movie;
  }

  private static Movie watched(
      Context context, MovieChat chat, MovieSettings settings, WatchOptions options) {
    try (ResourceStack opened = new ResourceStack()) {
      WatchOptions words = options;
      Optional<SpeechRecognizer> listener = settings.openSpeech().map(opened::push);
      if (listener.isPresent()) {
        words = words.withSpeech(listener.get(), SpeechOptions.DEFAULT);
      }
      Optional<TextRecognizer> reader = settings.openText().map(opened::push);
      if (reader.isPresent()) {
        words = words.withScreenText(reader.get(), OcrOptions.DEFAULT);
      }
      Watching watching = chat.start(settings.location().orElseThrow(), words);
      return context.interruption().during(watching::cancel, watching::join);
    }
  }

  private static void requireBefore(
      Optional<Duration> end, Optional<Duration> moment, String name) {
    if (end.isPresent() && moment.isPresent() && moment.get().compareTo(end.get()) > 0) {
      throw new IllegalArgumentException(
          String.format(
              "the breakpoint %s is past the end of %s, which lasts %s;"
                  + " choose a time from 00:00:00 to %s",
              Moment.format(moment.get()),
              name,
              Moment.format(end.get()),
              Moment.format(end.get())));
    }
  }

  /** Finds out before a long pass, not after it, that its result has no place. */
  static void requireWritable(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder) || !Files.isWritable(folder)) {
      throw new IllegalArgumentException(
          file + " cannot be written: its folder is missing or read-only; create it first");
    }
  }

  private static void checkSame(Path file, Movie movie, URI video) {
    if (!movie.location().equals(VideoLocation.of(video).toString())) {
      throw new VideoException(
          "the memory "
              + file
              + " was made of "
              + movie.location()
              + ", not of "
              + video
              + "; leave out --video, or name a new memory file");
    }
  }

  /** A conversation about a moment, or about the whole movie. */
  @MustBeClosed
  Conversation conversation(Optional<Duration> moment) {
    requireBefore(end, moment, name);
    return moment.isPresent() ? movie.at(moment.get()).conversation() : movie.conversation();
  }

  Movie movie() {
    return movie;
  }

  @Override
  public void close() {
    resources.close();
  }
}
