package io.moviechat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.testing.FrameEncoderContract;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ColorPatchEncoderTest extends FrameEncoderContract {
  @Override
  protected FrameEncoder open() {
    return new ColorPatchEncoder();
  }

  @Test
  void aTokenIsTheMeanColourOfItsPatch() {
    ByteBuffer rgb = ByteBuffer.allocate(3 * 4 * 2);
    for (int y = 0; y < 2; y++) {
      for (int x = 0; x < 4; x++) {
        rgb.put((byte) (x < 2 ? 255 : 0)).put((byte) (y == 0 ? 255 : 0)).put((byte) (51 * x));
      }
    }
    try (ColorPatchEncoder encoder = new ColorPatchEncoder(2);
        Frame frame = Frame.of(Duration.ofSeconds(3), 4, 2, rgb.flip())) {
      FrameTokens tokens = encoder.encode(List.of(frame)).get(0);
      assertThat(tokens.timestamp()).isEqualTo(Duration.ofSeconds(3));
      assertThat(tokens.shape()).isEqualTo(new TokenShape(4, 4));
      FloatBuffer values = tokens.values();
      float[][] expected = {
        {1, 1, -0.8f, 0.5f}, {-1, 1, 0, 0.5f}, {1, -1, -0.8f, 0.5f}, {-1, -1, 0, 0.5f}
      };
      for (int token = 0; token < 4; token++) {
        for (int i = 0; i < 4; i++) {
          assertThat(values.get(4 * token + i))
              .isCloseTo(expected[token][i], org.assertj.core.api.Assertions.within(1e-6f));
        }
      }
    }
  }

  @Test
  void refusesImpossibleGrids() {
    assertThatThrownBy(() -> new ColorPatchEncoder(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ColorPatchEncoder(65))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
