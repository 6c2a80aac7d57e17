package io.moviechat.bench.accuracy;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.tinyworld.Examiner.Score;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ScoresTest {
  @Test
  void textKeepsEverything() {
    Scores scores =
        new Scores(
            new TreeMap<>(
                Map.of("YES_NO", new Score(10, 7, 0.5), "@NOW", new Score(30, 3, 1 / 96.0))));

    assertThat(Scores.parse(scores.text())).isEqualTo(scores);
    assertThat(Scores.parse("")).isEqualTo(new Scores(new TreeMap<>()));
  }

  @Test
  void allTogetherWeighsByQuestions() {
    Scores scores =
        new Scores(new TreeMap<>(Map.of("A", new Score(10, 7, 0.5), "B", new Score(30, 3, 0.1))));

    assertThat(scores.all().asked()).isEqualTo(40);
    assertThat(scores.all().right()).isEqualTo(10);
    assertThat(scores.all().chance()).isCloseTo(0.2, org.assertj.core.data.Offset.offset(1e-12));
  }
}
