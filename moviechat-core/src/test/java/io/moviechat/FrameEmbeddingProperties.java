package io.moviechat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.WatchOptions.Reuse;
import io.moviechat.spi.testing.FakeEncoder;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** A frame and its embedding stay together, whether it is encoded or gets the last one's tokens. */
class FrameEmbeddingProperties {
  private static final int SIDE = 8;

  /** An embedding of the fakes is the mean red, as a token is: {@code [1, 1]}. */
  private static FrameBatch batch(int batch, int embeddings, Reuse reuse, List<Integer> embedded) {
    FakeEncoder encoder = new FakeEncoder(new TokenShape(2, 3), batch, frames -> {});
    FakeEncoder embedder =
        new FakeEncoder(new TokenShape(1, 1), embeddings, frames -> embedded.add(frames.size()));
    return new FrameBatch(
        new SharedEncoder(encoder), Optional.of(new SharedEncoder(embedder)), reuse, new Alerts());
  }

  private static Frame grey(int second, int value) {
    byte[] pixels = new byte[3 * SIDE * SIDE];
    Arrays.fill(pixels, (byte) value);
    return Frame.of(Duration.ofSeconds(second), SIDE, SIDE, ByteBuffer.wrap(pixels));
  }

  @Property(tries = 300)
  void embeddingsAreOfTheFramesOfTheTokens(
      @ForAll @Size(min = 1, max = 60) List<@IntRange(min = 0, max = 12) Integer> greys,
      @ForAll @IntRange(min = 1, max = 5) int batchSize,
      @ForAll @IntRange(min = 1, max = 5) int embeddings,
      @ForAll boolean reuse) {
    List<Integer> embedded = new ArrayList<>();
    FrameBatch batch = batch(batchSize, embeddings, reuse ? Reuse.SAFE : Reuse.OFF, embedded);
    List<FrameTokens> tokens = new ArrayList<>();
    for (int i = 0; i < greys.size(); i++) {
      batch.add(grey(i, 20 * greys.get(i)));
      if (batch.isFull()) {
        tokens.addAll(batch.encode());
      }
    }
    if (!batch.isEmpty()) {
      tokens.addAll(batch.encode());
    }
    assertThat(tokens).hasSameSizeAs(greys);
    for (int i = 0; i < tokens.size(); i++) {
      assertThat(tokens.get(i).timestamp()).isEqualTo(Duration.ofSeconds(i));
      assertThat(tokens.get(i).values().get(0)).isEqualTo(20 * greys.get(i) / 255f);
      assertThat(tokens.get(i).embedding().orElseThrow().get(0))
          .isEqualTo(tokens.get(i).values().get(0));
    }
    assertThat(embedded.stream().mapToLong(Integer::longValue).sum())
        .isEqualTo(greys.size() - batch.reused());
  }

  @Example
  void closingEmbeddedTokensGivesTheBufferBack() {
    List<String> released = new ArrayList<>();
    FrameTokens tokens =
        FrameTokens.of(
            Duration.ZERO,
            new TokenShape(1, 1),
            FloatBuffer.allocate(1),
            () -> released.add("back"));
    FrameTokens embedded = tokens.withEmbedding(FloatBuffer.allocate(2));
    embedded.close();
    embedded.close();
    tokens.close();
    assertThat(released).containsExactly("back");
    assertThatThrownBy(embedded::embedding).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> tokens.withEmbedding(FloatBuffer.allocate(0)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
