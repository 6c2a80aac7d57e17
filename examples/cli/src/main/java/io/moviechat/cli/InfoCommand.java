package io.moviechat.cli;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoInfo;
import io.moviechat.llm.ModelBundle;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VideoSource;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moviechat info}: what a video or a model bundle is. */
@Command(name = "info", description = "Describe a video or a model bundle.")
final class InfoCommand implements Callable<Integer> {
  private final Context context;

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "VIDEO|MODEL_DIR",
      description = "A video file or URL, or the folder of a model bundle.")
  private String subject;

  @Option(
      names = "--decode",
      description =
          "Decode the whole video too, and say how many frames it gives and how many are damaged.")
  private boolean decode;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  InfoCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    URI location;
    try {
      location = Videos.locate(subject);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    if ("file".equals(location.getScheme()) && Files.isDirectory(Path.of(location))) {
      describe(ModelBundle.at(Path.of(subject)));
    } else {
      try (VideoSource video = Videos.open(location)) {
        describe(video.info());
        describeFrames(video);
      }
    }
    return CommandLine.ExitCode.OK;
  }

  /** What only decoding tells. */
  private void describeFrames(VideoSource video) {
    if (!decode) {
      row("damage", "not looked for; --decode does, and counts the frames");
      return;
    }
    FrameFormat small = FrameFormat.stretch(16, 16, FrameFormat.Resampling.BILINEAR);
    try (FrameStream frames = video.frames(FrameSampling.everyFrame(), small)) {
      long decoded = 0;
      Duration last = Duration.ZERO;
      for (Optional<Frame> next = frames.next(); next.isPresent(); next = frames.next()) {
        try (Frame frame = next.get()) {
          decoded++;
          last = frame.timestamp();
        }
      }
      row(
          "decoded",
          String.format(Locale.ROOT, "%,d frames, last at %s", decoded, Moment.format(last)));
      row("damage", String.format(Locale.ROOT, "%,d frames left out", frames.damagedFrames()));
    }
  }

  private void describe(VideoInfo info) {
    row("video", subject);
    row("container", info.container());
    row("codec", info.codec());
    row("size", info.width() + " x " + info.height());
    row("rotation", info.rotation() + " degrees");
    row("duration", info.duration().map(Moment::format).orElse("unknown"));
    row(
        "frames",
        info.frames().isPresent()
            ? String.format(Locale.ROOT, "%,d", info.frames().getAsLong())
            : "unknown");
    row(
        "frame rate",
        info.frameRate().isPresent()
            ? String.format(Locale.ROOT, "%.3f per second", info.frameRate().getAsDouble())
            : "unknown");
    for (VideoInfo.Track track : info.tracks()) {
      row(
          words(track.kind()),
          track.codec() + track.language().map(language -> ", " + language).orElse(""));
    }
  }

  /** Opens the model: what it says of itself has then been checked against its files. */
  private void describe(ModelBundle model) {
    ModelDefaults defaults = model.defaults();
    try (FrameEncoder encoder = model.openEncoder();
        AnswerGenerator generator = model.openGenerator()) {
      row("model", subject);
      row("encoder", encoder.id());
      FrameFormat format = encoder.preferredFormat();
      row(
          "picture",
          String.format(
              Locale.ROOT,
              "%d x %d (%s, %s)",
              format.width(),
              format.height(),
              words(format.fit()),
              words(format.resampling())));
      row("frame", encoder.shape() + " visual tokens");
      OptionalInt slots = generator.maxSlots(encoder.shape());
      row(
          "context",
          slots.isPresent()
              ? String.format(Locale.ROOT, "holds %,d memory slots", slots.getAsInt())
              : "holds any number of memory slots");
    }
    defaults.memoryStrategy().ifPresent(name -> row("memory", name));
    defaults.sampling().ifPresent(sampling -> row("sampling", sampling.toString()));
    defaults.notice().ifPresent(notice -> row("note", notice));
  }

  private static String words(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private void row(String name, String value) {
    context.terminal().out().printf("%-11s %s%n", name, value);
  }
}
