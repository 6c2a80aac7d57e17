package io.moviechat.cli;

import io.moviechat.ModelException;
import io.moviechat.VideoException;
import io.moviechat.VideoLocation;
import io.moviechat.llm.Device;
import io.moviechat.llm.Precision;
import io.moviechat.llm.SpeechBundle;
import io.moviechat.speech.AudioSource;
import io.moviechat.speech.Cue;
import io.moviechat.speech.CueStream;
import io.moviechat.speech.Cues;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import io.moviechat.spi.VideoSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moviechat transcribe}: what is said in a film, as subtitles. */
@Command(
    name = "transcribe",
    description = "Write down what is said in a video or a sound file, as subtitles.",
    sortOptions = false)
final class TranscribeCommand implements Callable<Integer> {
  private static final long SAVE_NANOS = Duration.ofSeconds(10).toNanos();

  private final Context context;

  @Spec private CommandSpec spec;

  @Option(
      names = "--video",
      required = true,
      paramLabel = "FILE",
      description = "Video or sound: a file or URL.")
  private String video;

  @Option(
      names = "--speech",
      required = true,
      paramLabel = "DIR",
      description = "Folder of a speech bundle: multilingual Whisper as ONNX.")
  private Path speech;

  @Option(
      names = {"-o", "--out"},
      required = true,
      paramLabel = "FILE.srt|FILE.vtt",
      description =
          "Where the subtitles go. Until they are complete they are in FILE.part, with which the"
              + " same command goes on after an interruption.")
  private Path out;

  @Option(
      names = "--language",
      paramLabel = "CODE",
      description =
          "What is spoken, as in en, and which track is heard (default: as heard in the first"
              + " one).")
  private @Nullable String language;

  @Option(
      names = "--precision",
      paramLabel = "NAME",
      description = "Which variant of the graphs: ${COMPLETION-CANDIDATES} (default: AUTO).")
  private @Nullable Precision precision;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      converter = DeviceConverter.class,
      description = "cpu (default), cuda or cuda:N, or auto: CUDA if it can be used.")
  private @Nullable Device device;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads of each graph (default: one for each core).")
  private int threads;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  TranscribeCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    URI location;
    SpeechBundle bundle;
    boolean vtt;
    try {
      location = Videos.locate(video);
      vtt = isVtt(out);
      SpeechBundle all = SpeechBundle.at(speech).withThreads(threads);
      SpeechBundle precise = precision == null ? all : all.withPrecision(precision);
      bundle = device == null ? precise : precise.withDevice(device);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    Session.requireWritable(out);
    if (!Files.isDirectory(speech)) {
      throw new ModelException("there is no folder " + speech + " with a speech bundle");
    }
    Part part = new Part(out.resolveSibling(out.getFileName() + ".part"), source(location));
    Cues cues = part.read();
    if (!cues.heard().isZero()) {
      context.terminal().note("going on at " + Moment.clock(cues.heard()) + " of " + video);
    }
    long start = System.nanoTime();
    Duration from = cues.heard();
    try (StatusLine status = new StatusLine(context.terminal())) {
      Optional<Duration> length = length(location);
      status.show("opening " + bundle.name());
      try (SpeechRecognizer recognizer = bundle.open();
          AudioSource sound = Videos.openSound(location, from, Optional.ofNullable(language))) {
        cues = hear(recognizer, sound, cues, part, length, status);
      }
    }
    part.replaceWith(out, vtt ? cues.toVtt() : cues.toSrt());
    double seconds = (System.nanoTime() - start) / 1e9;
    context
        .terminal()
        .note(
            String.format(
                Locale.ROOT,
                "%d cues in %s of sound written to %s (%.1f x as fast as it was said)",
                cues.list().size(),
                Moment.clock(cues.heard()),
                out,
                cues.heard().minus(from).toMillis() / 1000.0 / seconds));
    return CommandLine.ExitCode.OK;
  }

  private static boolean isVtt(Path file) {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    if (!name.endsWith(".srt") && !name.endsWith(".vtt")) {
      throw new IllegalArgumentException(
          "'" + file + "' ends neither with .srt nor with .vtt; name one of these");
    }
    return name.endsWith(".vtt");
  }

  /** The length as the container tells it; sound alone tells none. */
  private static Optional<Duration> length(URI location) {
    try (VideoSource source = Videos.open(location)) {
      return source.info().duration();
    } catch (VideoException e) {
      return Optional.empty(); // opening its sound tells whether that is all
    }
  }

  private Cues hear(
      SpeechRecognizer recognizer,
      AudioSource sound,
      Cues earlier,
      Part part,
      Optional<Duration> length,
      StatusLine status) {
    Thread worker = Thread.currentThread();
    Runnable cancel =
        () -> {
          worker.interrupt();
          sound.close(); // ends a read that waits
        };
    return context
        .interruption()
        .during(
            cancel,
            () -> {
              try (CueStream stream = recognizer.transcribe(sound, options(earlier))) {
                return hear(stream, earlier, part, length, status);
              } finally {
                boolean unused = Thread.interrupted(); // what was cancelled ends here
              }
            });
  }

  private Cues hear(
      CueStream stream, Cues earlier, Part part, Optional<Duration> length, StatusLine status) {
    Cues cues = earlier;
    long saved = System.nanoTime();
    try {
      while (true) {
        status.show(progress(cues.heard(), length, cues.list().size()));
        Optional<List<Cue>> next = stream.next();
        if (next.isEmpty()) {
          return cues.withHeard(stream.heard());
        }
        cues = cues.plus(next.get()).withHeard(stream.heard());
        if (System.nanoTime() - saved > SAVE_NANOS) {
          part.write(cues, stream.language());
          saved = System.nanoTime();
        }
      }
    } catch (RuntimeException e) {
      if (cues.heard().compareTo(earlier.heard()) > 0) {
        part.write(cues, stream.language());
      }
      if (context.interruption().requested()) {
        throw new CancellationException();
      }
      throw e;
    }
  }

  private SpeechOptions options(Cues earlier) {
    if (language != null) {
      return SpeechOptions.DEFAULT.withLanguage(language);
    }
    return earlier.list().stream()
        .flatMap(cue -> cue.language().stream())
        .findFirst()
        .map(SpeechOptions.DEFAULT::withLanguage)
        .orElse(SpeechOptions.DEFAULT);
  }

  static String progress(Duration heard, Optional<Duration> length, int cues) {
    String at = "listening " + Moment.clock(heard);
    String of = length.map(end -> " / " + Moment.clock(end)).orElse("");
    return at + of + "  " + cues + " cues";
  }

  /** What tells whether an unfinished file is of the same film, model and language. */
  private String source(URI location) {
    String state = location.toString();
    VideoLocation place = VideoLocation.of(location);
    if (place.path().isPresent()) {
      try {
        Path file = place.path().get();
        state = Files.size(file) + " " + Files.getLastModifiedTime(file).toMillis();
      } catch (IOException e) {
        state = "none"; // opening it tells why
      }
    }
    return Integer.toHexString((state + " " + speech.toAbsolutePath() + " " + language).hashCode());
  }

  /**
   * Unfinished subtitles: WebVTT, with a note of how far they reach.
   *
   * @param source of what they are
   */
  record Part(Path file, String source) {
    private static final Pattern NOTE =
        Pattern.compile("NOTE moviechat (\\p{XDigit}+) (\\d{1,15}) ([a-z]*)");

    /** What was heard before; nothing if that was of something else. */
    Cues read() {
      try {
        String text = Files.exists(file) ? Files.readString(file) : "";
        Matcher note = NOTE.matcher(text);
        if (!note.find() || !note.group(1).equals(source)) {
          return Cues.NONE;
        }
        Cues cues = text.contains("-->") ? Cues.parse(text) : Cues.NONE;
        String language = note.group(3);
        List<Cue> list =
            language.isEmpty()
                ? cues.list()
                : cues.list().stream().map(cue -> cue.withLanguage(language)).toList();
        return Cues.of(list).withHeard(Duration.ofMillis(Long.parseLong(note.group(2))));
      } catch (IOException | IllegalArgumentException e) {
        return Cues.NONE; // damaged: it is heard again
      }
    }

    void write(Cues cues, Optional<String> language) {
      String note =
          String.format(
              Locale.ROOT,
              "NOTE moviechat %s %d %s",
              source,
              cues.heard().toMillis(),
              language.orElse(""));
      replace(file, cues.toVtt().replaceFirst("WEBVTT\n", "WEBVTT\n\n" + note + "\n"));
    }

    /** Writes the finished file and removes this one. */
    void replaceWith(Path finished, String text) {
      try {
        replace(finished, text);
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Writes all or nothing. */
    private static void replace(Path target, String text) {
      Path fresh = target.resolveSibling(target.getFileName() + ".new");
      try {
        Files.writeString(fresh, text);
        Files.move(fresh, target, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw new UncheckedIOException(target + " cannot be written: " + e, e);
      }
    }
  }
}
