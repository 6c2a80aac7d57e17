package io.moviechat.spi.testing;

import com.google.common.primitives.ImmutableIntArray;
import io.moviechat.AnswerTimings;
import io.moviechat.FinishReason;
import io.moviechat.TokenShape;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.TokenListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * A generator that says what it was given, one word for a token: how many slots, how many frames,
 * which moment, how many turns before, and the question.
 */
public final class FakeGenerator implements AnswerGenerator {
  private final int width;
  private final OptionalInt maxSlots;
  private final Runnable onToken;
  private volatile boolean closed;

  /** A generator that reads tokens of width three and any number of slots. */
  public FakeGenerator() {
    this(3, OptionalInt.empty(), () -> {});
  }

  /**
   * A generator that does something for each token: wait, fail, count.
   *
   * @param width of the tokens it reads
   * @param maxSlots most slots it reads
   * @param onToken called before each token
   */
  public FakeGenerator(int width, OptionalInt maxSlots, Runnable onToken) {
    this.width = width;
    this.maxSlots = maxSlots;
    this.onToken = onToken;
  }

  @Override
  public String id() {
    return "fake-generator";
  }

  @Override
  public OptionalInt tokenWidth() {
    return OptionalInt.of(width);
  }

  @Override
  public OptionalInt maxSlots(TokenShape shape) {
    return maxSlots;
  }

  @Override
  public AnswerSession open(MovieView view) {
    requireOpen(!closed);
    int given = view.memory().shape().width();
    if (given != width) {
      throw new IllegalArgumentException(
          "the memory's tokens are " + given + " wide, this generator reads " + width);
    }
    return new Session(view);
  }

  @Override
  public void close() {
    closed = true;
  }

  private static void requireOpen(boolean open) {
    if (!open) {
      throw new IllegalStateException("FakeGenerator is closed");
    }
  }

  private final class Session implements AnswerSession {
    private final MovieView view;
    private volatile boolean ended;

    Session(MovieView view) {
      this.view = view;
    }

    @Override
    public GeneratedAnswer answer(AnswerRequest request, TokenListener listener) {
      requireOpen(!closed && !ended);
      long start = System.nanoTime();
      List<String> words = new ArrayList<>();
      words.add(view.memory().slots().size() + " slots");
      words.add(view.memory().framesSeen() + " frames");
      words.add(view.breakpoint().map(Duration::toString).orElse("global"));
      words.add(request.history().size() + " turns");
      words.addAll(List.of(request.question().split(" ")));
      StringBuilder text = new StringBuilder();
      ImmutableIntArray.Builder tokens = ImmutableIntArray.builder();
      FinishReason reason = FinishReason.STOP;
      for (int i = 0; i < words.size(); i++) {
        if (request.cancelled().getAsBoolean()) {
          reason = FinishReason.CANCELLED;
          break;
        }
        if (i == request.options().maxTokens()) {
          reason = FinishReason.LENGTH;
          break;
        }
        onToken.run();
        String piece = (i == 0 ? "" : " ") + words.get(i);
        text.append(piece);
        tokens.add(i);
        listener.onText(piece);
      }
      Duration time = Duration.ofNanos(System.nanoTime() - start);
      return new GeneratedAnswer(
          text.toString(),
          tokens.build(),
          reason,
          words.size() + 2 * request.history().size(),
          new AnswerTimings(Duration.ZERO, time, time, 0));
    }

    @Override
    public void close() {
      ended = true;
    }
  }
}
