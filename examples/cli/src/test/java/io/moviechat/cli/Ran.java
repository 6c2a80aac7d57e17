package io.moviechat.cli;

/**
 * What a command line did in this process.
 *
 * @param exitCode its exit code
 * @param out its standard output
 * @param err its standard error
 */
record Ran(int exitCode, String out, String err) {
  static Ran command(String... args) {
    return typing("", args);
  }

  /** A command line whose standard input is a text. */
  static Ran typing(String in, String... args) {
    CapturedTerminal captured = new CapturedTerminal(in, false, 80);
    int exitCode = Moviechat.run(new Context(captured.terminal(), new Interruption()), args);
    return new Ran(exitCode, captured.out(), captured.err());
  }

  /** A command line in a terminal, where a person types. */
  static Ran inTerminal(String in, String... args) {
    CapturedTerminal captured = new CapturedTerminal(in, true, 80);
    int exitCode = Moviechat.run(new Context(captured.terminal(), new Interruption()), args);
    return new Ran(exitCode, captured.out(), captured.err());
  }
}
