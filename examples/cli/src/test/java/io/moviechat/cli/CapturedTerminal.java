package io.moviechat.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** A terminal whose input is a text and whose output can be read. */
final class CapturedTerminal {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Terminal terminal;

  CapturedTerminal(String in, boolean isTerminal, int columns) {
    PrintStream printedErr = new PrintStream(err, true, StandardCharsets.UTF_8);
    terminal =
        new Terminal(
            Input.of(
                Terminal.reader(new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8))),
                printedErr,
                isTerminal),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            printedErr,
            isTerminal,
            isTerminal,
            columns);
  }

  Terminal terminal() {
    return terminal;
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
