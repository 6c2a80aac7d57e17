package io.moviechat.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program {@code moviechat}. */
@Command(
    name = "moviechat",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    description = "Watches a video once and answers questions about it.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:fine",
      "1:the command was understood but could not be carried out; one line says why",
      "2:the command line is wrong",
    })
public final class Moviechat implements Runnable {
  static final String VERBOSE = "--verbose";

  @Spec private CommandSpec spec;

  @Option(
      names = VERBOSE,
      scope = ScopeType.INHERIT,
      description = "Log what is done, and show stack traces of failures.")
  private boolean verbose;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  private Moviechat() {}

  /** Runs the command line and ends the process with its exit code. */
  public static void main(String[] args) {
    boolean verbose = List.of(args).contains(VERBOSE);
    if (verbose) { // set before the first logger is made
      System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "info");
    }
    Interruption interruption = new Interruption();
    interruption.install();
    Terminal terminal = Terminal.ofProcess();
    if (verbose) {
      terminal.note(Version.ofThisProcess());
    }
    int exitCode = CommandLine.ExitCode.SOFTWARE;
    try {
      exitCode = run(new Context(terminal, interruption), args);
    } finally {
      interruption.finished();
    }
    System.exit(exitCode);
  }

  /** Runs a command line in this process. */
  static int run(Context context, String... args) {
    Moviechat program = new Moviechat();
    try {
      return program.commandLine(context).execute(args);
    } catch (Error failure) { // native libraries that do not load, memory that does not suffice
      return program.report(failure, context.terminal());
    }
  }

  /** All commands, for who describes them. */
  static CommandSpec commands(Context context) {
    return new Moviechat().commandLine(context).getCommandSpec();
  }

  private CommandLine commandLine(Context context) {
    return new CommandLine(this)
        .addSubcommand(new DemoCommand(context))
        .addSubcommand(new AskCommand(context))
        .addSubcommand(new ChatCommand(context))
        .addSubcommand(new SearchCommand(context))
        .addSubcommand(new WatchCommand(context))
        .addSubcommand(new TranscribeCommand(context))
        .addSubcommand(new BatchCommand(context))
        .addSubcommand(new InfoCommand(context))
        .addSubcommand(new StoryboardCommand(context))
        .addSubcommand(
            new CommandLine(new ModelCommand())
                .addSubcommand(new HubCommands.Pull(context))
                .addSubcommand(new HubCommands.ListModels(context))
                .addSubcommand(new HubCommands.Check(context))
                .addSubcommand(new HubCommands.Remove(context))
                .addSubcommand(new ModelImportCommand(context)))
        .addSubcommand(EvalCommands.of(context))
        .addSubcommand(new DoctorCommand(context))
        .addSubcommand(new CommandLine.HelpCommand())
        .addSubcommand(new AutoComplete.GenerateCompletion())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setOut(writer(context.terminal().out()))
        .setErr(writer(context.terminal().err()))
        .setParameterExceptionHandler(Moviechat::refuse)
        .setExecutionExceptionHandler(
            (failure, line, parsed) -> report(failure, context.terminal()));
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, StandardCharsets.UTF_8);
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "no command was given; there are " + String.join(", ", spec.subcommands().keySet()));
  }

  private static int refuse(ParameterException failure, String[] args) {
    CommandLine command = failure.getCommandLine();
    command
        .getErr()
        .println(
            "moviechat: "
                + unknown(command, args).orElse(Failures.oneLine(failure.getMessage()))
                + " (see "
                + command.getCommandSpec().qualifiedName()
                + " --help)");
    return CommandLine.ExitCode.USAGE;
  }

  /** A misspelt name is worth more than what is missing because of it. */
  private static Optional<String> unknown(CommandLine command, String[] args) {
    CommandSpec spec = command.getCommandSpec();
    boolean expectsCommand = !spec.subcommands().isEmpty();
    if (expectsCommand) {
      for (String arg : args) {
        if (!arg.startsWith("-")
            && !spec.subcommands().containsKey(arg)
            && !spec.name().equals(arg)) {
          return Optional.of(
              "there is no command '" + arg + "'" + suggestion(arg, spec.subcommands().keySet()));
        }
      }
    }
    for (String arg : args) {
      String name = arg.replaceFirst("=.*", "");
      if (name.equals("--")) {
        break;
      }
      if (name.startsWith("--") && !spec.optionsMap().containsKey(name)) {
        return Optional.of(
            "there is no option " + name + suggestion(name, spec.optionsMap().keySet()));
      }
    }
    return Optional.empty();
  }

  private static String suggestion(String typed, Collection<String> known) {
    return Nearest.of(typed, known)
        .map(word -> "; did you mean " + word + "?")
        .orElse("; there are " + String.join(", ", known));
  }

  private int report(Throwable failure, Terminal terminal) {
    if (verbose) {
      StringWriter trace = new StringWriter();
      failure.printStackTrace(new PrintWriter(trace));
      terminal.note(trace.toString().stripTrailing());
    }
    terminal.note("moviechat: " + Failures.lineOf(failure));
    return CommandLine.ExitCode.SOFTWARE;
  }
}
