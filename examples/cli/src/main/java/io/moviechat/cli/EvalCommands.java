package io.moviechat.cli;

import io.moviechat.GenerationOptions;
import io.moviechat.bench.eval.Benchmark;
import io.moviechat.bench.eval.EvalReport;
import io.moviechat.bench.eval.EvalRun;
import io.moviechat.bench.eval.EvalScore;
import io.moviechat.bench.eval.GeneratedFilms;
import io.moviechat.bench.eval.Judge;
import io.moviechat.bench.eval.Scorer;
import io.moviechat.llm.ModelBundle;
import io.moviechat.llm.remote.OpenAiChat;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.VisionLanguageModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moviechat eval}: what MovieChat answers on the benchmarks that papers use. */
final class EvalCommands {
  private static final long MEBIBYTE = 1L << 20;

  private EvalCommands() {}

  /** The command with its own commands. */
  static CommandLine of(Context context) {
    return new CommandLine(new Eval())
        .addSubcommand(new ListBenchmarks(context))
        .addSubcommand(new Run(context))
        .addSubcommand(new Score(context))
        .addSubcommand(new Report(context))
        .addSubcommand(new Generate(context));
  }

  @Command(
      name = "eval",
      synopsisSubcommandLabel = "COMMAND",
      description = "Measure answers on public benchmarks.")
  private static final class Eval implements Runnable {
    @Spec private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets the fields
    Eval() {}

    @Override
    public void run() {
      throw new ParameterException(
          spec.commandLine(),
          "no command was given; there are " + String.join(", ", spec.subcommands().keySet()));
    }
  }

  @Command(name = "list", description = "Print the benchmarks that can be run, one a line.")
  private static final class ListBenchmarks implements Callable<Integer> {
    private final Context context;

    ListBenchmarks(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() {
      Benchmark.all().forEach(each -> context.terminal().out().println(each.name()));
      return CommandLine.ExitCode.OK;
    }
  }

  @Command(
      name = "run",
      sortOptions = false,
      description =
          "Watch the films of a benchmark, each once, and ask all its questions. A run that was"
              + " interrupted goes on where it ended.")
  private static final class Run implements Callable<Integer> {
    private final Context context;

    @Spec private CommandSpec spec;

    @Option(
        names = "--benchmark",
        required = true,
        paramLabel = "NAME",
        description = "Which one; 'eval list' names them.")
    private String benchmark;

    @Option(
        names = "--annotations",
        required = true,
        paramLabel = "DIR",
        description = "Folder (or the only file) of its questions, as it is downloaded.")
    private Path annotations;

    @Option(
        names = "--videos",
        paramLabel = "DIR",
        description = "Folder of its films (default: that of the annotations).")
    private @Nullable Path videos;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "DIR",
        description = "Folder of the journal; made if it is not there.")
    private Path out;

    @Mixin private Models models;

    @Option(
        names = "--replies",
        paramLabel = "PATH",
        description = "Take another system's replies from these files instead of asking a model.")
    private @Nullable Path replies;

    @Option(
        names = "--grid",
        paramLabel = "KEY=VALUE,...",
        description =
            "Compare ways of watching: strategy, slots, sampling (every:1s, uniform:128, original,"
                + " keyframes), recent, recall (on, off), prompt. May be given more than once.")
    private List<String> grid = new ArrayList<>();

    @Option(
        names = "--prompt",
        paramLabel = "NAME|FILE",
        defaultValue = "short",
        description =
            "short (default): ask for the form of reply that is read; bare: the question alone; or"
                + " a file with {question}, {options} and {instruction}.")
    private String prompt;

    @Option(
        names = "--films",
        paramLabel = "N",
        description = "Only the first N films (default: all).")
    private @Nullable Integer films;

    @Option(
        names = "--parallel",
        paramLabel = "N",
        description = "Films watched at the same time (default: 1).")
    private int parallel = 1;

    @Option(
        names = "--memory-limit",
        paramLabel = "MIB",
        description =
            "What films watched at the same time may remember together (default: half the"
                + " heap).")
    private @Nullable Integer memoryLimit;

    @Option(names = "--retry", description = "Ask again what failed before.")
    private boolean retry;

    @Option(
        names = "--times-in-seconds",
        description = "moviechat-1k: times are seconds, not numbers of frames.")
    private boolean seconds;

    @Option(
        names = "--no-text-only",
        description = "Leave out the questions without film that show what the text gives away.")
    private boolean noTextOnly;

    @Mixin private GenerationSettings generation;

    @SuppressWarnings("NullAway.Init") // picocli sets the fields
    Run(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() throws IOException {
      EvalRun run;
      try {
        generation.validate();
        run = build();
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), e.getMessage(), e);
      }
      long start = System.nanoTime();
      List<String> notes =
          context
              .interruption()
              .during(
                  run::cancel,
                  () -> {
                    try {
                      return run.run(progress -> note(progress, start));
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  });
      notes.stream().limit(20).forEach(context.terminal()::note);
      if (notes.size() > 20) {
        context.terminal().note("and " + (notes.size() - 20) + " more like these");
      }
      if (context.interruption().requested()) {
        throw new CancellationException();
      }
      Scorer.of(out).score().lines().forEach(context.terminal().out()::println);
      return CommandLine.ExitCode.OK;
    }

    private EvalRun build() throws IOException {
      EvalRun.Builder run = EvalRun.builder(Benchmark.named(benchmark), annotations, out);
      if (replies != null) {
        run.replies(replies);
      } else {
        VisionLanguageModel model = models.chosen();
        model.defaults().notice().ifPresent(context.terminal()::note);
        run.model(model);
        GenerationOptions wish = model.generationDefaults().orElse(GenerationOptions.DEFAULT);
        GenerationOptions chosen = generation.of(model);
        if (!chosen.equals(wish)) {
          run.generation(chosen);
        }
      }
      if (videos != null) {
        run.videos(videos);
      }
      if (films != null) {
        run.films(films);
      }
      if (memoryLimit != null) {
        run.memoryBytes(memoryLimit * MEBIBYTE);
      }
      if (retry) {
        run.retryFailed();
      }
      if (seconds) {
        run.timesInSeconds();
      }
      if (noTextOnly) {
        run.withoutTextOnly();
      }
      return run.grid(grid).prompt(prompt).parallelFilms(parallel).build();
    }

    private void note(EvalRun.Progress progress, long start) {
      context
          .terminal()
          .note(
              "%d of %d films, %d answers, %d s"
                  .formatted(
                      progress.films(),
                      progress.allFilms(),
                      progress.answers(),
                      Duration.ofNanos(System.nanoTime() - start).toSeconds()));
    }
  }

  @Command(
      name = "score",
      sortOptions = false,
      description = "Score a run from its journal alone; films and model are not needed.")
  private static final class Score implements Callable<Integer> {
    private final Context context;

    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "RUN", description = "Folder of the run.")
    private Path run;

    @Option(
        names = "--compat",
        paramLabel = "RULES",
        defaultValue = "ours",
        description =
            "Rules that replies are read by: ours (default), original (the benchmark's authors'),"
                + " lmms, vlmevalkit, mlvu, first-char, ovo, exact.")
    private String compat;

    @Option(
        names = "--judge",
        paramLabel = "URL|DIR",
        description =
            "Who compares words: an OpenAI-compatible server (URL up to /v1) or a model bundle"
                + " (default: equality after normalising, no model).")
    private @Nullable String judge;

    @Option(names = "--judge-model", paramLabel = "NAME", description = "The server's model.")
    private @Nullable String judgeModel;

    @SuppressWarnings("NullAway.Init") // picocli sets the fields
    Score(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() throws IOException {
      if (!Scorer.allRules().contains(compat)) {
        throw new ParameterException(
            spec.commandLine(),
            "there are no rules '"
                + compat
                + "'; there are "
                + String.join(", ", Scorer.allRules()));
      }
      Scorer scorer = Scorer.of(run).rules(compat);
      if (judge == null) {
        print(scorer.score());
        return CommandLine.ExitCode.OK;
      }
      try (AnswerGenerator generator = generator(judge)) {
        print(scorer.judge(Judge.model(generator, generator.id())).score());
      }
      return CommandLine.ExitCode.OK;
    }

    private AnswerGenerator generator(String address) {
      if (!address.startsWith("http://") && !address.startsWith("https://")) {
        return ModelBundle.at(Path.of(address)).openGenerator();
      }
      if (judgeModel == null) {
        throw new ParameterException(
            spec.commandLine(), "--judge " + address + " needs --judge-model NAME");
      }
      OpenAiChat.Builder server = OpenAiChat.builder(URI.create(address), judgeModel);
      String key = System.getenv("OPENAI_API_KEY");
      if (key != null && !key.isBlank()) {
        server.apiKey(key);
      }
      return server.build();
    }

    private void print(EvalScore score) {
      score.lines().forEach(context.terminal().out()::println);
    }
  }

  @Command(
      name = "report",
      sortOptions = false,
      description = "Write tables and plots of runs, published figures beside.")
  private static final class Report implements Callable<Integer> {
    private final Context context;

    @Parameters(paramLabel = "RUN", arity = "1..*", description = "Folders of runs.")
    private List<Path> runs;

    @Option(
        names = "--out",
        paramLabel = "DIR",
        defaultValue = "evaluation",
        description = "Where the report goes (default: ${DEFAULT-VALUE}).")
    private Path out;

    @SuppressWarnings("NullAway.Init") // picocli sets the fields
    Report(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() throws IOException {
      context.terminal().out().println(EvalReport.write(runs, out));
      return CommandLine.ExitCode.OK;
    }
  }

  @Command(
      name = "generate",
      sortOptions = false,
      description =
          "Make films with known answers, in the layout of MovieChat-1K: a benchmark without a"
              + " download, for the small model.")
  private static final class Generate implements Callable<Integer> {
    private final Context context;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "DIR",
        description = "Where jsons/ and videos/ go; films that are there are kept.")
    private Path out;

    @Option(names = "--films", paramLabel = "N", description = "How many (default: 60).")
    private int films = 60;

    @Option(
        names = "--shortest",
        paramLabel = "TIME",
        converter = MomentConverter.class,
        description = "Length of the shortest (default: 5:00).")
    private Duration shortest = Duration.ofMinutes(5);

    @Option(
        names = "--longest",
        paramLabel = "TIME",
        converter = MomentConverter.class,
        description = "Length of the longest (default: 60:00).")
    private Duration longest = Duration.ofMinutes(60);

    @SuppressWarnings("NullAway.Init") // picocli sets the fields
    Generate(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() throws IOException {
      GeneratedFilms.write(
          out,
          films,
          shortest,
          longest,
          n -> context.terminal().note(n + " of " + films + " films"));
      return CommandLine.ExitCode.OK;
    }
  }
}
