package io.moviechat.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moviechat model}: what is done with models themselves. */
@Command(
    name = "model",
    synopsisSubcommandLabel = "COMMAND",
    description = "Make and manage model bundles.")
final class ModelCommand implements Runnable {
  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  ModelCommand() {}

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "no command was given; there are " + String.join(", ", spec.subcommands().keySet()));
  }
}
