package io.moviechat.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
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
  private static final String VERBOSE = "--verbose";

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
    CommandLine commandLine =
        new CommandLine(program)
            .addSubcommand(new DemoCommand(context))
            .addSubcommand(new AskCommand(context))
            .addSubcommand(new ChatCommand(context))
            .addSubcommand(new InfoCommand(context))
            .addSubcommand(new StoryboardCommand(context))
            .addSubcommand(
                new CommandLine(new ModelCommand())
                    .addSubcommand(new HubCommands.Pull(context))
                    .addSubcommand(new HubCommands.ListModels(context))
                    .addSubcommand(new HubCommands.Check(context))
                    .addSubcommand(new HubCommands.Remove(context))
                    .addSubcommand(new ModelImportCommand(context)))
            .addSubcommand(new DoctorCommand(context))
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setOut(writer(context.terminal().out()))
            .setErr(writer(context.terminal().err()))
            .setParameterExceptionHandler(Moviechat::refuse)
            .setExecutionExceptionHandler(
                (failure, line, parsed) -> program.report(failure, context.terminal()));
    try {
      return commandLine.execute(args);
    } catch (Error failure) { // native libraries that do not load, memory that does not suffice
      return program.report(failure, context.terminal());
    }
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
                + Failures.oneLine(failure.getMessage())
                + " (see "
                + command.getCommandSpec().qualifiedName()
                + " --help)");
    return CommandLine.ExitCode.USAGE;
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
