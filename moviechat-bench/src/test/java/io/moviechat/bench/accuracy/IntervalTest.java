package io.moviechat.bench.accuracy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class IntervalTest {
  @Test
  void isWilsons() {
    // Newcombe (1998), table 1: 81 of 263.
    Interval interval = new Interval(81, 263);
    assertThat(interval.low()).isCloseTo(25.5, within(0.05));
    assertThat(interval.high()).isCloseTo(36.6, within(0.05));
    assertThat(new Interval(0, 20).low()).isZero();
    assertThat(new Interval(0, 20).high()).isCloseTo(16.1, within(0.05));
    assertThat(new Interval(29, 29).low()).isCloseTo(88.3, within(0.05));
    assertThat(new Interval(0, 0).toString()).isEmpty();
  }
}
