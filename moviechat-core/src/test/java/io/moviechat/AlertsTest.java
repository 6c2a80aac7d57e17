package io.moviechat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.ResourceStack;
import io.moviechat.recall.Alert;
import io.moviechat.recall.AlertListener;
import io.moviechat.recall.AlertOptions;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.testing.FakeEncoder;
import io.moviechat.spi.testing.FakeGenerator;
import io.moviechat.spi.testing.FakeMemory;
import io.moviechat.spi.testing.FakeVideo;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Alerts on fake videos, whose frame of index i is one grey value that tells i. */
@Timeout(60)
class AlertsTest {
  private static final int FRAMES = 200;
  private static final WatchOptions EVERY_FRAME =
      WatchOptions.DEFAULT.withSampling(FrameSampling.everyFrame());
  private static final AlertOptions QUICK =
      AlertOptions.DEFAULT.withQuiet(FakeVideo.FRAME_TIME.multipliedBy(3));

  /** What was told, in order: "+query start moment", "-query end". */
  private final List<String> told = new ArrayList<>();

  private final List<Alert> alerts = new ArrayList<>();

  private final AlertListener listener =
      new AlertListener() {
        @Override
        public void found(Alert alert) {
          told.add("+" + alert.query() + " " + index(alert.start()));
          alerts.add(alert);
        }

        @Override
        public void ended(Alert alert, Duration end) {
          told.add("-" + alert.query() + " " + index(end));
          alerts.add(alert);
        }

        @Override
        public void failed(String query, RuntimeException failure) {
          told.add("!" + query + " " + failure.getMessage());
        }
      };

  private final ClassLoader before = Thread.currentThread().getContextClassLoader();

  /** Recall needs a memory provider, which this module has none of. */
  @BeforeEach
  void aMemoryProviderIsThere() {
    URL folder = Objects.requireNonNull(AlertsTest.class.getResource("/with-memory/"));
    Thread.currentThread().setContextClassLoader(new URLClassLoader(new URL[] {folder}, before));
  }

  @AfterEach
  void nothingStaysOpen() {
    Thread.currentThread().setContextClassLoader(before);
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static long index(Duration time) {
    return time.dividedBy(FakeVideo.FRAME_TIME);
  }

  /** Scores frames by their index. */
  private record Scores(IntFunction<Float> score, boolean relative) implements SlotScorer {
    @Override
    public String name() {
      return "picture";
    }

    @Override
    public Optional<float[]> score(String question, MemorySnapshot memory) {
      return question.equals("words that nobody knows") ? Optional.empty() : values(memory);
    }

    @Override
    public Optional<float[]> fit(String question, MemorySnapshot memory) {
      return relative ? values(memory) : Optional.empty();
    }

    private Optional<float[]> values(MemorySnapshot memory) {
      float[] values = new float[memory.slots().size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = score.apply((int) index(memory.slots().get(i).start()));
      }
      return Optional.of(values);
    }

    @Override
    public void close() {}
  }

  /** The fake encoder's tokens, as a scorer's own. */
  private record OwnEncoder(SlotScorer behind, FakeEncoder pictures) implements SlotScorer {
    @Override
    public String name() {
      return behind.name();
    }

    @Override
    public Optional<FrameEncoder> encoder() {
      return Optional.of(pictures);
    }

    @Override
    public Optional<float[]> score(String question, MemorySnapshot memory) {
      return behind.score(question, memory);
    }

    @Override
    public Optional<float[]> fit(String question, MemorySnapshot memory) {
      return behind.fit(question, memory);
    }

    @Override
    public void close() {}
  }

  @MustBeClosed
  private static MovieChat chat(SlotScorer... scorers) {
    return MovieChat.builder()
        .encoder(new FakeEncoder())
        .generator(new FakeGenerator())
        .memory(FakeMemory.factory(10))
        .video(new FakeVideo())
        .breakpointFrames(3)
        .recall(scorers)
        .build();
  }

  private void watch(IntFunction<Float> score, AlertOptions options) {
    try (MovieChat chat = chat(new Scores(score, false));
        Movie movie =
            chat.watch(FakeVideo.of(FRAMES), EVERY_FRAME.when("car", options, listener))) {
      assertThat(movie.duration()).isEqualTo(FakeVideo.time(FRAMES - 1));
    }
  }

  @Test
  void whatFlickersAroundAThresholdIsToldOnce() {
    watch(i -> i < 50 || i > 60 ? 0.1f : i % 2 == 0 ? 0.8f : 0.5f, QUICK);
    assertThat(told).containsExactly("+car 50", "-car 60");
    watch(i -> i < 50 || i > 60 ? 0.1f : i % 2 == 0 ? 0.8f : 0.1f, QUICK);
    assertThat(told).hasSize(4); // gaps shorter than the quiet time
    watch(i -> i == 50 || i == 60 ? 0.8f : 0.1f, QUICK);
    assertThat(told.subList(4, 8)).containsExactly("+car 50", "-car 50", "+car 60", "-car 60");
  }

  @Test
  void anAlertShowsTheFrameThatFitsBest() {
    watch(i -> i < 50 || i > 60 ? 0f : i == 57 ? 0.99f : 0.8f, QUICK);
    assertThat(alerts.get(0).moment()).isEqualTo(FakeVideo.time(50));
    Alert last = alerts.get(1);
    assertThat(last.moment()).isEqualTo(FakeVideo.time(57));
    assertThat(last.start()).isEqualTo(FakeVideo.time(50));
    assertThat(last.score()).isCloseTo(0.99, org.assertj.core.api.Assertions.within(1e-6));
    assertThat(last.reason()).isEqualTo("picture");
    try (Frame picture = last.picture()) {
      assertThat(picture.width()).isEqualTo(8);
      assertThat(picture.rgb().get(5)).isEqualTo(FakeVideo.grey(57));
    }
    assertThat(last.picture().rgb().get(5)).isEqualTo(FakeVideo.grey(57)); // again: a new frame
  }

  @Test
  void severalFramesInARowAreAskedForWhereWanted() {
    IntFunction<Float> score = i -> i == 20 || (i >= 50 && i < 53) ? 1f : 0f;
    watch(score, QUICK.withFrames(3));
    assertThat(told).containsExactly("+car 50", "-car 52");
  }

  @Test
  void whatIsThereAtTheEndEndsWithTheFilm() {
    watch(i -> i >= 190 ? 1f : 0f, AlertOptions.DEFAULT);
    assertThat(told).containsExactly("+car 190", "-car 199");
  }

  @Test
  void aScorerThatOnlyComparesIsJudgedByTheFilm() {
    SlotScorer cosines =
        new Scores(i -> 0.2f + 0.01f * (i * 7919 % 5) + (i >= 120 && i < 130 ? 0.2f : 0f), true);
    try (MovieChat chat = chat(cosines);
        Movie movie = chat.watch(FakeVideo.of(FRAMES), EVERY_FRAME.when("car", QUICK, listener))) {
      assertThat(told).containsExactly("+car 120", "-car 129");
      assertThat(alerts.get(0).score()).isGreaterThan(0.99);
      assertThat(movie.location()).contains("fake");
    }
  }

  @Test
  void theUsualIsLearnedAndOneEventHidesNoOther() {
    RunningDistribution distribution = new RunningDistribution();
    for (int i = 0; i < RunningDistribution.WARM; i++) {
      assertThat(distribution.standing(0.3 + 0.02 * (i % 3))).isEqualTo(Double.NEGATIVE_INFINITY);
    }
    for (int event = 0; event < 5; event++) {
      assertThat(distribution.standing(0.6)).isGreaterThan(8);
      for (int i = 0; i < 30; i++) {
        assertThat(Math.abs(distribution.standing(0.3 + 0.02 * (i % 3)))).isLessThan(2);
      }
    }
    for (int i = 0; i < 1000; i++) {
      distribution.standing(0.6);
    }
    assertThat(distribution.standing(0.6)).isLessThan(1); // what stays becomes the usual
  }

  @Test
  void aStillPictureIsNoMeasureOfChange() {
    RunningDistribution distribution = new RunningDistribution();
    for (int i = 0; i < 100; i++) {
      distribution.standing(0.25);
    }
    assertThat(distribution.standing(0.255)).isLessThan(2);
  }

  @Test
  void severalAreLookedForAtOnceAndFrameByFrameOfASlowStream() {
    List<Integer> batches = new ArrayList<>();
    FakeEncoder encoder =
        new FakeEncoder(new TokenShape(2, 3), 4, frames -> batches.add(frames.size()));
    SlotScorer pictures = new OwnEncoder(new Scores(i -> i % 100 == 50 ? 1f : 0f, false), encoder);
    try (MovieChat chat =
            MovieChat.builder()
                .searchOnly(pictures)
                .video(new FakeVideo())
                .memory(FakeMemory.factory(10))
                .build();
        Movie movie =
            chat.watch(
                FakeVideo.of(FRAMES),
                WatchOptions.DEFAULT
                    .withSampling(FrameSampling.every(Duration.ofSeconds(1)))
                    .when("car", QUICK, listener)
                    .when("dog", QUICK, listener))) {
      assertThat(told)
          .containsExactly(
              "+car 50",
              "+dog 50",
              "-car 50",
              "-dog 50",
              "+car 150",
              "+dog 150",
              "-car 150",
              "-dog 150");
      assertThat(batches).startsWith(2, 1, 1, 1);
      assertThat(movie.search("car", 3)).isNotNull();
      assertThatThrownBy(() -> movie.ask("What is there?"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("only searches");
    }
  }

  @Test
  void whileWatchingOneCanAskToBeToldAndNoMore() throws Exception {
    CountDownLatch registered = new CountDownLatch(1);
    FakeVideo video =
        new FakeVideo(
            index -> {
              if (index == 100) {
                await(registered);
              }
            });
    try (MovieChat chat =
        MovieChat.builder()
            .encoder(new FakeEncoder())
            .generator(new FakeGenerator())
            .memory(FakeMemory.factory(10))
            .video(video)
            .recall(new Scores(i -> i == 50 || i == 150 ? 1f : 0f, false))
            .build()) {
      CountDownLatch watched = new CountDownLatch(60);
      Watching watching =
          chat.start(
              FakeVideo.of(FRAMES),
              EVERY_FRAME.onProgress(progress -> watched.countDown(), Duration.ZERO));
      watched.await();
      watching.when("car", QUICK, listener);
      watching.when("dog", QUICK, listener).run();
      registered.countDown();
      try (Movie movie = watching.join()) {
        assertThat(told).containsExactly("+car 150", "-car 150");
        assertThat(movie.duration()).isEqualTo(FakeVideo.time(FRAMES - 1));
      }
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void whoeverFailsEndsItsAlertAndNotTheFilm() {
    SlotScorer throwing =
        new Scores(
            i -> {
              throw new InferenceException("broken at " + i);
            },
            false);
    SlotScorer nan = new Scores(i -> Float.NaN, false);
    for (SlotScorer scorer : List.of(throwing, nan)) {
      told.clear();
      try (MovieChat chat = chat(scorer);
          Movie movie =
              chat.watch(FakeVideo.of(FRAMES), EVERY_FRAME.when("car", QUICK, listener))) {
        assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(FRAMES);
        assertThat(told).hasSize(1);
        assertThat(told.get(0)).startsWith("!car ").containsAnyOf("broken at 0", "NaN");
      }
    }
  }

  @Test
  void wordsThatNobodyKnowsAreToldOf() {
    try (MovieChat chat = chat(new Scores(i -> 0f, false));
        Movie movie =
            chat.watch(
                FakeVideo.of(FRAMES),
                EVERY_FRAME.when("words that nobody knows", QUICK, listener))) {
      assertThat(told).hasSize(1);
      assertThat(told.get(0)).contains("no scorer knows anything");
      assertThat(movie.reusedFrames()).isZero();
    }
  }

  @Test
  void aListenerThatFailsIsNotCalledAgainAndOneThatCancelsCancels() {
    List<String> calls = new ArrayList<>();
    try (MovieChat chat = chat(new Scores(i -> i % 20 == 5 ? 1f : 0f, false));
        ResourceStack opened = new ResourceStack()) {
      AlertListener fails =
          alert -> {
            calls.add("fails");
            throw new IllegalArgumentException("on purpose");
          };
      opened.open(() -> chat.watch(FakeVideo.of(FRAMES), EVERY_FRAME.when("car", QUICK, fails)));
      assertThat(calls.size()).isBetween(1, 2); // the next may have been found meanwhile
      AlertListener cancels =
          alert -> {
            throw new CancellationException("enough");
          };
      assertThatThrownBy(
              () -> chat.watch(FakeVideo.of(FRAMES), EVERY_FRAME.when("car", QUICK, cancels)))
          .isInstanceOf(CancellationException.class);
    }
  }

  @Test
  void whatCannotBeLookedForIsRefused() {
    assertThatThrownBy(() -> EVERY_FRAME.when(" ", QUICK, listener))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> QUICK.withThresholds(0.3, 0.5)).hasMessageContaining("0.5");
    assertThatThrownBy(() -> QUICK.withFrames(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> QUICK.withQuiet(Duration.ofSeconds(-1)))
        .isInstanceOf(IllegalArgumentException.class);
    try (MovieChat chat = chat()) {
      assertThatThrownBy(
              () -> chat.watch(FakeVideo.of(9), EVERY_FRAME.when("car", QUICK, listener)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("recall");
    }
    assertThatThrownBy(() -> MovieChat.builder().searchOnly(new Scores(i -> 0f, false)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no encoder");
  }

  /** Also when the alert comes after the picture, and another picture before it is told. */
  @Test
  void aReusedFrameShowsWhatItLooksLike() {
    FakeEncoder encoder = new FakeEncoder();
    Alerts alerts = new Alerts();
    try (FrameBatch batch =
        new FrameBatch(
            new SharedEncoder(encoder), Optional.empty(), WatchOptions.Reuse.SAFE, alerts)) {
      byte[] pixels = new byte[3 * 64 * 64];
      for (int i = 0; i < 14; i++) {
        Arrays.fill(pixels, (byte) (i == 0 ? 10 : i < 11 ? 100 : i < 13 ? 50 : 70));
        batch.add(Frame.of(FakeVideo.time(i), 64, 64, java.nio.ByteBuffer.wrap(pixels.clone())));
        if (i == 5) {
          batch.encode();
          Runnable unused =
              alerts.add(
                  Alerts.Wish.of("car", QUICK, listener),
                  List.of(new Scores(at -> at == 9 ? 1f : 0f, false)));
        }
      }
      batch.encode();
      alerts.end();
    }
    assertThat(told).containsExactly("+car 9", "-car 9");
    assertThat(alerts(0).picture().rgb().get(0)).isEqualTo((byte) 100);
  }

  private Alert alerts(int index) {
    return alerts.get(index);
  }
}
