package io.moviechat.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.moviechat.Frame;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.WatchOptions;
import io.moviechat.Watching;
import io.moviechat.recall.Alert;
import io.moviechat.recall.AlertListener;
import io.moviechat.recall.AlertOptions;
import io.moviechat.recall.SlotScorer;
import io.moviechat.video.FrameImages;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moviechat watch}: tells when a video or a stream shows something. */
@Command(
    name = "watch",
    description = "Watch a video or a live stream and tell when it shows something.",
    sortOptions = false)
final class WatchCommand implements Callable<Integer> {
  private final Context context;
  private int failures;
  private int pictures;

  @Spec private CommandSpec spec;
  @Mixin private Models models;
  @Mixin private MovieSettings movieSettings;

  @Option(
      names = "--when",
      required = true,
      paramLabel = "TEXT",
      description = "What to look for, as in 'red car'; may be given many times.")
  private List<String> wishes;

  @Option(
      names = "--threshold",
      paramLabel = "0..1",
      defaultValue = "0.75",
      description = "How well a frame must fit (default: ${DEFAULT-VALUE}).")
  private double threshold;

  @Option(
      names = "--pictures",
      paramLabel = "DIR",
      description = "Write the picture that fits best of each alert there, as PNG.")
  private @Nullable Path folder;

  @Option(names = "--json", description = "Print a JSON object a line.")
  private boolean json;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  WatchCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    WatchOptions options = WatchOptions.DEFAULT;
    try {
      movieSettings.validate();
      if (movieSettings.location().isEmpty()) {
        throw new IllegalArgumentException("there is nothing to watch; use --video FILE");
      }
      if (folder != null && !Files.isDirectory(folder)) {
        throw new IllegalArgumentException(folder + " is no folder; create it first");
      }
      AlertOptions alerts =
          AlertOptions.DEFAULT.withThresholds(
              threshold, Math.min(threshold, AlertOptions.DEFAULT.over()));
      for (String wish : wishes) {
        options = options.when(wish, alerts, new Teller());
      }
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    Optional<SlotScorer> scorer = movieSettings.openScorer();
    if (scorer.isPresent()) {
      try (SlotScorer dual = scorer.get()) {
        watch(movieSettings.searchOnly(dual), options);
      }
    } else {
      watch(movieSettings.builder(models.chosen()), options);
    }
    return failures == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  private void watch(MovieChat.Builder builder, WatchOptions options) {
    try (MovieChat chat = builder.build();
        StatusLine status = new StatusLine(context.terminal())) {
      Watching watching =
          chat.start(movieSettings.location().orElseThrow(), options.onProgress(status::show));
      Movie movie = context.interruption().during(watching::stop, watching::join);
      movieSettings.memoryToSave().ifPresent(file -> movie.memory().save(file));
    }
  }

  private final class Teller implements AlertListener {
    @Override
    public void found(Alert alert) {
      print("found", alert.start(), alert);
    }

    @Override
    public void ended(Alert alert, Duration end) {
      print("ended", end, alert);
      if (folder != null) {
        write(alert, folder);
      }
    }

    @Override
    public void failed(String query, RuntimeException failure) {
      failures++;
      context
          .terminal()
          .note("moviechat: '" + query + "' is not looked for: " + failure.getMessage());
    }
  }

  private void print(String what, Duration time, Alert alert) {
    String line =
        json
            ? json(what, time, alert)
            : String.format(
                Locale.ROOT,
                "%s %s  %.2f %s  %s",
                Moment.format(time),
                what,
                alert.score(),
                alert.reason(),
                alert.query());
    context.terminal().out().println(line);
    context.terminal().out().flush();
  }

  private static String json(String what, Duration time, Alert alert) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("alert", what);
      json.writeStringField("query", alert.query());
      json.writeNumberField("time", Moment.seconds(time));
      json.writeNumberField("best", Moment.seconds(alert.moment()));
      json.writeNumberField("score", alert.score());
      json.writeStringField("reason", alert.reason());
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a StringWriter does not fail
    }
    return text.toString();
  }

  private void write(Alert alert, Path directory) {
    try (Frame picture = alert.picture()) {
      String name = String.format(Locale.ROOT, "alert-%04d.png", ++pictures);
      FrameImages.write(picture, directory.resolve(name));
    }
  }
}
