package io.moviechat.cli;

import io.moviechat.Watching;
import java.time.Duration;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * One line on standard error that says what is going on, drawn over itself and gone when it is no
 * longer true. Silent where standard error is not a terminal. Thread-safe.
 */
final class StatusLine implements AutoCloseable {
  private static final String ERASE = "\r\u001b[K";
  private static final long REDRAW_NANOS = Duration.ofMillis(100).toNanos();
  private static final int LARGEST_BAR = 40;
  private static final int SMALLEST_BAR = 10;

  private final Terminal terminal;
  private long drawn;
  private long firstFrame;
  private boolean watching;
  private boolean visible;

  StatusLine(Terminal terminal) {
    this.terminal = terminal;
  }

  /** Shows a short text. */
  synchronized void show(String text) {
    if (!terminal.shows()) {
      return;
    }
    String line = text;
    int room = Math.max(1, terminal.columns() - 1);
    if (line.codePointCount(0, line.length()) > room) {
      line = line.substring(0, line.offsetByCodePoints(0, room));
    }
    terminal.err().print(ERASE + line);
    terminal.err().flush();
    visible = true;
  }

  /** Shows how far watching has come; draws at most ten times a second. */
  synchronized void show(Watching.Progress progress) {
    long now = System.nanoTime();
    if (!terminal.shows() || (watching && now - drawn < REDRAW_NANOS)) {
      return;
    }
    if (!watching) {
      watching = true;
      firstFrame = now;
    }
    drawn = now;
    show(line(progress, Duration.ofNanos(now - firstFrame), terminal.columns()));
  }

  static String line(Watching.Progress progress, Duration taken, int columns) {
    String counts = String.format(Locale.ROOT, "%,d frames", progress.frames());
    if (taken.toMillis() > 0) {
      counts +=
          String.format(Locale.ROOT, ", %.1f/s", progress.frames() * 1000.0 / taken.toMillis());
    }
    OptionalDouble fraction = progress.fraction();
    if (fraction.isEmpty()) {
      return "watching " + Moment.clock(progress.position()) + "  " + counts;
    }
    String tail =
        String.format(
            Locale.ROOT,
            " %3d %%  %s / %s  %s",
            (int) (100 * fraction.getAsDouble()),
            Moment.clock(progress.position()),
            Moment.clock(progress.duration().orElseThrow()),
            counts);
    int room = columns - 1 - "watching []".length() - tail.length();
    if (room < SMALLEST_BAR) {
      return "watching" + tail;
    }
    int cells = Math.min(LARGEST_BAR, room);
    int full = (int) Math.round(cells * fraction.getAsDouble());
    return "watching [" + "#".repeat(full) + ".".repeat(cells - full) + "]" + tail;
  }

  /** Takes the line away. */
  synchronized void clear() {
    if (visible) {
      terminal.err().print(ERASE);
      terminal.err().flush();
      visible = false;
    }
  }

  @Override
  public void close() {
    clear();
  }
}
