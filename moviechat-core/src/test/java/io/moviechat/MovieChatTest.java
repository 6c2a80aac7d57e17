package io.moviechat;

import static io.moviechat.Fakes.fakes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.spi.testing.FakeEncoder;
import io.moviechat.spi.testing.FakeGenerator;
import io.moviechat.spi.testing.FakeMemory;
import io.moviechat.spi.testing.FakeVideo;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class MovieChatTest {
  private static final WatchOptions EVERY_FRAME =
      WatchOptions.DEFAULT.withSampling(FrameSampling.everyFrame());

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  /** Sees pictures: any tokens will do. */
  private record SeesPictures(AnswerGenerator behind) implements AnswerGenerator {
    @Override
    public String id() {
      return behind.id();
    }

    @Override
    public OptionalInt tokenWidth() {
      return OptionalInt.empty();
    }

    @Override
    public OptionalInt maxSlots(TokenShape shape) {
      return OptionalInt.empty();
    }

    @Override
    public AnswerSession open(MovieView view) {
      return behind.open(view);
    }

    @Override
    public void close() {
      behind.close();
    }
  }

  @Test
  void aGeneratorThatSeesPicturesNeedsNoEncoder() {
    try (MovieChat chat =
            MovieChat.builder()
                .generator(new SeesPictures(new FakeGenerator(4, OptionalInt.empty(), () -> {})))
                .memory(FakeMemory.factory(10))
                .video(new FakeVideo())
                .build();
        Movie movie = chat.watch(FakeVideo.of(30), EVERY_FRAME)) {
      assertThat(chat.tokenShape()).isEqualTo(new ColorPatchEncoder().shape());
      assertThat(movie.ask("What?").text()).isNotBlank();
    }
  }

  @Test
  void asksAboutTheWholeMovie() {
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(100), EVERY_FRAME)) {
      Answer answer = movie.ask("Who is it?");
      assertThat(answer.text()).isEqualTo("10 slots 100 frames global 0 turns Who is it?");
      assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(answer.evidence()).hasSize(10);
      assertThat(answer.evidence().stream().mapToLong(Answer.Evidence::frames).sum())
          .isEqualTo(100);
      assertThat(answer.evidence().get(0).start()).isZero();
      assertThat(movie.duration()).isEqualTo(FakeVideo.time(99));
      assertThat(movie.timings().wall()).isPositive();
    }
  }

  @Test
  void onlyAConversationRemembersItsTurns() {
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(30), EVERY_FRAME)) {
      movie.ask("First?");
      assertThat(movie.ask("Second?").text()).contains("0 turns");
      assertThat(movie.at(FakeVideo.time(9)).ask("Third?").text()).contains("0 turns");
      try (Conversation conversation = movie.conversation();
          Conversation other = movie.conversation()) {
        conversation.ask("One?");
        assertThat(other.ask("Elsewhere?").text()).contains("0 turns");
        assertThat(conversation.history())
            .extracting(Conversation.Turn::question)
            .containsExactly("One?");
      }
    }
  }

  @Test
  void aConversationGoesOnAfterTurnsThatTheCallerKept() {
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(30), EVERY_FRAME)) {
      List<Conversation.Turn> earlier = List.of(new Conversation.Turn("One?", "A fish."));
      try (Conversation whole = movie.conversation(earlier);
          Conversation moment = movie.at(FakeVideo.time(9)).conversation(earlier)) {
        assertThat(whole.ask("Two?").text()).contains("1 turns");
        assertThat(moment.ask("Two?").text()).contains("1 turns");
        assertThat(whole.history())
            .extracting(Conversation.Turn::question)
            .containsExactly("One?", "Two?");
      }
    }
  }

  @Test
  void samplesOneFramePerSecondUnlessToldOtherwise() {
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(200), WatchOptions.DEFAULT)) {
      assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(8);
    }
  }

  @Test
  void aBreakpointKnowsThePastTheFramesBeforeItAndTheFrameOnScreen() {
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(100), EVERY_FRAME)) {
      Moment moment = movie.at(FakeVideo.time(50).plusMillis(3));
      List<MemorySlot> slots = moment.memory().slots();
      MemorySlot current = slots.get(slots.size() - 1);
      assertThat(current.tier()).isEqualTo(MemorySlot.Tier.CURRENT);
      assertThat(current.start()).isEqualTo(FakeVideo.time(50));
      assertThat(current.tokens().get(0)).isEqualTo(token(50));
      List<MemorySlot> recent =
          slots.stream().filter(slot -> slot.tier() == MemorySlot.Tier.SHORT_TERM).toList();
      assertThat(recent).hasSizeBetween(1, 3);
      for (int i = 0; i < recent.size(); i++) {
        int frame = 50 - recent.size() + i;
        assertThat(recent.get(i).start()).isEqualTo(FakeVideo.time(frame));
        assertThat(recent.get(i).tokens().get(0)).isEqualTo(token(frame));
      }
      assertThat(slots).allMatch(slot -> slot.end().compareTo(FakeVideo.time(51)) <= 0);
      assertThat(moment.ask("Now?").text()).contains(moment.time().toString());
    }
  }

  private static float token(int frame) {
    return (FakeVideo.grey(frame) & 0xff) / 255f;
  }

  @Test
  void aBreakpointAskedForBeforehandForgetsNothingBeforeIt() {
    Duration moment = FakeVideo.time(50);
    WatchOptions options = EVERY_FRAME.withBreakpoints(List.of(moment, Duration.ofHours(9)));
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(100), options)) {
      Moment there = movie.at(moment);
      List<MemorySlot> slots = there.memory().slots();
      long past =
          slots.stream()
              .filter(slot -> slot.tier() == MemorySlot.Tier.LONG_TERM)
              .mapToLong(MemorySlot::frames)
              .sum();
      assertThat(past).isEqualTo(50); // frames 0 to 49; frame 50 is the current one
      assertThat(slots.get(slots.size() - 1).tier()).isEqualTo(MemorySlot.Tier.CURRENT);
    }
  }

  @Test
  void breakpointsAtBothEndsOfTheMovieWork() {
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(100), EVERY_FRAME)) {
      assertThat(movie.at(Duration.ZERO).memory().slots()).hasSize(1);
      // all, and the current one again
      assertThat(movie.at(movie.duration()).memory().framesSeen()).isEqualTo(101);
    }
  }

  @Test
  void aBreakpointAfterTheLastSampledFrameSeesTheFrameOnScreen() {
    WatchOptions sparse = WatchOptions.DEFAULT.withSampling(FrameSampling.uniform(4));
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(100), sparse)) {
      Moment moment = movie.at(FakeVideo.time(99));
      assertThat(movie.duration()).isLessThan(FakeVideo.time(99));
      List<MemorySlot> slots = moment.memory().slots();
      MemorySlot current = slots.get(slots.size() - 1);
      assertThat(current.tier()).isEqualTo(MemorySlot.Tier.CURRENT);
      assertThat(current.tokens().get(0)).isEqualTo(token(99));
    }
  }

  @Test
  void aBreakpointOutsideTheMovieIsRefusedWithTheNumbers() {
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(100), EVERY_FRAME)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> movie.at(Duration.ofMinutes(5)))
          .withMessageContaining("PT5M")
          .withMessageContaining("PT4S")
          .withMessageContaining("fake:video");
      assertThatIllegalArgumentException().isThrownBy(() -> movie.at(Duration.ofMillis(-1)));
    }
  }

  @Test
  void breakpointsCostTheSameAtAnyPlace() {
    AtomicInteger decoded = new AtomicInteger();
    try (MovieChat chat = fakes().video(new FakeVideo(i -> decoded.incrementAndGet())).build();
        Movie movie = chat.watch(FakeVideo.of(5_000), EVERY_FRAME)) {
      decoded.set(0);
      assertThat(movie.at(FakeVideo.time(4_900)).memory().slots()).isNotEmpty();
      assertThat(decoded.get()).isLessThanOrEqualTo(2 * 3 + 2);
    }
  }

  @Test
  void anEmptyQuestionIsRefused() {
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(10), EVERY_FRAME)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> movie.ask("  "))
          .withMessageContaining("question is empty");
    }
  }

  @Test
  void streamsTheAnswer() {
    List<String> pieces = new ArrayList<>();
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(10), EVERY_FRAME)) {
      Answer answer = movie.ask("And why?", pieces::add);
      assertThat(String.join("", pieces)).isEqualTo(answer.text());
      assertThat(pieces).hasSizeGreaterThan(1);
    }
  }

  @Test
  void anAnswerIsCancelledWithinOneToken() throws Exception {
    CountDownLatch secondToken = new CountDownLatch(1);
    CountDownLatch cancelled = new CountDownLatch(1);
    AtomicInteger tokens = new AtomicInteger();
    Runnable onToken =
        () -> {
          if (tokens.incrementAndGet() == 2) {
            secondToken.countDown();
            await(cancelled);
          }
        };
    try (MovieChat chat =
            fakes().generator(new FakeGenerator(3, OptionalInt.empty(), onToken)).build();
        Movie movie = chat.watch(FakeVideo.of(10), EVERY_FRAME)) {
      Asking asking = movie.start(Question.of("a b c d e f"), TokenListener.NONE);
      secondToken.await();
      asking.cancel();
      cancelled.countDown();
      Answer answer = asking.join();
      assertThat(answer.finishReason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(tokens.get()).isEqualTo(2);
      assertThat(asking.isDone()).isTrue();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void watchingIsCancelledWithinOneFrame() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    AtomicInteger decoded = new AtomicInteger();
    FakeVideo slow =
        new FakeVideo(
            index -> {
              decoded.incrementAndGet();
              begun.countDown();
              pause(2);
            });
    try (MovieChat chat = fakes().video(slow).build()) {
      Watching watching = chat.start(FakeVideo.of(100_000), EVERY_FRAME);
      begun.await();
      watching.cancel();
      assertThatExceptionOfType(CancellationException.class).isThrownBy(watching::join);
      int atCancel = decoded.get();
      pause(30);
      assertThat(decoded.get()).isEqualTo(atCancel);
      assertThat(watching.stage().toCompletableFuture()).isCompletedExceptionally();
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void stoppingKeepsWhatWasWatched() {
    CountDownLatch enough = new CountDownLatch(20);
    FakeVideo endless = new FakeVideo(index -> pause(1));
    try (MovieChat chat = fakes().video(endless).build()) {
      Watching watching =
          chat.start(
              FakeVideo.of(1_000_000),
              EVERY_FRAME.onProgress(progress -> enough.countDown(), Duration.ZERO));
      await(enough);
      watching.stop();
      try (Movie movie = watching.join()) {
        assertThat(movie.memory().snapshot().framesSeen()).isBetween(20L, 100_000L);
        assertThat(movie.ask("So far?").text()).contains("slots");
      }
    }
  }

  @Test
  void aTimeoutEndsWatchingAndSaysHowFarItCame() {
    FakeVideo slow = new FakeVideo(index -> pause(5));
    try (MovieChat chat = fakes().video(slow).build()) {
      assertThatExceptionOfType(VideoException.class)
          .isThrownBy(
              () ->
                  chat.watch(
                      FakeVideo.of(100_000), EVERY_FRAME.withTimeout(Duration.ofMillis(200))))
          .withMessageContaining("PT0.2S");
    }
  }

  @Test
  void theFirstFailureIsThrownAsItWas() {
    FakeVideo broken =
        new FakeVideo(
            index -> {
              if (index == 30) {
                throw new VideoException("frame 30 is broken");
              }
            });
    try (MovieChat chat = fakes().video(broken).build()) {
      assertThatExceptionOfType(VideoException.class)
          .isThrownBy(() -> chat.watch(FakeVideo.of(100), EVERY_FRAME))
          .withMessage("frame 30 is broken");
    }
    FakeEncoder failing =
        new FakeEncoder(
            new TokenShape(2, 3),
            4,
            frames -> {
              throw new InferenceException("no");
            });
    try (MovieChat chat = fakes().encoder(failing).build()) {
      Watching watching = chat.start(FakeVideo.of(100), EVERY_FRAME);
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(watching::join)
          .withMessage("no");
    }
  }

  @Test
  void aFailingListenerDoesNotEndThePassUnlessItCancels() {
    AtomicInteger heard = new AtomicInteger();
    try (MovieChat chat = fakes().build();
        Movie movie =
            chat.watch(
                FakeVideo.of(100),
                EVERY_FRAME.onProgress(
                    progress -> {
                      heard.incrementAndGet();
                      throw new ArithmeticException("listener");
                    },
                    Duration.ZERO))) {
      assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(100);
      assertThat(heard.get()).isEqualTo(1);
      assertThatExceptionOfType(CancellationException.class)
          .isThrownBy(
              () ->
                  chat.watch(
                      FakeVideo.of(100),
                      EVERY_FRAME.onProgress(
                          progress -> {
                            throw new CancellationException("enough");
                          })))
          .withMessage("enough");
    }
  }

  @Test
  void moviesOfOneChatDoNotInfluenceEachOther() {
    try (MovieChat chat = fakes().build()) {
      List<String> alone = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        alone.add(watchAndAsk(chat, i));
      }
      List<CompletableFuture<String>> together = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        int n = i;
        together.add(CompletableFuture.supplyAsync(() -> watchAndAsk(chat, n)));
      }
      assertThat(together.stream().map(CompletableFuture::join).toList()).isEqualTo(alone);
    }
  }

  private static String watchAndAsk(MovieChat chat, int i) {
    try (Movie movie = chat.watch(FakeVideo.of(20 + 7 * i), EVERY_FRAME)) {
      return movie.ask("Movie " + i + "?").text() + movie.memory().snapshot().slots();
    }
  }

  @Test
  void theModelsContextLimitsTheMemory() {
    FakeGenerator small = new FakeGenerator(3, OptionalInt.of(9), () -> {});
    try (MovieChat chat = fakes().generator(small).build();
        Movie movie = chat.watch(FakeVideo.of(100), EVERY_FRAME)) {
      assertThat(chat.memoryFactory().maxSlots()).isEqualTo(5); // 9 less 3 frames and the current
      assertThat(movie.at(movie.duration()).memory().slots()).hasSizeLessThanOrEqualTo(9);
    }
    FakeGenerator tooSmall = new FakeGenerator(3, OptionalInt.of(4), () -> {});
    assertThatIllegalArgumentException()
        .isThrownBy(() -> fakes().generator(tooSmall).build())
        .withMessageContaining("4 memory slots");
  }

  @Test
  void widthsThatDifferAreRefusedWithBothNumbers() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> fakes().generator(new FakeGenerator(7, OptionalInt.empty(), () -> {})).build())
        .withMessageContaining("width 3")
        .withMessageContaining("width 7");
  }

  @Test
  void aBuilderWithoutAModelSaysWhatToAdd() {
    assertThatIllegalStateException()
        .isThrownBy(() -> MovieChat.builder().build())
        .withMessageContaining("moviechat-tiny-model");
    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                MovieChat.builder()
                    .encoder(new FakeEncoder())
                    .generator(new FakeGenerator())
                    .build())
        .withMessageContaining("moviechat-memory");
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void whatBuildOpenedIsClosedWhenItFailsAndWhenTheChatCloses() {
    AtomicInteger closed = new AtomicInteger();
    VisionLanguageModel model =
        new VisionLanguageModel() {
          @Override
          public String name() {
            return "counted";
          }

          @Override
          public FrameEncoder openEncoder() {
            return Counted.encoder(closed);
          }

          @Override
          public AnswerGenerator openGenerator() {
            return Counted.generator(closed, closed.get() >= 100 ? 8 : 3);
          }

          @Override
          public ModelDefaults defaults() {
            return ModelDefaults.NONE;
          }
        };
    MovieChat.Builder builder =
        MovieChat.builder().model(model).memory(FakeMemory.factory(4)).video(new FakeVideo());
    MovieChat chat = builder.build();
    assertThat(chat.model()).isEqualTo("counted");
    chat.close();
    chat.close();
    assertThat(closed.get()).isEqualTo(2);
    closed.set(100);
    assertThatIllegalArgumentException().isThrownBy(builder::build);
    assertThat(closed.get()).isEqualTo(102);
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void aClosedChatRefusesAndHasClosedItsMovies() {
    MovieChat chat = fakes().build();
    Movie movie = chat.watch(FakeVideo.of(10), EVERY_FRAME);
    Conversation conversation = movie.conversation();
    conversation.ask("Before?");
    chat.close();
    assertThatIllegalStateException().isThrownBy(() -> movie.ask("After?"));
    assertThatIllegalStateException().isThrownBy(() -> conversation.ask("After?"));
    assertThatIllegalStateException().isThrownBy(() -> chat.watch(FakeVideo.of(10), EVERY_FRAME));
    assertThatIllegalStateException().isThrownBy(() -> chat.start(FakeVideo.of(10), EVERY_FRAME));
    movie.close();
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void closingTheChatEndsARunningPass() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    FakeVideo slow =
        new FakeVideo(
            index -> {
              begun.countDown();
              pause(1);
            });
    MovieChat chat = fakes().video(slow).build();
    Watching watching = chat.start(FakeVideo.of(1_000_000), EVERY_FRAME);
    begun.await();
    chat.close();
    assertThatExceptionOfType(CancellationException.class).isThrownBy(watching::join);
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void closingWaitsForAPassOnAnotherUsersThread() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    AtomicInteger encodedAfterClose = new AtomicInteger();
    java.util.concurrent.atomic.AtomicBoolean closed =
        new java.util.concurrent.atomic.AtomicBoolean();
    FakeEncoder slow =
        new FakeEncoder(
            new TokenShape(2, 3),
            4,
            frames -> {
              begun.countDown();
              pause(20);
              encodedAfterClose.addAndGet(closed.get() ? 1 : 0);
            });
    MovieChat chat = fakes().encoder(slow).build();
    CompletableFuture<Movie> watching =
        CompletableFuture.supplyAsync(() -> chat.watch(FakeVideo.of(1_000_000), EVERY_FRAME));
    begun.await();
    chat.close();
    closed.set(true);
    pause(60);
    assertThat(encodedAfterClose.get()).isZero();
    assertThat(watching).isCompletedExceptionally();
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void aListenerCannotCloseWhatCalledIt() {
    MovieChat chat = fakes().build();
    Movie first = chat.watch(FakeVideo.of(10), EVERY_FRAME);
    assertThatIllegalStateException()
        .isThrownBy(() -> first.ask("a b c", text -> first.close()))
        .withMessageContaining("listener");
    chat.close();
    MovieChat other = fakes().build();
    List<IllegalStateException> refused = new ArrayList<>();
    Consumer<Watching.Progress> closing =
        progress -> {
          try {
            other.close();
          } catch (IllegalStateException e) {
            refused.add(e);
          }
        };
    other.watch(FakeVideo.of(10), EVERY_FRAME.onProgress(closing)).close();
    assertThat(refused).isNotEmpty();
    assertThat(refused.get(0)).hasMessageContaining("listener");
    try (Movie still = other.watch(FakeVideo.of(10), EVERY_FRAME)) {
      assertThat(still.ask("Why?").text()).contains("Why?");
    }
    other.close();
  }

  @Test
  void anAddressThatNobodyKnowsIsAnsweredWithTheSourcesThereAre() {
    try (MovieChat chat = fakes().build()) {
      assertThatExceptionOfType(VideoException.class)
          .isThrownBy(() -> chat.watch(URI.create("gopher:x"), EVERY_FRAME))
          .withMessageContaining("gopher:x")
          .withMessageContaining("[fake]");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> chat.watch(URI.create("movie.mp4"), EVERY_FRAME))
          .withMessageContaining("no scheme");
    }
  }

  @Test
  void aVideoWithoutFramesIsRefused() {
    try (MovieChat chat = fakes().build()) {
      assertThatExceptionOfType(VideoException.class)
          .isThrownBy(() -> chat.watch(FakeVideo.of(0), EVERY_FRAME))
          .withMessageContaining("no frame");
    }
  }

  @Test
  void neverReadsFarAhead() {
    AtomicInteger decoded = new AtomicInteger();
    AtomicInteger remembered = new AtomicInteger();
    AtomicInteger farthest = new AtomicInteger();
    VideoSourceProvider counting = new FakeVideo(index -> decoded.incrementAndGet());
    try (MovieChat chat = fakes().video(counting).build();
        Movie movie =
            chat.watch(
                FakeVideo.of(400),
                EVERY_FRAME.onProgress(
                    progress -> {
                      pause(1);
                      int ahead = decoded.get() - remembered.incrementAndGet();
                      farthest.accumulateAndGet(ahead, Math::max);
                    },
                    Duration.ZERO))) {
      // Queue of frames (64, since they are small), batch being made (4), handed over (4 + 2 x 4),
      // being added (4), one
      // decoded and not yet queued.
      assertThat(farthest.get()).isLessThanOrEqualTo(64 + 4 + 4 + 8 + 4 + 1);
      assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(400);
    }
  }

  /** Fakes that count how often they are closed. */
  private static final class Counted {
    private Counted() {}

    static FrameEncoder encoder(AtomicInteger closed) {
      FakeEncoder encoder = new FakeEncoder();
      return new FrameEncoder() {
        @Override
        public String id() {
          return encoder.id();
        }

        @Override
        public TokenShape shape() {
          return encoder.shape();
        }

        @Override
        public FrameFormat preferredFormat() {
          return encoder.preferredFormat();
        }

        @Override
        public int preferredBatch() {
          return encoder.preferredBatch();
        }

        @Override
        public List<FrameTokens> encode(List<Frame> frames) {
          return encoder.encode(frames);
        }

        @Override
        public void close() {
          closed.incrementAndGet();
        }
      };
    }

    static AnswerGenerator generator(AtomicInteger closed, int width) {
      FakeGenerator generator = new FakeGenerator(width, OptionalInt.empty(), () -> {});
      return new AnswerGenerator() {
        @Override
        public String id() {
          return generator.id();
        }

        @Override
        public OptionalInt tokenWidth() {
          return generator.tokenWidth();
        }

        @Override
        public OptionalInt maxSlots(TokenShape shape) {
          return generator.maxSlots(shape);
        }

        @Override
        public io.moviechat.spi.AnswerSession open(io.moviechat.spi.MovieView view) {
          return generator.open(view);
        }

        @Override
        public void close() {
          closed.incrementAndGet();
        }
      };
    }
  }
}
