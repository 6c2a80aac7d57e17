package io.moviechat.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Lines that a person types: with arrow keys, a history that outlives the program, and completion
 * of commands. Draws on standard error, so that standard output has answers only. The terminal is
 * touched at the first line.
 */
final class LineEditor implements Input {
  private final Path history;
  private final List<String> commands;
  private @Nullable Terminal terminal;
  private @Nullable LineReader reader;

  /**
   * @param history file of earlier lines; made if it is not there
   * @param commands completed by the tabulator
   */
  LineEditor(Path history, List<String> commands) {
    this.history = history;
    this.commands = commands;
  }

  /** Drawn on by standard error; dumb if there is none. */
  private static Terminal terminal() throws IOException {
    return TerminalBuilder.builder()
        .system(true)
        .systemOutput(TerminalBuilder.SystemOutput.SysErr)
        .dumb(true) // without a word of complaint
        .build();
  }

  /** Width of the terminal of this process; 0 if there is none. */
  static int widthOfTerminal() {
    try (Terminal terminal = terminal()) {
      boolean dumb = Terminal.TYPE_DUMB.equals(terminal.getType());
      return dumb ? 0 : Math.max(0, terminal.getWidth());
    } catch (IOException e) {
      return 0;
    }
  }

  private LineReader open() throws IOException {
    Path folder = history.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    terminal = terminal();
    return LineReaderBuilder.builder()
        .appName("moviechat")
        .terminal(terminal)
        .completer(new StringsCompleter(commands))
        .variable(LineReader.HISTORY_FILE, history)
        .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true) // "!" ends many a question
        .option(LineReader.Option.HISTORY_TIMESTAMPED, false)
        .build();
  }

  @Override
  public @Nullable String readLine(String prompt) throws IOException {
    if (reader == null) {
      reader = open();
    }
    while (true) {
      try {
        return reader.readLine(prompt);
      } catch (UserInterruptException e) {
        if (e.getPartialLine() == null || e.getPartialLine().isEmpty()) {
          return null;
        }
        // Ctrl-C in a line gives the line up, as in a shell.
      } catch (EndOfFileException e) {
        return null;
      }
    }
  }

  @Override
  public void close() {
    if (terminal != null) {
      try {
        terminal.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
