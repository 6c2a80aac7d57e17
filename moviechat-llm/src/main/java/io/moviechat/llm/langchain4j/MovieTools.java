package io.moviechat.llm.langchain4j;

import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import io.moviechat.Answer;
import io.moviechat.library.Film;
import io.moviechat.library.MovieLibrary;
import io.moviechat.llm.internal.CueLines;
import io.moviechat.speech.Cue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * The films of a library as tools of a LangChain4j agent.
 *
 * <pre>{@code
 * Assistant assistant =
 *     AiServices.builder(Assistant.class)
 *         .chatModel(model)
 *         .tools(MovieTools.of(library, Path.of("videos")))
 *         .build();
 * }</pre>
 *
 * <p>Results are text with the times that an answer rests on and the words of the film that it was
 * shown. What a tool cannot do is said in its result, so that the model can react. Needs {@code
 * dev.langchain4j:langchain4j-core} on the class path. Thread-safe. Borrows the library.
 */
public final class MovieTools {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int MOST_SPANS = 24;

  private final MovieLibrary library;
  private final Path folder;

  private MovieTools(MovieLibrary library, Path folder) {
    this.library = library;
    this.folder = folder;
  }

  /**
   * Tools over a library.
   *
   * @param folder only videos below it may be watched
   * @throws IllegalArgumentException if it is no folder
   */
  public static MovieTools of(MovieLibrary library, Path folder) {
    Objects.requireNonNull(library, "library");
    try {
      Path real = folder.toRealPath();
      if (Files.isDirectory(real)) {
        return new MovieTools(library, real);
      }
    } catch (IOException e) {
      throw new IllegalArgumentException(folder + " is no folder that can be read", e);
    }
    throw new IllegalArgumentException(folder + " is no folder");
  }

  /** Watches a video; returns after 20 seconds at most, while watching goes on. */
  @Tool("Watches a video file once and remembers it. Returns the film's handle to ask it by.")
  public String watchVideo(@P("path of the video file") String path) {
    return told(
        () -> {
          Film film = library.watch(file(path).toUri());
          film.await(PATIENCE);
          return describe(film);
        });
  }

  /** Answers about a whole film. */
  @Tool("Answers a question about a whole film, with the times that the answer rests on.")
  public String askVideo(
      @P("handle of the film, from watchVideo or listVideos") String handle,
      @P("the question") String question) {
    return told(() -> film(handle).with(movie -> answer(movie.ask(question))));
  }

  /** Answers about a moment of a film. */
  @Tool("Answers a question about a moment of a film; knows nothing of what comes later.")
  public String askAt(
      @P("handle of the film, from watchVideo or listVideos") String handle,
      @P("the moment in seconds") double seconds,
      @P("the question") String question) {
    Duration moment = Duration.ofMillis(Math.round(seconds * 1000));
    return told(() -> film(handle).with(movie -> answer(movie.at(moment).ask(question))));
  }

  /** All films that are remembered. */
  @Tool("Lists the films that are remembered, with their handles.")
  public String listVideos() {
    return told(
        () -> {
          List<String> films = library.films().stream().map(MovieTools::describe).toList();
          return films.isEmpty() ? "No film is remembered." : String.join("\n", films);
        });
  }

  private interface Work {
    String result() throws InterruptedException;
  }

  private static String told(Work work) {
    try {
      return work.result();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "Not done: interrupted.";
    } catch (RuntimeException e) {
      return "Not done: " + e.getMessage();
    }
  }

  private Path file(String text) {
    try {
      Path real = folder.resolve(text).toRealPath();
      if (real.startsWith(folder) && Files.isRegularFile(real)) {
        return real;
      }
    } catch (IOException | InvalidPathException e) {
      // the same answer as for a file that may not be read
    }
    throw new IllegalArgumentException("there is no video " + text + " that may be watched");
  }

  private Film film(String handle) {
    return library
        .film(handle)
        .orElseThrow(
            () -> new NoSuchElementException("there is no film " + handle + "; see listVideos"));
  }

  private static String describe(Film film) {
    return film.title()
        + ": handle "
        + film.id()
        + ", "
        + film.state().name().toLowerCase(Locale.ROOT)
        + ", watched to "
        + clock(film.watchedTo())
        + film.failure().map(why -> ", " + why.getMessage()).orElse("");
  }

  private static String answer(Answer answer) {
    List<String> spans = new ArrayList<>();
    answer
        .evidence()
        .forEach(slot -> spans.add("[" + clock(slot.start()) + "-" + clock(slot.end()) + "]"));
    String rest = spans.size() > MOST_SPANS ? " and " + (spans.size() - MOST_SPANS) + " more" : "";
    return answer.text()
        + "\nRests on "
        + String.join(" ", spans.subList(0, Math.min(MOST_SPANS, spans.size())))
        + rest
        + words(answer.cues());
  }

  /** What the film says where the model was shown it, for whoever has to quote it. */
  private static String words(List<Cue> cues) {
    return cues.isEmpty()
        ? ""
        : cues.stream()
            .limit(MOST_SPANS)
            .map(cue -> CueLines.line(cue).strip())
            .collect(Collectors.joining("\n", "\nThe film's words:\n", ""));
  }

  private static String clock(Duration time) {
    return String.format(Locale.ROOT, "%02d:%02d", time.toMinutes(), time.toSecondsPart());
  }
}
