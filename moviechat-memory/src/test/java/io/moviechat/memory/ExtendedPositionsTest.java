package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ExtendedPositionsTest {
  private static final FloatBuffer LEARNED =
      FloatBuffer.wrap(new float[] {0, 1, 2, 3, 5, 5, 1, 0, 0, 7, 7, 2});

  private static ExtendedPositions positions() {
    return ExtendedPositions.of(LEARNED, 3, 0.4);
  }

  @Test
  void theFirstPositionsAreTheLearnedOnes() {
    FloatBuffer table = positions().table(4);
    assertThat(table.remaining()).isEqualTo(16 * 3);
    for (int i = 0; i < LEARNED.remaining(); i++) {
      assertThat(table.get(i)).isCloseTo(LEARNED.get(i), within(1e-6f));
    }
  }

  @Test
  void anyNumberOfSlotsHasPositionsAllDifferent() {
    for (int slots : new int[] {0, 1, 4, 5, 16, 17, 100, 256, 257, 3000}) {
      FloatBuffer table = positions().forSlots(slots);
      assertThat(table.remaining()).isEqualTo(slots * 3);
      Set<String> seen = new HashSet<>();
      for (int row = 0; row < Math.min(slots, 300); row++) {
        seen.add(table.get(3 * row) + " " + table.get(3 * row + 1) + " " + table.get(3 * row + 2));
      }
      assertThat(seen).hasSize(Math.min(slots, 300));
    }
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ExtendedPositions.of(LEARNED, 5, 0.4))
        .withMessageContaining("whole rows of 5");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ExtendedPositions.of(LEARNED, 3, 0.5))
        .withMessageContaining("alpha");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> positions().table(5))
        .withMessageContaining("1 to 4");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ExtendedPositions.of(FloatBuffer.wrap(new float[3]), 3, 0.4).forSlots(2))
        .withMessageContaining("one learned position");
  }
}
