package io.moviechat.memory;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The position tables of the original code. */
class ExtendedPositionsGoldenTest {
  static List<Golden> cases() {
    return Golden.cases(Set.of("positions"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void reproducesTheTable(Golden golden) {
    FloatBuffer learned = FloatBuffer.wrap(golden.array("frame_position_weight"));
    double alpha = golden.settings().get("alpha").asDouble();
    FloatBuffer table =
        ExtendedPositions.of(learned, golden.setting("dim"), alpha)
            .table(golden.setting("n_position"));
    golden.assertClose("positions", table.array(), golden.array("frame_positions"));
  }
}
