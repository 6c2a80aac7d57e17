package io.moviechat.recall;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimeScorerTest {
  /** Ten minutes in slots of ten seconds. */
  private static MemorySnapshot memory() {
    TokenShape shape = new TokenShape(1, 1);
    List<MemorySlot> slots = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      slots.add(
          MemorySlot.of(
              MemorySlot.Tier.LONG_TERM,
              Duration.ofSeconds(10L * i),
              Duration.ofSeconds(10L * i + 10),
              10,
              Duration.ofSeconds(10L * i),
              0.5,
              shape,
              FloatBuffer.allocate(1)));
    }
    return new MemorySnapshot(shape, slots, 600, 0);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          What is there at 5:05?                       | 30-30
          What happens at 0:00:15?                     | 1-1
          Was there a fish between 1:05 and 1:35?      | 6-9
          What is said from 0:31 to 0:39?              | 3-3
          What happens in the last minute?             | 53-59
          Who comes in the last 15 seconds?            | 58-59
          Is there a car in the first two minutes?     | 0-12
          What is on screen after ten seconds?         | 0-1
          What is there at minute 3?                   | 17-24
          What comes first?                            | 0-0
          How does the video end?                      | 59-59
          What is at the beginning?                    | 0-0
          """)
  void wantsTheSlotsOfTheTimesNamed(String question, String expected) {
    float[] relevance = new TimeScorer().score(question, memory()).orElseThrow();
    int[] wanted = IntStream.range(0, 60).filter(i -> relevance[i] == 1).toArray();
    assertThat(wanted[0] + "-" + wanted[wanted.length - 1]).isEqualTo(expected);
    assertThat(wanted).hasSize(wanted[wanted.length - 1] - wanted[0] + 1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          What colour is the fish?
          How many scenes are there?
          Which weekend is it?
          Is there a firsthand account?
          """)
  void questionsWithoutATimeWantNoSlotMoreThanAnother(String question) {
    assertThat(new TimeScorer().score(question, memory())).isEmpty();
  }

  @Test
  void bothEndsMayBeWanted() {
    float[] relevance =
        new TimeScorer().score("Is the end like the beginning?", memory()).orElseThrow();
    assertThat(relevance[0]).isEqualTo(1);
    assertThat(relevance[59]).isEqualTo(1);
    assertThat(relevance[30]).isZero();
  }
}
