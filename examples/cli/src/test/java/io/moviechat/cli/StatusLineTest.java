package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.Watching;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatusLineTest {
  private static final Watching.Progress HALF =
      Watching.Progress.of(15, Duration.ofSeconds(15), Optional.of(Duration.ofSeconds(30)));

  @Test
  void shows_share_position_and_speed() {
    assertThat(StatusLine.line(HALF, Duration.ofSeconds(2), 80))
        .isEqualTo(
            "watching [############...........]  50 %  00:00:15 / 00:00:30  15 frames, 7.5/s");
  }

  @Test
  void a_video_of_unknown_length_has_no_bar() {
    Watching.Progress live = Watching.Progress.of(1500, Duration.ofMinutes(25), Optional.empty());

    assertThat(StatusLine.line(live, Duration.ofSeconds(100), 80))
        .isEqualTo("watching 00:25:00  1,500 frames, 15.0/s");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 20, 60, 79, 80, 120, 500})
  void the_bar_fits_any_terminal(int columns) {
    CapturedTerminal captured = new CapturedTerminal("", true, columns);
    try (StatusLine status = new StatusLine(captured.terminal())) {
      status.show(HALF);
    }

    assertThat(captured.err()).startsWith("\r\u001b[K").endsWith("\r\u001b[K");
    assertThat(captured.err().replace("\r\u001b[K", "").length())
        .isBetween(1, Math.max(1, columns - 1));
  }

  @Test
  void draws_at_most_ten_times_a_second() {
    CapturedTerminal captured = new CapturedTerminal("", true, 80);
    StatusLine status = new StatusLine(captured.terminal());
    long start = System.nanoTime();
    for (int i = 0; i < 1000; i++) {
      status.show(HALF);
    }
    long tenths = Duration.ofNanos(System.nanoTime() - start).toMillis() / 100;

    assertThat(captured.err().split("watching", -1).length - 1).isBetween(1, (int) tenths + 1);
  }

  @Test
  void is_silent_where_nobody_looks() {
    CapturedTerminal captured = new CapturedTerminal("", false, 80);
    try (StatusLine status = new StatusLine(captured.terminal())) {
      status.show("opening");
      status.show(HALF);
    }

    assertThat(captured.err()).isEmpty();
    assertThat(captured.out()).isEmpty();
  }
}
