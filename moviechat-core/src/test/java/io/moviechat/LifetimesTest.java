package io.moviechat;

import static io.moviechat.Fakes.fakes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.spi.testing.FakeEncoder;
import io.moviechat.spi.testing.FakeGenerator;
import io.moviechat.spi.testing.FakeMemory;
import io.moviechat.spi.testing.FakeVideo;
import io.moviechat.spi.testing.StallingVideo;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How long things live, and how they end when they are not let to their end. */
@Timeout(60)
class LifetimesTest {
  private static final WatchOptions EVERY_FRAME =
      WatchOptions.DEFAULT.withSampling(FrameSampling.everyFrame());

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static long openSessions() {
    return NativeOwner.openOwners().stream().filter(o -> o.startsWith("answer session")).count();
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // what nobody closes is what is tested
  void anyNumberOfMomentsAndConversationsKeepsFewSessionsOpen() {
    try (MovieChat chat = fakes().build()) {
      Movie movie = chat.watch(FakeVideo.of(500), EVERY_FRAME);
      for (int i = 0; i < 200; i++) {
        Moment moment = movie.at(FakeVideo.time(i));
        moment.ask("What is it?");
        moment.conversation().ask("And now?"); // which nobody closes
        movie.conversation().ask("All in all?");
        movie.ask("Who is it?");
        assertThat(openSessions()).isLessThanOrEqualTo(Sessions.IDLE);
      }
      movie.close();
      assertThat(openSessions()).isZero();
    }
  }

  @Test
  void questionsAboutTheWholeMovieShareOneSession() {
    AtomicInteger opened = new AtomicInteger();
    AnswerGenerator counting =
        new Delegating(new FakeGenerator()) {
          @Override
          public AnswerSession open(MovieView view) {
            opened.incrementAndGet();
            return super.open(view);
          }
        };
    try (MovieChat chat = fakes().generator(counting).build();
        Movie movie = chat.watch(FakeVideo.of(50), EVERY_FRAME);
        Conversation conversation = movie.conversation()) {
      for (int i = 0; i < 20; i++) {
        movie.ask("Who is it?");
        conversation.ask("And then?");
        movie.at(FakeVideo.time(i)).ask("Now?");
      }
    }
    assertThat(opened.get()).isEqualTo(1 + 20);
  }

  @Test
  void aConversationForgetsItsOldestTurnsWhenTheContextIsFull() {
    try (MovieChat chat = fakes().generator(new SmallContext(3)).build();
        Movie movie = chat.watch(FakeVideo.of(50), EVERY_FRAME);
        Conversation conversation = movie.conversation()) {
      for (int i = 0; i < 50; i++) {
        Answer answer = conversation.ask("Question " + i + "?");
        assertThat(answer.text()).contains(Math.min(i, 3) + " turns");
        assertThat(answer.forgottenTurns()).isEqualTo(Math.max(0, i - 3));
      }
      assertThat(conversation.history())
          .extracting(Conversation.Turn::question)
          .containsExactly("Question 46?", "Question 47?", "Question 48?", "Question 49?");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> conversation.ask("too long"))
          .withMessageContaining("does not fit");
      assertThat(conversation.history()).hasSize(4); // a question too long forgets nothing
    }
  }

  @Test
  void interruptingAThreadEndsItsAnswer() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    FakeGenerator slow =
        new FakeGenerator(
            3,
            OptionalInt.empty(),
            () -> {
              asked.countDown();
              while (!Thread.currentThread().isInterrupted()) {
                Thread.onSpinWait();
              }
            });
    try (MovieChat chat = fakes().generator(slow).build();
        Movie movie = chat.watch(FakeVideo.of(10), EVERY_FRAME)) {
      CompletableFuture<Answer> answer = new CompletableFuture<>();
      CompletableFuture<Boolean> flag = new CompletableFuture<>();
      Thread asking =
          new Thread(
              () -> {
                answer.complete(movie.ask("a b c d"));
                flag.complete(Thread.currentThread().isInterrupted());
              });
      asking.start();
      asked.await();
      asking.interrupt();
      assertThat(answer.get(20, TimeUnit.SECONDS).finishReason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(flag.get(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void cancellingEndsAReadThatHearsNoInterrupt() throws Exception {
    StallingVideo stalling = new StallingVideo(8);
    try (MovieChat chat = fakes().video(stalling).build()) {
      Watching watching = chat.start(stalling.location(), EVERY_FRAME);
      stalling.awaitStall();
      watching.cancel();
      assertThatExceptionOfType(CancellationException.class).isThrownBy(watching::join);
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void closingTheChatEndsAReadThatHearsNoInterrupt() throws Exception {
    StallingVideo stalling = new StallingVideo(0);
    MovieChat chat = fakes().video(stalling).build();
    Watching watching = chat.start(stalling.location(), EVERY_FRAME);
    stalling.awaitStall();
    chat.close();
    assertThatExceptionOfType(CancellationException.class).isThrownBy(watching::join);
  }

  @Test
  void stoppingAPassThatIsStuckKeepsWhatWasWatched() throws Exception {
    StallingVideo stalling = new StallingVideo(8);
    try (MovieChat chat = fakes().video(stalling).build()) {
      Watching watching = chat.start(stalling.location(), EVERY_FRAME);
      stalling.awaitStall();
      watching.stop();
      try (Movie movie = watching.join()) {
        assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(8);
      }
    }
  }

  @Test
  void aTimeoutEndsAReadThatIsStuck() {
    StallingVideo stalling = new StallingVideo(4);
    try (MovieChat chat = fakes().video(stalling).build()) {
      assertThatExceptionOfType(VideoException.class)
          .isThrownBy(
              () ->
                  chat.watch(stalling.location(), EVERY_FRAME.withTimeout(Duration.ofMillis(100))))
          .withMessageContaining("PT0.1S");
    }
  }

  @Test
  void interruptingAWatcherEndsAReadThatIsStuck() throws Exception {
    StallingVideo stalling = new StallingVideo(4);
    try (MovieChat chat = fakes().video(stalling).build()) {
      CompletableFuture<Object> outcome = new CompletableFuture<>();
      Thread watcher =
          new Thread(
              () -> {
                try (Movie movie = chat.watch(stalling.location(), EVERY_FRAME)) {
                  outcome.complete(movie);
                } catch (RuntimeException e) {
                  outcome.complete(e);
                }
              });
      watcher.start();
      stalling.awaitStall();
      watcher.interrupt();
      assertThat(outcome.get(20, TimeUnit.SECONDS)).isInstanceOf(CancellationException.class);
    }
  }

  @Test
  void cancellingDoesNotWaitForAnOpeningThatIsStuck() throws Exception {
    StallingVideo stalling = StallingVideo.whenOpened();
    try (MovieChat chat = fakes().video(stalling).build()) {
      Watching watching = chat.start(stalling.location(), EVERY_FRAME);
      stalling.awaitStall();
      watching.cancel();
      assertThatExceptionOfType(CancellationException.class).isThrownBy(watching::join);
    }
    stalling.goOn(); // what is opened in the end is closed at once
    stalling.awaitClosed();
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void closingAMovieEndsALookAtItsVideo() throws Exception {
    StallingVideo stalling = new StallingVideo(20);
    stalling.stallFramesByTime();
    try (MovieChat chat = fakes().video(stalling).build()) {
      Movie movie =
          chat.watch(
              stalling.location(), WatchOptions.DEFAULT.withSampling(FrameSampling.uniform(5)));
      CompletableFuture<Object> outcome = new CompletableFuture<>();
      new Thread(
              () -> {
                try {
                  outcome.complete(movie.at(Duration.ofMillis(80)));
                } catch (RuntimeException e) {
                  outcome.complete(e);
                }
              })
          .start();
      stalling.awaitStall();
      movie.close();
      assertThat(outcome.get(20, TimeUnit.SECONDS)).isInstanceOf(RuntimeException.class);
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void closingIsNotHeldUpByAListenerThatWaitsForOtherWork() throws Exception {
    MovieChat chat = fakes().build();
    AtomicReference<Thread> closer = new AtomicReference<>();
    CompletableFuture<Object> inner = new CompletableFuture<>();
    WatchOptions waiting =
        EVERY_FRAME.onProgress(
            progress -> {
              await(() -> closer.get() != null && waits(closer.get()));
              Thread other = new Thread(() -> inner.complete(outcome(chat)));
              other.start();
              join(other);
            });
    Watching watching = chat.start(FakeVideo.of(50), waiting);
    await(() -> watching.progress().frames() > 0);
    Thread closing = new Thread(chat::close);
    closer.set(closing);
    closing.start();
    closing.join(20_000);
    assertThat(closing.isAlive()).isFalse();
    assertThat(inner.get()).isInstanceOf(IllegalStateException.class);
  }

  private static Object outcome(MovieChat chat) {
    try (Movie movie = chat.watch(FakeVideo.of(10), EVERY_FRAME)) {
      return movie;
    } catch (RuntimeException e) {
      return e;
    }
  }

  private static boolean waits(Thread thread) {
    return thread.getState() == Thread.State.WAITING;
  }

  private static void await(java.util.function.BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      Thread.onSpinWait();
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void startingAgainstClosingIsRefusedInOneWay() throws Exception {
    for (int i = 0; i < 300; i++) {
      MovieChat chat = fakes().build();
      CyclicBarrier together = new CyclicBarrier(2);
      Thread closer =
          new Thread(
              () -> {
                meet(together);
                chat.close();
              });
      closer.start();
      meet(together);
      try {
        Watching watching = chat.start(FakeVideo.of(1), EVERY_FRAME);
        watching.stage().exceptionally(e -> null);
      } catch (IllegalStateException e) {
        assertThat(e).hasMessageContaining("closed");
      }
      closer.join();
    }
  }

  private static void meet(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aBuilderForgetsTheWishesOfTheModelBefore() {
    ModelDefaults wishes = ModelDefaults.builder().shortTermFrames(7).build();
    MovieChat.Builder builder =
        MovieChat.builder()
            .model(new Model(wishes))
            .memory(FakeMemory.factory(50))
            .video(new FakeVideo());
    try (MovieChat chat = builder.build()) {
      assertThat(chat.memoryFactory().maxSlots()).isEqualTo(20 - 7 - 1);
    }
    try (MovieChat chat = builder.model(new Model(ModelDefaults.NONE)).build()) {
      assertThat(chat.memoryFactory().maxSlots()).isEqualTo(20 - 8 - 1);
    }
  }

  @Test
  void aBreakpointWhoseEncodingFailsLeavesNoTokensOpen() {
    AtomicInteger open = new AtomicInteger();
    AtomicInteger calls = new AtomicInteger(-1000);
    FakeEncoder inner = new FakeEncoder();
    FrameEncoder pooled =
        new FrameEncoder() {
          @Override
          public String id() {
            return inner.id();
          }

          @Override
          public TokenShape shape() {
            return inner.shape();
          }

          @Override
          public FrameFormat preferredFormat() {
            return inner.preferredFormat();
          }

          @Override
          public int preferredBatch() {
            return 2;
          }

          @Override
          public List<FrameTokens> encode(List<Frame> frames) {
            if (calls.incrementAndGet() == 2) {
              throw new InferenceException("second batch");
            }
            List<FrameTokens> tokens = new ArrayList<>();
            for (Frame frame : frames) {
              open.incrementAndGet();
              tokens.add(
                  FrameTokens.of(
                      frame.timestamp(),
                      shape(),
                      FloatBuffer.allocate(shape().floats()),
                      open::decrementAndGet));
            }
            return tokens;
          }

          @Override
          public void close() {}
        };
    try (MovieChat chat = fakes().encoder(pooled).breakpointFrames(6).build();
        Movie movie = chat.watch(FakeVideo.of(200), EVERY_FRAME)) {
      assertThat(open.get()).isZero();
      calls.set(0);
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> movie.at(Duration.ofSeconds(3)));
      assertThat(open.get()).isZero();
    }
  }

  @Test
  void waitingForAFailureAgainDoesNotChangeIt() {
    FakeVideo broken =
        new FakeVideo(
            index -> {
              throw new VideoException("no");
            });
    try (MovieChat chat = fakes().video(broken).build()) {
      Watching watching = chat.start(FakeVideo.of(10), EVERY_FRAME);
      for (int i = 0; i < 5; i++) {
        assertThatExceptionOfType(VideoException.class)
            .isThrownBy(watching::join)
            .satisfies(e -> assertThat(e.getSuppressed()).isEmpty());
      }
    }
  }

  @Test
  void foreverIsATimeout() {
    Duration forever = ChronoUnit.FOREVER.getDuration();
    try (MovieChat chat = fakes().build();
        Movie movie =
            chat.watch(
                FakeVideo.of(20),
                EVERY_FRAME.withTimeout(forever).onProgress(progress -> {}, forever))) {
      assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(20);
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void aClosedMovieRefusesItsMomentsAndConversations() {
    try (MovieChat chat = fakes().build()) {
      Movie movie = chat.watch(FakeVideo.of(50), EVERY_FRAME);
      Moment moment = movie.at(FakeVideo.time(9));
      Conversation conversation = moment.conversation();
      movie.close();
      movie.close();
      assertThatIllegalStateException().isThrownBy(() -> moment.ask("Now?"));
      assertThatIllegalStateException().isThrownBy(moment::conversation);
      assertThatIllegalStateException().isThrownBy(() -> conversation.ask("Now?"));
      assertThatIllegalStateException().isThrownBy(() -> movie.at(Duration.ZERO));
      assertThat(moment.memory().slots()).isNotEmpty(); // values stay readable
    }
  }

  /** A generator that is another one. */
  private static class Delegating implements AnswerGenerator {
    private final AnswerGenerator inner;

    Delegating(AnswerGenerator inner) {
      this.inner = inner;
    }

    @Override
    public String id() {
      return inner.id();
    }

    @Override
    public OptionalInt tokenWidth() {
      return inner.tokenWidth();
    }

    @Override
    public OptionalInt maxSlots(TokenShape shape) {
      return inner.maxSlots(shape);
    }

    @Override
    public AnswerSession open(MovieView view) {
      return inner.open(view);
    }

    @Override
    public void close() {
      inner.close();
    }
  }

  /** A generator whose context holds a few turns. */
  private static final class SmallContext extends Delegating {
    private final int turns;

    SmallContext(int turns) {
      super(new FakeGenerator());
      this.turns = turns;
    }

    @Override
    public AnswerSession open(MovieView view) {
      AnswerSession inner = super.open(view);
      return new AnswerSession() {
        @Override
        public GeneratedAnswer answer(AnswerRequest request, TokenListener listener) {
          if (request.history().size() > turns || request.question().equals("too long")) {
            throw new ContextExceededException("it does not fit");
          }
          return inner.answer(request, listener);
        }

        @Override
        public void close() {
          inner.close();
        }
      };
    }
  }

  private record Model(ModelDefaults defaults) implements VisionLanguageModel {
    @Override
    public String name() {
      return "model";
    }

    @Override
    public FrameEncoder openEncoder() {
      return new FakeEncoder();
    }

    @Override
    public AnswerGenerator openGenerator() {
      return new FakeGenerator(3, OptionalInt.of(20), () -> {});
    }
  }
}
