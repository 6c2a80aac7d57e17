package io.moviechat.bench.eval;

import io.moviechat.FinishReason;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameTokens;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VisionLanguageModel;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;

/** A model without weights: a frame becomes its mean colour, a reply is a function of the view. */
final class FakeModel implements VisionLanguageModel {
  private static final TokenShape SHAPE = new TokenShape(1, 4);

  private final BiFunction<MovieView, String, String> replies;
  private final AtomicLong frames = new AtomicLong();
  private final AtomicInteger scorersClosed = new AtomicInteger();

  FakeModel(BiFunction<MovieView, String, String> replies) {
    this.replies = replies;
  }

  /** Frames encoded since it was made. */
  long frames() {
    return frames.get();
  }

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public FrameEncoder openEncoder() {
    return new FrameEncoder() {
      @Override
      public String id() {
        return "fake";
      }

      @Override
      public TokenShape shape() {
        return SHAPE;
      }

      @Override
      public FrameFormat preferredFormat() {
        return FrameFormat.ORIGINAL;
      }

      @Override
      public int preferredBatch() {
        return 4;
      }

      @Override
      public List<FrameTokens> encode(List<Frame> batch) {
        frames.addAndGet(batch.size());
        return batch.stream().map(FakeModel::tokens).toList();
      }

      @Override
      public void close() {}
    };
  }

  private static FrameTokens tokens(Frame frame) {
    ByteBuffer rgb = frame.rgb();
    float[] sums = {0, 0, 0, 1};
    for (int i = 0; rgb.hasRemaining(); i++) {
      sums[i % 3] += (rgb.get() & 0xff) / 255f;
    }
    for (int i = 0; i < 3; i++) {
      sums[i] /= (float) frame.width() * frame.height();
    }
    return FrameTokens.of(frame.timestamp(), SHAPE, FloatBuffer.wrap(sums));
  }

  /** Wants the first slot of any memory, whatever the question. */
  @Override
  public Optional<SlotScorer> openScorer() {
    return Optional.of(
        new SlotScorer() {
          @Override
          public String name() {
            return "first";
          }

          @Override
          public Optional<float[]> score(String question, MemorySnapshot memory) {
            float[] scores = new float[memory.slots().size()];
            scores[0] = 1;
            return Optional.of(scores);
          }

          @Override
          public void close() {
            scorersClosed.incrementAndGet();
          }
        });
  }

  /** How many scorers were closed. */
  int scorersClosed() {
    return scorersClosed.get();
  }

  @Override
  public AnswerGenerator openGenerator() {
    return new AnswerGenerator() {
      @Override
      public String id() {
        return "fake";
      }

      @Override
      public OptionalInt tokenWidth() {
        return OptionalInt.of(SHAPE.width());
      }

      @Override
      public OptionalInt maxSlots(TokenShape shape) {
        return OptionalInt.of(64);
      }

      @Override
      public AnswerSession open(MovieView view) {
        return new AnswerSession() {
          @Override
          public GeneratedAnswer answer(AnswerRequest request, TokenListener listener) {
            String reply = replies.apply(view, request.question());
            return GeneratedAnswer.builder(reply, FinishReason.STOP)
                .promptTokens(view.memory().slots().size())
                .build();
          }

          @Override
          public void close() {}
        };
      }

      @Override
      public void close() {}
    };
  }
}
