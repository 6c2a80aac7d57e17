package io.moviechat.cli;

import io.moviechat.MovieChat;
import io.moviechat.batch.BatchProgress;
import io.moviechat.batch.FilmResult;
import io.moviechat.batch.MovieBatch;
import io.moviechat.spi.VisionLanguageModel;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moviechat batch}: many films, the same questions, one folder. */
@Command(
    name = "batch",
    description = {
      "Watch many films and ask each the same questions.",
      "Everything goes to one folder; run it again to go on where it ended. Prints one JSON object"
          + " per film."
    },
    sortOptions = false)
final class BatchCommand implements Callable<Integer> {
  private final Context context;

  @Spec private CommandSpec spec;

  @Option(
      names = "--films",
      required = true,
      paramLabel = "DIR|LIST",
      description = "A folder of films, or a text file with a file or URL on each line.")
  private Path films;

  @Option(
      names = "--questions",
      paramLabel = "FILE",
      description = "A text file with a question on each line (default: only watch).")
  private @Nullable Path questions;

  @Option(
      names = {"-o", "--out"},
      required = true,
      paramLabel = "DIR",
      description = "Where memories and answers go.")
  private Path out;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      defaultValue = "1",
      description = "Films at the same time (default: ${DEFAULT-VALUE}).")
  private int jobs;

  @Option(
      names = "--batch-answers",
      description =
          "Answer questions about films of several --jobs together: faster, but an answer may come"
              + " out a little different depending on what else is asked at that moment.")
  private boolean batchAnswers;

  @Option(
      names = "--max-memory",
      paramLabel = "MB",
      description = "Most megabytes of all memories at a time; lowers --jobs to what fits.")
  private @Nullable Long maxMemory;

  @Option(
      names = "--max-disk",
      paramLabel = "MB",
      description = "Most megabytes in --out; films that might not fit are left for another run.")
  private @Nullable Long maxDisk;

  @Mixin private WatchSettings watch;
  @Mixin private Models models;
  @Mixin private GenerationSettings generation;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  BatchCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    List<URI> list;
    List<String> asked;
    try {
      watch.validate();
      generation.validate();
      list = FilmList.of(films);
      asked = questions();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    VisionLanguageModel model = batchAnswers ? models.chosenForBatches() : models.chosen();
    model.defaults().notice().ifPresent(context.terminal()::note);
    List<FilmResult> results;
    try (StatusLine status = new StatusLine(context.terminal());
        MovieChat chat = watch.builder(model).generation(generation.of(model)).build()) {
      MovieBatch.Builder batch =
          MovieBatch.builder(chat, out)
              .questions(asked)
              .jobs(jobs)
              .onProgress(progress -> status.show(line(progress)));
      if (maxMemory != null) {
        batch.memoryBytes(maxMemory * 1_000_000);
      }
      if (maxDisk != null) {
        batch.diskBytes(maxDisk * 1_000_000);
      }
      Thread runner = Thread.currentThread();
      results = context.interruption().during(runner::interrupt, () -> batch.build().run(list));
    }
    results.forEach(result -> context.terminal().out().println(result.toJson()));
    long failed = results.stream().filter(r -> r.status() == FilmResult.Status.FAILED).count();
    if (failed > 0) {
      context
          .terminal()
          .note(
              String.format(
                  "moviechat: %d of %d films failed; the others are in %s, and the next run tries"
                      + " them again",
                  failed, results.size(), out));
    }
    return failed > 0 ? CommandLine.ExitCode.SOFTWARE : CommandLine.ExitCode.OK;
  }

  private List<String> questions() {
    if (questions == null) {
      return List.of();
    }
    try {
      List<String> lines =
          Files.readAllLines(questions).stream()
              .map(String::strip)
              .filter(line -> !line.isEmpty())
              .toList();
      if (lines.isEmpty()) {
        throw new IllegalArgumentException(questions + " has no question");
      }
      return lines;
    } catch (IOException e) {
      throw new IllegalArgumentException(
          questions + " cannot be read: give a text file in UTF-8 with a question on each line", e);
    }
  }

  private static String line(BatchProgress progress) {
    return String.format(
        Locale.ROOT,
        "%s, %d %%%s",
        progress,
        (int) (100 * progress.fraction()),
        progress.left().map(left -> ", " + Moment.clock(left) + " left").orElse(""));
  }
}
