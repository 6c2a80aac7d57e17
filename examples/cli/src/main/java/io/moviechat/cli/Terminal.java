package io.moviechat.cli;

import io.moviechat.llm.hub.ModelHub;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * What the program reads and writes. Text is UTF-8 whatever the locale says, so that JSON is JSON.
 *
 * @param in lines of standard input
 * @param out answers and nothing else
 * @param err progress, notices and errors
 * @param asks whether a person types at {@code in}: prompts make sense
 * @param shows whether {@code err} is a terminal: a progress bar makes sense
 * @param columns width of that terminal
 */
record Terminal(
    Input in, PrintStream out, PrintStream err, boolean asks, boolean shows, int columns) {
  private static final int USUAL_COLUMNS = 80;

  /**
   * The process's own streams. Java cannot tell which of them are terminals; the launcher script
   * can, and says so by properties. Without it the terminal library looks.
   */
  static Terminal ofProcess() {
    PrintStream err = stream(FileDescriptor.err);
    boolean asks = Boolean.getBoolean("moviechat.cli.stdin-is-terminal");
    boolean shows = Boolean.getBoolean("moviechat.cli.stderr-is-terminal");
    int columns = Integer.getInteger("moviechat.cli.columns", USUAL_COLUMNS);
    if (System.getProperty("moviechat.cli.launcher") == null) {
      int width = LineEditor.widthOfTerminal();
      asks = width > 0;
      shows = width > 0;
      columns = width > 0 ? width : USUAL_COLUMNS;
    }
    Input in =
        asks
            ? new LineEditor(ModelHub.defaultCache().resolve("chat-history"), ChatCommand.COMMANDS)
            : Input.of(reader(System.in), err, false);
    return new Terminal(in, stream(FileDescriptor.out), err, asks, shows, columns);
  }

  static BufferedReader reader(InputStream in) {
    return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
  }

  private static PrintStream stream(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }

  /** One line for the user beside the answer. */
  void note(String line) {
    err.println(line);
  }

  /** Whether whoever read the output has gone. */
  boolean readerGone() {
    return out.checkError();
  }
}
