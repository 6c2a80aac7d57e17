package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.Answer;
import io.moviechat.FrameSampling;
import io.moviechat.MemoryBudget;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.SplitWatch;
import io.moviechat.TokenShape;
import io.moviechat.WatchOptions;
import io.moviechat.Watching;
import io.moviechat.recall.AlertOptions;
import io.moviechat.recall.SearchHit;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.testing.FakeEncoder;
import io.moviechat.spi.testing.FakeGenerator;
import io.moviechat.spi.testing.FakeVideo;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A chat of a model whose scorer looks at embeddings of its own. */
class EmbeddedMoviesTest {
  private static final URI FILM = FakeVideo.of(200);
  private static final int PROMPT = 20;

  /** Of half floats below 1. */
  private static final float HALF = 0x1p-11f;

  @TempDir Path folder;

  /** Finds slots by their mean grey, which is their embedding. */
  private static final class Greys implements SlotScorer {
    private final String id;
    private final TokenShape shape;

    Greys(String id, TokenShape shape) {
      this.id = id;
      this.shape = shape;
    }

    @Override
    public String name() {
      return "grey";
    }

    @Override
    public Optional<FrameEncoder> encoder() {
      return Optional.of(new FakeEncoder(id, shape, 3, frames -> {}));
    }

    @Override
    public Optional<float[]> score(String question, MemorySnapshot memory) {
      if (!memory.shape().equals(shape)) {
        throw new IllegalArgumentException("another shape: " + memory.shape());
      }
      float wanted = Integer.parseInt(question.trim()) / 255f;
      float[] relevance = new float[memory.slots().size()];
      for (int i = 0; i < relevance.length; i++) {
        float grey = memory.slots().get(i).tokens().get(0);
        relevance[i] = Math.abs(grey - wanted) < 0.1f / 255 ? 1 : 0;
      }
      return Optional.of(relevance);
    }

    @Override
    public void close() {}
  }

  private static Greys greys() {
    return new Greys("greys", new TokenShape(1, 1));
  }

  private static MovieChat.Builder builder(SlotScorer... scorers) {
    return MovieChat.builder()
        .encoder(new FakeEncoder())
        .generator(new FakeGenerator(3, OptionalInt.of(PROMPT + 5), () -> {}))
        .breakpointFrames(4)
        .video(new FakeVideo())
        .sampling(FrameSampling.everyFrame())
        .memory(MemoryStrategies.moviechatStartEmpty().longTermSlots(100).build())
        .recall(scorers);
  }

  /** A grey that one slot alone has, which is a frame of its own. */
  private static int findable(MemorySnapshot memory) {
    return memory.slots().stream()
        .filter(slot -> slot.frames() == 1)
        .map(slot -> Math.round(255 * slot.tokens().get(0)))
        .filter(
            grey ->
                memory.slots().stream()
                        .filter(slot -> Math.abs(255 * slot.tokens().get(0) - grey) < 0.2f)
                        .count()
                    == 1)
        .findFirst()
        .orElseThrow();
  }

  private static void assertEmbedded(MemorySnapshot memory, float error) {
    assertThat(memory.embeddings().orElseThrow().slots()).hasSameSizeAs(memory.slots());
    for (MemorySlot slot : memory.slots()) {
      assertThat(slot.embedding().orElseThrow().get(0))
          .isCloseTo(slot.tokens().get(0), within(error));
    }
  }

  @Test
  void aQuestionIsGivenWhatThePicturesOfTheScorerSay() {
    try (MovieChat chat = builder(greys()).build();
        Movie movie = chat.watch(FILM)) {
      MemorySnapshot memory = movie.memory().snapshot();
      assertEmbedded(memory, 1e-5f);
      assertThat(memory.slots().size()).isGreaterThan(PROMPT);
      int grey = findable(memory);

      Answer answer = movie.ask(String.valueOf(grey));
      List<SearchHit> hits = movie.search(String.valueOf(grey), 3);

      assertThat(answer.recallProblem()).isEmpty();
      assertThat(answer.consolidatedSlots()).isPositive();
      assertThat(answer.evidence())
          .filteredOn(evidence -> evidence.reason().isPresent())
          .singleElement()
          .satisfies(
              evidence -> {
                assertThat(evidence.reason()).contains("grey");
                assertThat(evidence.frames()).isEqualTo(1);
                assertThat(evidence.start()).isEqualTo(hits.get(0).start());
              });
      assertThat(hits).hasSize(1);
    }
  }

  @Test
  void breakpointsHaveThemToo() {
    Duration moment = FakeVideo.time(120);
    WatchOptions options = WatchOptions.DEFAULT.withBreakpoints(List.of(moment));
    try (MovieChat chat = builder(greys()).build();
        Movie movie = chat.watch(FILM, options)) {
      Answer answer = movie.at(moment).ask("1000");
      assertThat(answer.recallProblem()).isEmpty();
      assertThat(answer.consolidatedSlots()).isPositive();
      assertThat(movie.at(FakeVideo.time(150)).ask("1000").recallProblem()).isEmpty();
    }
  }

  @Test
  void aFileKeepsThemAndWatchingGoesOn() {
    Path file = folder.resolve("a.memory");
    try (MovieChat chat = builder(greys()).build()) {
      try (Movie movie = chat.watch(FakeVideo.of(100))) {
        movie.memory().save(file);
      }
      try (Movie movie = chat.open(file)) {
        assertEmbedded(movie.memory().snapshot(), HALF);
        assertThat(movie.ask("1000").recallProblem()).isEmpty();
      }
      try (Movie movie = chat.resume(file, FILM, WatchOptions.DEFAULT)) {
        assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(200);
        assertEmbedded(movie.memory().snapshot(), HALF);
        movie.memory().save(file);
      }
      try (Movie movie = chat.open(file)) {
        assertEmbedded(movie.memory().snapshot(), HALF);
      }
    }
  }

  @Test
  void aMemoryWithoutThemIsAnsweredFromWithANote() {
    Path file = folder.resolve("a.memory");
    try (MovieChat chat = builder(times()).build();
        Movie movie = chat.watch(FakeVideo.of(100))) {
      movie.memory().save(file);
      assertThat(movie.memory().snapshot().embeddings()).isEmpty();
    }
    try (MovieChat chat = builder(greys()).build()) {
      try (Movie movie = chat.open(file)) {
        assertWithout(movie);
      }
      try (Movie movie = chat.resume(file, FILM, WatchOptions.DEFAULT)) {
        assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(200);
        assertWithout(movie);
      }
    }
  }

  @Test
  void soIsOneWithThoseOfAnotherScorer() {
    Path file = folder.resolve("a.memory");
    try (MovieChat chat = builder(greys()).build();
        Movie movie = chat.watch(FakeVideo.of(100))) {
      movie.memory().save(file);
    }
    for (Greys other :
        List.of(
            new Greys("other weights", new TokenShape(1, 1)),
            new Greys("another size", new TokenShape(1, 2)))) {
      try (MovieChat chat = builder(other).build()) {
        try (Movie movie = chat.open(file)) {
          assertWithout(movie);
        }
        try (Movie movie = chat.resume(file, FILM, WatchOptions.DEFAULT)) {
          assertWithout(movie);
        }
      }
    }
    try (MovieChat chat = builder(times()).build();
        Movie movie = chat.open(file)) {
      assertThat(movie.ask("1000").recallProblem()).isEmpty();
      movie.memory().save(file);
    }
    try (MovieChat chat = builder(greys()).build();
        Movie movie = chat.open(file)) {
      assertEmbedded(movie.memory().snapshot(), HALF);
    }
  }

  private static void assertWithout(Movie movie) {
    assertThat(movie.memory().snapshot().embeddings()).isEmpty();
    Answer answer = movie.ask("120");
    assertThat(answer.text()).contains("120");
    assertThat(answer.recallProblem().orElseThrow()).contains("'grey'").contains("watch it again");
    assertThat(answer.evidence()).allMatch(evidence -> evidence.reason().isEmpty());
    assertThatThrownBy(() -> movie.search("120", 3))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'grey'");
  }

  @Test
  void aChatThatOnlySearchesOpensTheMemoryOfOneThatAnswers() {
    Path file = folder.resolve("a.memory");
    String grey;
    List<SearchHit> hits;
    try (MovieChat chat = builder(greys()).build();
        Movie movie = chat.watch(FILM)) {
      grey = String.valueOf(findable(movie.memory().snapshot()));
      hits = movie.search(grey, 3);
      movie.memory().save(file);
    }
    try (MovieChat chat = MovieChat.builder().searchOnly(greys()).video(new FakeVideo()).build();
        Movie movie = chat.open(file)) {
      assertThat(movie.memory().snapshot().shape()).isEqualTo(new TokenShape(1, 1));
      assertThat(movie.search(grey, 3))
          .extracting(SearchHit::start)
          .isEqualTo(hits.stream().map(SearchHit::start).toList());
    }
  }

  @Test
  void alertsLookAtThemWhileItIsWatched() throws Exception {
    List<Duration> found = new CopyOnWriteArrayList<>();
    int grey = FakeVideo.grey(57) & 0xff;
    WatchOptions options =
        WatchOptions.DEFAULT.when(
            String.valueOf(grey), AlertOptions.DEFAULT, alert -> found.add(alert.start()));
    try (MovieChat chat = builder(greys()).build()) {
      Watching watching = chat.start(FakeVideo.of(60), options);
      watching.join().close();
    }
    assertThat(found).contains(FakeVideo.time(57));
  }

  @Test
  void partsOfAFilmJoinWithThem() {
    try (MovieChat chat = builder(greys()).build()) {
      MemorySnapshot whole;
      try (Movie movie = chat.watch(FILM)) {
        whole = movie.memory().snapshot();
      }
      SplitWatch split = SplitWatch.plan(chat, FILM, 3);
      List<Path> files = new ArrayList<>();
      for (int part = 0; part < split.parts(); part++) {
        files.add(folder.resolve("part-" + part));
        split.watchSegment(part, files.get(part));
      }
      try (Movie movie = split.join(files)) {
        assertThat(movie.memory().snapshot()).isEqualTo(whole);
        assertThat(movie.ask("1000").recallProblem()).isEmpty();
      }
      try (MovieChat without = builder(times()).build()) {
        SplitWatch other = SplitWatch.plan(without, FILM, 3);
        assertThatThrownBy(() -> other.join(files)).hasMessageContaining("no part of this plan");
      }
    }
  }

  @Test
  void theirBytesCount() {
    MemoryBudget budget = MemoryBudget.ofBytes(1000 * (24 + 24));
    Greys wide = new Greys("greys", new TokenShape(1, 6));
    try (MovieChat plain = builder().memory(hybrid()).memoryBudget(budget).recall(times()).build();
        MovieChat embedded = builder(wide).memory(hybrid()).memoryBudget(budget).build()) {
      assertThat(plain.memoryFactory().maxSlots()).isEqualTo(2000);
      assertThat(embedded.memoryFactory().maxSlots()).isEqualTo(1000);
    }
    assertThatThrownBy(() -> builder(wide).memoryBudget(MemoryBudget.ofBytes(47)).build())
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static SlotScorer times() {
    return SlotScorer.ofTimes();
  }

  /** As large as its budget. */
  private static VideoMemory.Factory hybrid() {
    return new MovieChatMemoryProvider()
        .factory(ModelDefaults.builder().memoryStrategy("hybrid").longTermSlots(4096).build());
  }

  @Test
  void oneScorerAloneMayHaveThem() {
    assertThatThrownBy(() -> builder(greys(), greys()).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("embeddings of one scorer");
    assertThatThrownBy(() -> builder(new Greys("two", new TokenShape(2, 3))).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("one vector");
  }
}
