package io.moviechat;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.WatchOptions.Reuse;
import io.moviechat.spi.testing.FakeEncoder;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FrameReuseTest {
  private static final int SIDE = 64;

  private final List<Integer> encoded = new ArrayList<>();
  private final List<Frame> open = new ArrayList<>();

  private FrameBatch batch(Reuse reuse) {
    FakeEncoder encoder =
        new FakeEncoder(new TokenShape(2, 3), 4, frames -> encoded.add(frames.size()));
    return new FrameBatch(new SharedEncoder(encoder), Optional.empty(), reuse, new Alerts());
  }

  private Frame frame(int second, byte[] pixels) {
    Frame[] self = new Frame[1];
    self[0] =
        Frame.of(
            Duration.ofSeconds(second),
            SIDE,
            SIDE,
            ByteBuffer.wrap(pixels),
            () -> open.remove(self[0]));
    open.add(self[0]);
    return self[0];
  }

  private static byte[] grey(int value) {
    byte[] pixels = new byte[3 * SIDE * SIDE];
    Arrays.fill(pixels, (byte) value);
    return pixels;
  }

  private List<FrameTokens> watch(FrameBatch batch, List<byte[]> pictures) {
    List<FrameTokens> tokens = new ArrayList<>();
    for (int i = 0; i < pictures.size(); i++) {
      batch.add(frame(i, pictures.get(i)));
      if (batch.isFull()) {
        tokens.addAll(batch.encode());
      }
    }
    if (!batch.isEmpty()) {
      tokens.addAll(batch.encode());
    }
    assertThat(open).isEmpty();
    assertThat(tokens).hasSameSizeAs(pictures);
    for (int i = 0; i < tokens.size(); i++) {
      assertThat(tokens.get(i).timestamp()).isEqualTo(Duration.ofSeconds(i));
    }
    return tokens;
  }

  private static List<byte[]> greys(int... values) {
    return Arrays.stream(values).mapToObj(FrameReuseTest::grey).toList();
  }

  @Test
  void withoutReuseEveryFrameIsEncodedInFullBatches() {
    FrameBatch batch = batch(Reuse.OFF);
    watch(batch, greys(9, 9, 9, 9, 9, 9));
    assertThat(encoded).containsExactly(4, 2);
    assertThat(batch.reused()).isZero();
  }

  @Test
  void unchangedFramesGetTheTokensOfTheLastEncodedOne() {
    FrameBatch batch = batch(Reuse.SAFE);
    int[] values = {10, 12, 200, 201, 203, 10, 10};
    List<FrameTokens> tokens = watch(batch, greys(values));
    int[] as = {10, 10, 200, 200, 200, 10, 10};
    for (int i = 0; i < values.length; i++) {
      assertThat(tokens.get(i).values().get(0)).isEqualTo(as[i] / 255f);
    }
    assertThat(encoded).containsExactly(3);
    assertThat(batch.reused()).isEqualTo(4);
  }

  @Test
  void whatCreepsIsComparedWithTheLastEncodedFrameAndNoticed() {
    FrameBatch batch = batch(Reuse.SAFE);
    watch(batch, greys(10, 12, 14, 16, 18, 20, 22));
    assertThat(batch.reused()).isEqualTo(4); // 12 and 14 are near to 10, 18 and 20 to 16
  }

  @Test
  void aStillPictureIsHandedOnWithoutWaitingForABatch() {
    FrameBatch batch = batch(Reuse.SAFE);
    int[] values = new int[50];
    List<FrameTokens> tokens = watch(batch, greys(values));
    assertThat(encoded).containsExactly(1);
    assertThat(tokens.get(49).values()).isEqualTo(tokens.get(0).values());
    for (int i = 0; i < 4 * 4 - 1; i++) {
      batch.add(frame(i, grey(0)));
      assertThat(batch.isFull()).isFalse();
    }
    batch.add(frame(15, grey(0)));
    assertThat(batch.isFull()).isTrue();
    batch.encode();
  }

  @Test
  void aSmallThingThatMovesIsNoticedAndNoiseIsNot() {
    byte[] thing = grey(100);
    for (int y = 20; y < 22; y++) {
      for (int x = 30; x < 32; x++) {
        Arrays.fill(thing, 3 * (y * SIDE + x), 3 * (y * SIDE + x) + 3, (byte) 200);
      }
    }
    byte[] noise = grey(100);
    for (int i = 0; i < noise.length; i++) {
      noise[i] += (byte) (i % 5 - 2);
    }
    FrameBatch batch = batch(Reuse.SAFE);
    watch(batch, List.of(grey(100), noise, thing));
    assertThat(batch.reused()).isEqualTo(1);
  }

  @Test
  void picturesOfAnotherSizeAreEncoded() {
    FrameBatch batch = batch(Reuse.STRONG);
    batch.add(frame(0, grey(1)));
    batch.add(Frame.of(Duration.ofSeconds(1), 2, 2, ByteBuffer.wrap(new byte[12])));
    assertThat(batch.encode()).hasSize(2);
    assertThat(batch.reused()).isZero();
  }

  @Test
  void closingGivesBackWhatWasNotEncoded() {
    FrameBatch batch = batch(Reuse.SAFE);
    batch.add(frame(0, grey(1)));
    batch.close();
    assertThat(open).isEmpty();
  }
}
