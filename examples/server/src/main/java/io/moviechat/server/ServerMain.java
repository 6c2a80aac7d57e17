package io.moviechat.server;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program behind {@code moviechat serve} and {@code moviechat mcp}. */
@Command(
    name = "moviechat",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {ServeCommand.class, McpCommand.class},
    description = "Films for browsers and for agents.")
public final class ServerMain implements Runnable {
  private static final String VERBOSE = "--verbose";

  @Spec private CommandSpec spec;

  @Option(
      names = VERBOSE,
      scope = ScopeType.INHERIT,
      description = "Log what is done, and show stack traces of failures.")
  private boolean verbose;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  private ServerMain() {}

  /** Runs a command until it ends or the process is told to end. */
  public static void main(String[] args) {
    for (String argument : args) {
      if (argument.equals(VERBOSE)) { // read before the first logger is made
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "info");
      }
    }
    ServerMain program = new ServerMain();
    System.exit(
        new CommandLine(program)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExecutionExceptionHandler(
                (failure, line, parsed) -> {
                  if (program.verbose) {
                    failure.printStackTrace(line.getErr());
                  }
                  line.getErr().println("moviechat: " + Refusal.of(failure).getMessage());
                  return CommandLine.ExitCode.SOFTWARE;
                })
            .execute(args));
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "give the command serve or mcp");
  }
}
