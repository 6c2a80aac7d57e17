package io.moviechat.spi.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameTokens;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameEncoder;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link FrameEncoder} must do. */
public abstract class FrameEncoderContract {
  private List<String> ownersBefore = List.of();

  /** Opens the encoder under test. */
  protected abstract FrameEncoder open();

  /** Largest difference allowed between a frame encoded alone and in a batch. */
  protected double batchTolerance() {
    return 1e-5;
  }

  @BeforeEach
  void rememberOpenOwners() {
    ownersBefore = NativeOwner.openOwners();
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEqualTo(ownersBefore);
  }

  /** A picture of random blocks. */
  protected static Frame picture(int seed, int width, int height) {
    Random random = new Random(seed);
    int[] colours = random.ints(64, 0, 256).toArray();
    ByteBuffer rgb = ByteBuffer.allocateDirect(3 * width * height);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int block = 4 * (4 * y / height) + 4 * x / width;
        for (int c = 0; c < 3; c++) {
          rgb.put((byte) colours[3 * block + c]);
        }
      }
    }
    return Frame.of(Duration.ofMillis(seed * 100L), width, height, rgb.flip());
  }

  private static Frame wanted(FrameEncoder encoder, int seed) {
    FrameFormat format = encoder.preferredFormat();
    return format.fit() == FrameFormat.Fit.ORIGINAL
        ? picture(seed, 48, 32)
        : picture(seed, format.width(), format.height());
  }

  private static float[] copy(FrameTokens tokens) {
    FloatBuffer values = tokens.values();
    float[] copy = new float[values.remaining()];
    values.get(copy);
    return copy;
  }

  private static float[] encodeOne(FrameEncoder encoder, Frame frame) {
    List<FrameTokens> tokens = encoder.encode(List.of(frame));
    assertThat(tokens).hasSize(1);
    try (FrameTokens only = tokens.get(0)) {
      return copy(only);
    }
  }

  @Test
  void describesItself() {
    try (FrameEncoder encoder = open()) {
      assertThat(encoder.id()).isNotBlank();
      assertThat(encoder.preferredBatch()).isPositive();
      try (FrameEncoder again = open()) {
        assertThat(again.id()).isEqualTo(encoder.id());
        assertThat(again.shape()).isEqualTo(encoder.shape());
      }
    }
  }

  @Test
  void givesEachFrameItsTokensInOrderAndKeepsTheTime() {
    try (FrameEncoder encoder = open()) {
      List<Frame> frames = List.of(wanted(encoder, 1), wanted(encoder, 2), wanted(encoder, 3));
      List<FrameTokens> tokens = encoder.encode(frames);
      assertThat(tokens).hasSize(3);
      for (int i = 0; i < 3; i++) {
        assertThat(tokens.get(i).shape()).isEqualTo(encoder.shape());
        assertThat(tokens.get(i).timestamp()).isEqualTo(frames.get(i).timestamp());
        float[] alone = encodeOne(encoder, frames.get(i));
        float[] together = copy(tokens.get(i));
        for (int j = 0; j < alone.length; j++) {
          assertThat((double) together[j])
              .isFinite()
              .isCloseTo(alone[j], org.assertj.core.data.Offset.offset(batchTolerance()));
        }
      }
      tokens.forEach(FrameTokens::close);
    }
  }

  @Test
  void isDeterministicAndSeesADifference() {
    try (FrameEncoder encoder = open()) {
      float[] first = encodeOne(encoder, wanted(encoder, 4));
      float[] other = encodeOne(encoder, wanted(encoder, 5));
      assertThat(encodeOne(encoder, wanted(encoder, 4))).isEqualTo(first);
      assertThat(other).isNotEqualTo(first);
    }
  }

  @Test
  void resultsAreNotTouchedByLaterCalls() {
    try (FrameEncoder encoder = open()) {
      FrameTokens kept = encoder.encode(List.of(wanted(encoder, 6))).get(0);
      float[] before = copy(kept);
      for (int i = 7; i < 12; i++) {
        encodeOne(encoder, wanted(encoder, i));
      }
      assertThat(copy(kept)).isEqualTo(before);
      kept.close();
    }
  }

  @Test
  void takesFramesOfAnySize() {
    try (FrameEncoder encoder = open()) {
      for (int[] size : new int[][] {{1, 1}, {17, 31}, {320, 20}, {640, 360}}) {
        for (float value : encodeOne(encoder, picture(8, size[0], size[1]))) {
          assertThat(value).isFinite();
        }
      }
    }
  }

  @Test
  void refusesAnEmptyBatchAndGoesOn() {
    try (FrameEncoder encoder = open()) {
      assertThatIllegalArgumentException().isThrownBy(() -> encoder.encode(List.of()));
      assertThat(encodeOne(encoder, wanted(encoder, 9))).hasSize(encoder.shape().floats());
    }
  }

  @Test
  void isClosedOnceAndForAll() {
    FrameEncoder encoder = open();
    Frame frame = wanted(encoder, 10);
    encoder.close();
    encoder.close();
    assertThatIllegalStateException().isThrownBy(() -> encoder.encode(List.of(frame)));
  }
}
