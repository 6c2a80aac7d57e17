package io.moviechat.spi.testing;

import static java.util.Comparator.comparing;

import io.moviechat.Answer;
import io.moviechat.FinishReason;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.speech.Cue;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * A generator that says what it was given, one word for a token: how many slots, how many frames,
 * which moment, how many turns before, and the question. Of what the movie says it is shown the
 * three cues that are wanted most.
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
      int count = 0;
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
        count++;
        listener.onText(piece);
      }
      Duration time = Duration.ofNanos(System.nanoTime() - start);
      return GeneratedAnswer.builder(text.toString(), reason)
          .tokens(IntStream.range(0, count).toArray())
          .cues(request.cues().stream().limit(3).sorted(comparing(Cue::start)).toList())
          .promptTokens(words.size() + 2 * request.history().size())
          .timings(Answer.Timings.of(Duration.ZERO, time, time, 0))
          .build();
    }

    @Override
    public void close() {
      ended = true;
    }
  }
}
