package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class TextBoxesProperties {
  private static final int WIDTH = 320;
  private static final int HEIGHT = 256;

  /** A turned rectangle of ones is found, grown by its area times 1.5 over its circumference. */
  @Property(tries = 200)
  void aTurnedRectangle(
      @ForAll @DoubleRange(min = -40, max = 40) double degrees,
      @ForAll @IntRange(min = 50, max = 100) int length,
      @ForAll @IntRange(min = 8, max = 24) int thickness) {
    double ux = Math.cos(Math.toRadians(degrees));
    double uy = Math.sin(Math.toRadians(degrees));
    FloatBuffer map = FloatBuffer.allocate(WIDTH * HEIGHT);
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        double dx = x + 0.5 - WIDTH / 2.0;
        double dy = y + 0.5 - HEIGHT / 2.0;
        boolean inside =
            Math.abs(dx * ux + dy * uy) <= length / 2.0
                && Math.abs(dy * ux - dx * uy) <= thickness / 2.0;
        map.put(inside ? 1 : 0);
      }
    }
    List<TextBox> boxes = TextBoxes.of(map.flip(), WIDTH, HEIGHT);
    assertThat(boxes).hasSize(1);
    TextBox box = boxes.get(0);
    double growth = 2 * 1.5 * length * thickness / (2.0 * (length + thickness));
    assertThat(box.centreX()).isCloseTo(WIDTH / 2.0, within(1.5));
    assertThat(box.centreY()).isCloseTo(HEIGHT / 2.0, within(1.5));
    assertThat(box.width()).isCloseTo(length + growth, within(4.0));
    assertThat(box.height()).isCloseTo(thickness + growth, within(4.0));
    assertThat(Math.toDegrees(Math.atan2(box.alongY(), box.alongX())))
        .isCloseTo(degrees, within(4.0));
    assertThat(box.probability()).isBetween(0.8, 1.0);
  }

  /** Whatever the map: at most a hundred boxes that have a size and a probability. */
  @Property(tries = 200)
  void anyMap(@ForAll @Size(32 * 32) List<@DoubleRange(min = 0, max = 1) Double> values) {
    FloatBuffer map = FloatBuffer.allocate(32 * 32);
    values.forEach(value -> map.put(value.floatValue()));
    assertThat(TextBoxes.of(map.flip(), 32, 32))
        .hasSizeLessThanOrEqualTo(100)
        .allSatisfy(
            box -> {
              assertThat(box.width()).isGreaterThanOrEqualTo(5);
              assertThat(box.height()).isGreaterThanOrEqualTo(5);
              assertThat(box.probability()).isBetween(0.6, 1.0);
              assertThat(box.alongX()).isNotNegative();
            });
  }
}
