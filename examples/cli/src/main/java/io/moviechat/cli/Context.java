package io.moviechat.cli;

import io.moviechat.Answer;
import java.time.Duration;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;

/**
 * What every subcommand is given.
 *
 * @param terminal where it reads and writes
 * @param interruption how it is cancelled
 */
record Context(Terminal terminal, Interruption interruption) {
  /** With --verbose: where the time of an answer went, in one line. */
  void sayTimes(CommandSpec spec, Answer answer) {
    if (!Boolean.TRUE.equals(spec.root().findOption(Moviechat.VERBOSE).getValue())) {
      return;
    }
    terminal.note(
        String.format(
            Locale.ROOT,
            "time: watching %s (decoding %s, encoding %s, memory %s); question read in %s,"
                + " first text after %s, whole answer %s",
            seconds(answer.watch().wall()),
            seconds(answer.watch().decode()),
            seconds(answer.watch().encode()),
            seconds(answer.watch().memory()),
            seconds(answer.timings().prefill()),
            seconds(answer.timings().firstToken()),
            seconds(answer.timings().generate())));
  }

  private static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.2f s", duration.toMillis() / 1000.0);
  }
}
