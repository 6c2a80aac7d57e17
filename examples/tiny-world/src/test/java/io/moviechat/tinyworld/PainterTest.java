package io.moviechat.tinyworld;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PainterTest {
  private static final int SIDE = 64;

  @ParameterizedTest
  @EnumSource(Kind.class)
  void everyKindFillsAPartOfItsSquare(Kind kind) {
    for (int style = 0; style < Kind.STYLES; style++) {
      byte[] rgb = paint(actor(kind, Colour.WHITE, style, 0.5), SIDE);
      int bright = 0;
      for (int i = 0; i < rgb.length; i += 3) {
        bright += (rgb[i] & 255) > 150 ? 1 : 0;
      }
      // The square around the actor has (2 * 0.2 * 64)^2 = 655 pixels.
      assertThat(bright).as("%s, style %d", kind, style).isBetween(100, 600);
    }
  }

  @Test
  void stylesAndKindsLookDifferent() {
    List<byte[]> pictures = new java.util.ArrayList<>();
    for (Kind kind : Kind.values()) {
      pictures.add(paint(actor(kind, Colour.RED, 0, 0.5), SIDE));
      pictures.add(paint(actor(kind, Colour.RED, 1, 0.5), SIDE));
    }
    for (int i = 0; i < pictures.size(); i++) {
      for (int j = 0; j < i; j++) {
        assertThat(difference(pictures.get(i), pictures.get(j))).as("%d, %d", i, j).isPositive();
      }
    }
  }

  @Test
  void theSamePictureInEverySize() {
    Actor actor = actor(Kind.HOUSE, Colour.YELLOW, 0, 0.4);
    byte[] small = paint(actor, SIDE);
    byte[] large = paint(actor, 2 * SIDE);
    byte[] shrunk = new byte[small.length];
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        for (int c = 0; c < 3; c++) {
          int sum = 0;
          for (int k = 0; k < 4; k++) {
            sum += large[((2 * y + k / 2) * 2 * SIDE + 2 * x + k % 2) * 3 + c] & 255;
          }
          shrunk[(y * SIDE + x) * 3 + c] = (byte) (sum / 4);
        }
      }
    }
    assertThat(difference(small, shrunk)).isLessThan(2);
  }

  @Test
  void paintsTheSameAgain() {
    Scene scene = SceneBank.scene(9, 4, World.Split.SEEN);
    byte[] first = new byte[SIDE * SIDE * 3];
    byte[] second = new byte[SIDE * SIDE * 3];
    new Painter(scene, SIDE).paint(750, 3, first);
    new Painter(scene, SIDE).paint(750, 3, second);
    assertThat(first).isEqualTo(second);
  }

  @Test
  void fadesBeginInTheDark() {
    Actor actor = actor(Kind.SQUARE, Colour.WHITE, 0, 0.5);
    Backdrop plain = new Backdrop(Backdrop.Type.PLAIN, 1);
    Scene fading = new Scene(plain, List.of(actor), 4000, true, true, 0, 0);
    byte[] start = new byte[SIDE * SIDE * 3];
    byte[] middle = new byte[SIDE * SIDE * 3];
    byte[] end = new byte[SIDE * SIDE * 3];
    Painter painter = new Painter(fading, SIDE);
    painter.paint(0, 0, start);
    painter.paint(2000, 0, middle);
    painter.paint(3917, 0, end);
    assertThat(light(start)).isLessThan(light(middle) * 0.3);
    assertThat(light(end)).isLessThan(light(middle) * 0.3);
  }

  private static Actor actor(Kind kind, Colour colour, int style, double x) {
    return new Actor(
        kind, colour, Action.STILL, style, false, x, 0.5, x, 0.5, 0.2, 0.2, 0, 0, 1000, 1);
  }

  private static byte[] paint(Actor actor, int side) {
    Backdrop plain = new Backdrop(Backdrop.Type.PLAIN, 1);
    Scene scene = new Scene(plain, List.of(actor), 4000, false, false, 0, 0);
    byte[] rgb = new byte[side * side * 3];
    new Painter(scene, side).paint(0, 0, rgb);
    return rgb;
  }

  private static double difference(byte[] a, byte[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.abs((a[i] & 255) - (b[i] & 255));
    }
    return sum / a.length;
  }

  private static double light(byte[] rgb) {
    double sum = 0;
    for (byte value : rgb) {
      sum += value & 255;
    }
    return sum / rgb.length;
  }
}
