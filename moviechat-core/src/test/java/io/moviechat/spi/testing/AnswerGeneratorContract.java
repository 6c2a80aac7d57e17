package io.moviechat.spi.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.moviechat.Conversation;
import io.moviechat.FinishReason;
import io.moviechat.FrameTokens;
import io.moviechat.GenerationOptions;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link AnswerGenerator} must do. */
public abstract class AnswerGeneratorContract {
  private static final GenerationOptions SHORT = GenerationOptions.builder().maxTokens(8).build();

  private List<String> ownersBefore = List.of();

  /** Opens the generator under test. */
  protected abstract AnswerGenerator open();

  /** A token shape that the generator reads. */
  protected abstract TokenShape shape();

  @BeforeEach
  void rememberOpenOwners() {
    ownersBefore = NativeOwner.openOwners();
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEqualTo(ownersBefore);
  }

  /** A view of {@code slots} slots of random tokens. */
  protected final MovieView view(int seed, int slots) {
    return view(seed, slots, shape());
  }

  private static MovieView view(int seed, int slots, TokenShape shape) {
    Random random = new Random(seed);
    List<MemorySlot> list = new ArrayList<>();
    for (int i = 0; i < slots; i++) {
      float[] values = new float[shape.floats()];
      for (int j = 0; j < values.length; j++) {
        values[j] = (float) random.nextGaussian();
      }
      FrameTokens frame = FrameTokens.of(Duration.ofSeconds(i), shape, FloatBuffer.wrap(values));
      list.add(MemorySlot.ofFrame(MemorySlot.Tier.LONG_TERM, Duration.ofSeconds(i + 1L), frame));
    }
    return MovieView.of(new MemorySnapshot(shape, list, slots, 0));
  }

  private static GeneratedAnswer ask(AnswerGenerator generator, MovieView view, String question) {
    try (AnswerSession session = generator.open(view)) {
      return session.answer(AnswerRequest.of(question, SHORT), TokenListener.NONE);
    }
  }

  @Test
  void answersTheSameQuestionInTheSameWay() {
    try (AnswerGenerator generator = open()) {
      GeneratedAnswer first = ask(generator, view(1, 3), "What happens?");
      GeneratedAnswer second = ask(generator, view(1, 3), "What happens?");
      assertThat(second.text()).isEqualTo(first.text());
      assertThat(second.tokens()).isEqualTo(first.tokens());
      assertThat(first.finishReason()).isIn(FinishReason.STOP, FinishReason.LENGTH);
    }
  }

  @Test
  void answersASecondQuestionOfASessionAsAFreshSessionWould() {
    try (AnswerGenerator generator = open()) {
      GeneratedAnswer alone = ask(generator, view(1, 3), "What is on screen?");
      try (AnswerSession session = generator.open(view(1, 3))) {
        session.answer(AnswerRequest.of("What happens first?", SHORT), TokenListener.NONE);
        GeneratedAnswer second =
            session.answer(AnswerRequest.of("What is on screen?", SHORT), TokenListener.NONE);
        assertThat(second.text()).isEqualTo(alone.text());
        assertThat(second.tokens()).isEqualTo(alone.tokens());
      }
    }
  }

  @Test
  void theStreamedPiecesMakeUpTheText() {
    try (AnswerGenerator generator = open();
        AnswerSession session = generator.open(view(2, 2))) {
      List<String> pieces = new ArrayList<>();
      GeneratedAnswer answer =
          session.answer(AnswerRequest.of("Describe the video.", SHORT), pieces::add);
      assertThat(String.join("", pieces)).isEqualTo(answer.text());
      assertThat(pieces).noneMatch(String::isEmpty);
    }
  }

  @Test
  void keepsToTheTokenLimit() {
    try (AnswerGenerator generator = open();
        AnswerSession session = generator.open(view(3, 2))) {
      GenerationOptions one = GenerationOptions.builder().maxTokens(1).build();
      GeneratedAnswer answer =
          session.answer(AnswerRequest.of("Describe the video.", one), TokenListener.NONE);
      assertThat(answer.tokens().length).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void isCancelledBeforeTheFirstToken() {
    try (AnswerGenerator generator = open();
        AnswerSession session = generator.open(view(4, 2))) {
      GeneratedAnswer answer =
          session.answer(cancellable("Describe the video.", new AtomicBoolean(true)), text -> {});
      assertThat(answer.finishReason()).isEqualTo(FinishReason.CANCELLED);
    }
  }

  @Test
  void isCancelledWithinAToken() {
    try (AnswerGenerator generator = open();
        AnswerSession session = generator.open(view(4, 2))) {
      List<String> whole = new ArrayList<>();
      session.answer(AnswerRequest.of("Describe the video.", SHORT), whole::add);
      assumeThat(whole).as("an answer long enough to be cut").hasSizeGreaterThan(2);
      AtomicBoolean cancelled = new AtomicBoolean();
      List<String> pieces = new ArrayList<>();
      GeneratedAnswer answer =
          session.answer(
              cancellable("Describe the video.", cancelled),
              text -> {
                pieces.add(text);
                cancelled.set(true);
              });
      assertThat(answer.finishReason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(answer.text()).isEqualTo(String.join("", pieces));
      assertThat(pieces).hasSizeLessThan(whole.size());
      GeneratedAnswer next =
          session.answer(AnswerRequest.of("Describe the video.", SHORT), TokenListener.NONE);
      assertThat(next.finishReason()).isIn(FinishReason.STOP, FinishReason.LENGTH);
    }
  }

  private static AnswerRequest cancellable(String question, AtomicBoolean cancelled) {
    return AnswerRequest.of(question, SHORT).withCancelled(cancelled::get);
  }

  @Test
  void aFailingListenerEndsTheAnswerOnly() {
    try (AnswerGenerator generator = open();
        AnswerSession session = generator.open(view(5, 2))) {
      AnswerRequest request = AnswerRequest.of("Describe the video.", SHORT);
      String whole = session.answer(request, TokenListener.NONE).text();
      assumeThat(whole).isNotEmpty();
      assertThatThrownBy(
              () ->
                  session.answer(
                      request,
                      text -> {
                        throw new ArithmeticException("listener");
                      }))
          .isInstanceOf(ArithmeticException.class);
      assertThat(session.answer(request, TokenListener.NONE).text()).isEqualTo(whole);
    }
  }

  @Test
  void takesHistory() {
    try (AnswerGenerator generator = open();
        AnswerSession session = generator.open(view(6, 2))) {
      AnswerRequest request =
          AnswerRequest.of("Which came first?", SHORT)
              .withHistory(
                  List.of(
                      new Conversation.Turn("What is it?", "A bird."),
                      new Conversation.Turn("And now?", "A fish.")));
      GeneratedAnswer with = session.answer(request, TokenListener.NONE);
      GeneratedAnswer without =
          session.answer(AnswerRequest.of("Which came first?", SHORT), TokenListener.NONE);
      assumeThat(without.promptTokens()).as("the backend tells the prompt's length").isPositive();
      assertThat(with.promptTokens()).isGreaterThan(without.promptTokens());
    }
  }

  @Test
  void simultaneousSessionsAnswerAsTheyWouldAlone() {
    try (AnswerGenerator generator = open()) {
      List<String> alone = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        alone.add(ask(generator, view(i, 2 + i), "Question " + i + "?").text());
      }
      List<CompletableFuture<String>> together = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        int n = i;
        together.add(
            CompletableFuture.supplyAsync(
                () -> ask(generator, view(n, 2 + n), "Question " + n + "?").text()));
      }
      assertThat(together.stream().map(CompletableFuture::join).toList()).isEqualTo(alone);
    }
  }

  @Test
  void refusesTokensOfAnotherWidth() {
    try (AnswerGenerator generator = open()) {
      assumeThat(generator.tokenWidth()).isPresent();
      TokenShape wider = new TokenShape(shape().tokens(), shape().width() + 1);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> generator.open(view(1, 1, wider)))
          .withMessageContaining(Integer.toString(wider.width()));
    }
  }

  @Test
  void isClosedOnceAndForAll() {
    AnswerGenerator generator = open();
    AnswerSession session = generator.open(view(1, 1));
    session.close();
    session.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> session.answer(AnswerRequest.of("Why?", SHORT), TokenListener.NONE));
    AnswerSession open = generator.open(view(1, 1));
    generator.close();
    generator.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> open.answer(AnswerRequest.of("Why?", SHORT), TokenListener.NONE));
    assertThatIllegalStateException().isThrownBy(() -> generator.open(view(1, 1)));
  }
}
