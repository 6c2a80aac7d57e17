package io.moviechat.cli;

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
 * @param in standard input
 * @param out answers and nothing else
 * @param err progress, notices and errors
 * @param asks whether a person types at {@code in}: prompts make sense
 * @param shows whether {@code err} is a terminal: a progress bar makes sense
 * @param columns width of that terminal
 */
record Terminal(
    BufferedReader in, PrintStream out, PrintStream err, boolean asks, boolean shows, int columns) {
  private static final int USUAL_COLUMNS = 80;

  /** The process's own streams. Java cannot tell what is a terminal; the launcher script can. */
  static Terminal ofProcess() {
    return new Terminal(
        reader(System.in),
        stream(FileDescriptor.out),
        stream(FileDescriptor.err),
        Boolean.getBoolean("moviechat.cli.stdin-is-terminal"),
        Boolean.getBoolean("moviechat.cli.stderr-is-terminal"),
        Integer.getInteger("moviechat.cli.columns", USUAL_COLUMNS));
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
