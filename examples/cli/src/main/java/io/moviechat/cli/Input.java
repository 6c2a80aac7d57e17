package io.moviechat.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/** Where lines come from: a pipe, a file, or a person. */
interface Input extends AutoCloseable {
  /**
   * The next line.
   *
   * @param prompt shown if a person is asked
   * @return null at the end of the input
   */
  @Nullable String readLine(String prompt) throws IOException;

  @Override
  default void close() {}

  /** Lines of a reader. */
  static Input of(BufferedReader reader, PrintStream err, boolean asks) {
    return prompt -> {
      if (asks) {
        err.print(prompt);
        err.flush();
      }
      return reader.readLine();
    };
  }
}
