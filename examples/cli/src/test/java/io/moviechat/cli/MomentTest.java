package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MomentTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "65, 65000",
    "65.5, 65500",
    "1:05, 65000",
    "00:01:05, 65000",
    "00:01:05.250, 65250",
    "01:00:00, 3600000",
    "90:00, 5400000",
    "100:00:00, 360000000",
    "' 7 ', 7000",
  })
  void reads_what_people_write(String text, long millis) {
    assertThat(Moment.parse(text)).isEqualTo(Duration.ofMillis(millis));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-1",
        "abc",
        "1:2:3:4",
        "00:61:00",
        "00:00:60",
        "1:60",
        "1e3",
        "12s",
        "1:",
        "٣"
      })
  void refuses_anything_else_and_says_what_to_write(String text) {
    assertThatThrownBy(() -> Moment.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("'" + text + "' is not a time; ");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 00:00:00",
    "65000, 00:01:05",
    "65250, 00:01:05.250",
    "360000001, 100:00:00.001",
  })
  void writes_what_it_reads(long millis, String text) {
    Duration time = Duration.ofMillis(millis);

    assertThat(Moment.format(time)).isEqualTo(text);
    assertThat(Moment.parse(text)).isEqualTo(time);
  }

  @Test
  void json_numbers_are_plain() {
    assertThat(Moment.seconds(Duration.ofSeconds(100))).hasToString("100");
    assertThat(Moment.seconds(Duration.ofMillis(1500))).hasToString("1.5");
    assertThat(Moment.seconds(Duration.ZERO)).hasToString("0");
    assertThat(Moment.millis(Duration.ofNanos(1_234_567))).hasToString("1.234");
    assertThat(Moment.millis(Duration.ofHours(1))).hasToString("3600000");
  }
}
