package io.moviechat.cli;

import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.codegen.docgen.manpage.ManPageGenerator;

/** Writes the manual pages' sources, from which the build of the documentation makes pages. */
final class ManPages {
  private ManPages() {}

  /**
   * Writes one page for each command.
   *
   * @param args the folder
   */
  public static void main(String[] args) throws IOException {
    int exitCode = write(new File(args[0]));
    if (exitCode != 0) {
      throw new IOException("the manual pages cannot be written to " + args[0]);
    }
  }

  static int write(File folder) throws IOException {
    CapturedTerminal nobody = new CapturedTerminal("", false, 80);
    List<CommandSpec> commands = new ArrayList<>();
    add(Moviechat.commands(new Context(nobody.terminal(), new Interruption())), commands);
    return ManPageGenerator.generateManPage(
        folder, null, new boolean[0], false, commands.toArray(CommandSpec[]::new));
  }

  private static void add(CommandSpec command, List<CommandSpec> commands) {
    commands.add(command);
    for (CommandLine sub : command.subcommands().values()) {
      add(sub.getCommandSpec(), commands);
    }
  }
}
