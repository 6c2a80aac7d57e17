package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameTokens;
import io.moviechat.TokenShape;
import io.moviechat.spi.FrameEncoder;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TokenMergingTest {
  private final AtomicInteger closedTokens = new AtomicInteger();
  private boolean closed;

  /** An encoder that always gives these tokens. */
  private FrameEncoder encoder(int tokens, float... values) {
    TokenShape shape = new TokenShape(tokens, values.length / tokens);
    return new FrameEncoder() {
      @Override
      public String id() {
        return "fixed";
      }

      @Override
      public TokenShape shape() {
        return shape;
      }

      @Override
      public FrameFormat preferredFormat() {
        return FrameFormat.ORIGINAL;
      }

      @Override
      public int preferredBatch() {
        return 1;
      }

      @Override
      public List<FrameTokens> encode(List<Frame> frames) {
        return frames.stream()
            .map(
                frame ->
                    FrameTokens.of(
                        frame.timestamp(),
                        shape,
                        FloatBuffer.wrap(values.clone()),
                        closedTokens::incrementAndGet))
            .toList();
      }

      @Override
      public void close() {
        closed = true;
      }
    };
  }

  private static float[] encode(FrameEncoder encoder) {
    Frame frame = Frame.of(Duration.ofSeconds(3), 1, 1, ByteBuffer.allocate(3));
    FrameTokens tokens = encoder.encode(List.of(frame)).get(0);
    assertThat(tokens.timestamp()).isEqualTo(Duration.ofSeconds(3));
    assertThat(tokens.shape()).isEqualTo(encoder.shape());
    float[] values = new float[tokens.shape().floats()];
    tokens.values().get(values);
    return values;
  }

  @Test
  void mergesTheMostSimilarPairAndKeepsTheOrder() {
    // Even places: (1, 0) and (0, 1); odd places: (-1, 1) and (0, 3). (0, 1) is like (0, 3).
    FrameEncoder merging = TokenMerging.of(encoder(4, 1, 0, -1, 1, 0, 1, 0, 3), 3);
    assertThat(encode(merging)).containsExactly(1, 0, -1, 1, 0, 2);
    assertThat(closedTokens).hasValue(1);
  }

  @Test
  void averagesByTheNumberOfTokensMerged() {
    FrameEncoder merging = TokenMerging.of(encoder(5, 1, 2, 3, 4, 10), 1);
    assertThat(encode(merging)).containsExactly(new float[] {4}, within(1e-6f));
  }

  @Test
  void leavesAllTokensAloneIfAsked() {
    assertThat(encode(TokenMerging.of(encoder(3, 1, 2, 3), 3))).containsExactly(1, 2, 3);
  }

  @Test
  void isAnotherEncoderForSavedMemories() {
    assertThat(TokenMerging.of(encoder(3, 1, 2, 3), 2).id()).isEqualTo("fixed merged to 2 tokens");
  }

  @Test
  void refusesMoreTokensThanThereAre() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TokenMerging.of(encoder(3, 1, 2, 3), 4))
        .withMessageContaining("1 to 3");
  }

  @Test
  void closesItsEncoder() {
    TokenMerging.of(encoder(3, 1, 2, 3), 2).close();
    assertThat(closed).isTrue();
  }
}
