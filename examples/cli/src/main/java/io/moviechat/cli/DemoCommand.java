package io.moviechat.cli;

import io.moviechat.Answer;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.WatchOptions;
import io.moviechat.Watching;
import io.moviechat.recall.SearchHit;
import io.moviechat.speech.Cue;
import io.moviechat.speech.Cues;
import io.moviechat.speech.SpeechRecognizer;
import io.moviechat.spi.VideoSource;
import io.moviechat.tinymodel.EmbeddedModel;
import io.moviechat.tinymodel.EmbeddedSpeech;
import io.moviechat.tinyworld.Demo;
import io.moviechat.tinyworld.Examiner;
import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.ScriptQuestion;
import io.moviechat.tinyworld.SpokenFilm;
import io.moviechat.video.Storyboard;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code moviechat demo}: a movie of the embedded model's world, and questions with their truth.
 */
@Command(
    name = "demo",
    description =
        "Make a movie of three minutes, watch it, ask five questions and show the truth beside the"
            + " answers. Needs no network: the small embedded model answers.",
    sortOptions = false)
final class DemoCommand implements Callable<Integer> {
  private final Context context;

  @Option(
      names = "--seed",
      paramLabel = "NUMBER",
      description = "Which movie (default: ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "DIR",
      description = "Where movie and storyboard go (default: ${DEFAULT-VALUE}).")
  private Path folder = Path.of("moviechat-demo");

  @Option(
      names = "--spoken",
      description =
          "Take a film of 48 seconds that speaks instead, and show what the small speech model"
              + " hears beside what is said.")
  private boolean spoken;

  DemoCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() throws IOException {
    Files.createDirectories(folder);
    if (spoken) {
      listen();
      return CommandLine.ExitCode.OK;
    }
    Demo demo = Demo.of(seed);
    Path file = folder.resolve("demo-" + seed + ".mp4");
    Path storyboard = folder.resolve("demo-" + seed + ".png");
    PrintStream out = context.terminal().out();
    try (StatusLine status = new StatusLine(context.terminal())) {
      status.show("making a movie of " + Moment.format(Duration.ofMillis(demo.script().millis())));
      MovieWriter.write(demo.script(), file);
      try (MovieChat chat = MovieChat.builder().model(new EmbeddedModel().model()).build()) {
        Watching watching = chat.start(file, WatchOptions.DEFAULT.onProgress(status::show));
        Movie movie = context.interruption().during(watching::cancel, watching::join);
        status.clear();
        out.printf("%s, %d memory slots%n", file, movie.memory().snapshot().slots().size());
        int right = 0;
        for (ScriptQuestion question : demo.questions()) {
          Answer answer = Examiner.ask(movie, question);
          right += question.isAnsweredBy(answer.text()) ? 1 : 0;
          print(question, answer, out);
        }
        out.printf("%n%d of %d answers are right.%n", right, demo.questions().size());
        try (VideoSource video = Videos.open(file.toUri())) {
          Storyboard.of(movie.memory().snapshot(), video)
              .title(String.valueOf(file.getFileName()))
              .write(storyboard);
        }
        out.println("Storyboard of its memory: " + storyboard);
      }
    }
    return CommandLine.ExitCode.OK;
  }

  private void listen() throws IOException {
    Path file = folder.resolve("demo-spoken.mp4");
    SpokenFilm.write(file);
    PrintStream out = context.terminal().out();
    try (StatusLine status = new StatusLine(context.terminal());
        SpeechRecognizer speech = new EmbeddedSpeech().bundle().open();
        MovieChat chat = MovieChat.builder().model(new EmbeddedModel().model()).build()) {
      WatchOptions options = WatchOptions.DEFAULT.withSpeech(speech).onProgress(status::show);
      Watching watching = chat.start(file, options);
      Movie movie = context.interruption().during(watching::cancel, watching::join);
      status.clear();
      out.println(file);
      for (SpokenFilm.Line line : SpokenFilm.lines()) {
        Duration start = Duration.ofMillis(line.startMillis());
        Cues heard = movie.cues().between(start, Duration.ofMillis(line.endMillis()));
        String text = heard.list().stream().map(Cue::text).collect(Collectors.joining(" "));
        out.printf("%n%s%n  heard    %s%n", Moment.format(start), text.isEmpty() ? "-" : text);
        out.printf("  said     %s%n", line.text());
      }
      out.printf("%nsearched: red fish%n");
      for (SearchHit hit : movie.search("red fish", 1)) {
        String text = hit.cues().stream().map(Cue::text).collect(Collectors.joining(" "));
        out.printf("  found    %s %s%n", Moment.format(hit.start()), text);
      }
    }
  }

  private static void print(ScriptQuestion question, Answer answer, PrintStream out) {
    String when =
        question.atMillis() < 0
            ? ""
            : "at " + Moment.format(Duration.ofMillis(question.atMillis())) + ": ";
    out.printf("%n%s%s%n", when, question.text());
    out.printf("  answer   %s%n", answer.text());
    out.printf(
        "  truth    %s%s%n",
        question.answer(), question.isAnsweredBy(answer.text()) ? "" : "   (the answer is wrong)");
    List<Answer.Evidence> evidence = answer.evidence();
    out.printf(
        "  evidence %d slots, %s to %s%n",
        evidence.size(),
        Moment.format(evidence.get(0).start()),
        Moment.format(evidence.get(evidence.size() - 1).end()));
  }
}
