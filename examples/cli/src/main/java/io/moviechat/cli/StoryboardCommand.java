package io.moviechat.cli;

import io.moviechat.GenerationOptions;
import io.moviechat.MemorySnapshot;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.Storyboard;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moviechat storyboard}: a movie's memory as one picture. */
@Command(
    name = "storyboard",
    description = "Draw the memory of a video as a contact sheet.",
    sortOptions = false)
final class StoryboardCommand implements Callable<Integer> {
  private final Context context;

  @Spec private CommandSpec spec;
  @Mixin private MovieSettings movieSettings;

  @Option(
      names = {"-o", "--out"},
      required = true,
      paramLabel = "FILE.png",
      description = "Where the picture goes.")
  private Path out;

  @Mixin private Models models;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  StoryboardCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    try {
      movieSettings.validate();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    Session.requireWritable(out);
    try (Session session =
        Session.open(
            context,
            movieSettings,
            () -> models.named() ? models.chosen() : new ColorPatches(),
            model -> GenerationOptions.DEFAULT,
            Optional.empty())) {
      MemorySnapshot memory = session.movie().memory().snapshot();
      try (StatusLine status = new StatusLine(context.terminal());
          VideoSource video = Videos.open(URI.create(session.movie().location()))) {
        status.show("drawing " + memory.slots().size() + " memory slots");
        Storyboard.of(memory, video).title(title(session.movie().location())).write(out);
      }
      context.terminal().note(memory.slots().size() + " memory slots drawn to " + out);
    }
    return CommandLine.ExitCode.OK;
  }

  /** The video's name without its folders. */
  private static String title(String location) {
    String path = URI.create(location).getPath();
    return path == null ? location : path.substring(path.lastIndexOf('/') + 1);
  }
}
