package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.VideoException;
import io.moviechat.library.Film;
import io.moviechat.library.Film.State;
import io.moviechat.library.MovieLibrary;
import io.moviechat.spi.testing.FakeEncoder;
import io.moviechat.spi.testing.FakeGenerator;
import io.moviechat.spi.testing.FakeVideo;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The library of moviechat-core over real memories and memory files. */
@Timeout(120)
class MovieLibraryTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final Duration EACH = FakeVideo.FRAME_TIME;

  @TempDir private Path folder;

  private final AtomicInteger decoded = new AtomicInteger();
  private final Semaphore frames = new Semaphore(1_000_000);
  private final MovieChat chat =
      MovieChat.builder()
          .encoder(new FakeEncoder())
          .generator(new FakeGenerator())
          .memory(MemoryStrategies.moviechat().build())
          .video(new FakeVideo(this::decode))
          .build();

  private void decode(int index) {
    frames.acquireUninterruptibly();
    decoded.incrementAndGet();
  }

  @AfterEach
  void close() {
    frames.release(1_000_000);
    chat.close();
  }

  private MovieLibrary.Builder library() {
    return MovieLibrary.builder(chat, folder).checkpointEvery(Duration.ZERO);
  }

  private static void until(BooleanSupplier reached) throws InterruptedException {
    for (long end = System.nanoTime() + SOON.toNanos(); !reached.getAsBoolean(); ) {
      if (System.nanoTime() > end) {
        throw new AssertionError("waited " + SOON);
      }
      Thread.sleep(5);
    }
  }

  /** Whether so much has been seen of a film; progress is told four times a second at most. */
  private static boolean hasSeen(Film film, int frame) {
    try {
      return film.<Duration>with(Movie::duration).compareTo(FakeVideo.time(frame)) >= 0;
    } catch (IllegalStateException e) {
      return false; // nothing yet
    }
  }

  private static URI video(String name, int frames) {
    return URI.create("fake:" + name + "?frames=" + frames);
  }

  private static String ask(Film film) {
    return film.with(movie -> movie.ask("What happens?").text());
  }

  @Test
  void watchesOnceHoweverOftenAndFromHoweverManyThreads() throws Exception {
    try (MovieLibrary library = library().build()) {
      ExecutorService threads = Executors.newFixedThreadPool(8);
      List<Callable<Film>> calls = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        calls.add(() -> library.watch(video("a", 60), EACH));
      }
      List<String> answers = new ArrayList<>();
      for (Future<Film> call : threads.invokeAll(calls)) {
        assertThat(call.get().await(SOON)).isTrue();
        answers.add(ask(call.get()));
      }
      threads.shutdown();
      assertThat(decoded).hasValue(60);
      assertThat(answers).hasSize(20).containsOnly(answers.get(0));
      assertThat(library.films()).hasSize(1);
    }
  }

  @Test
  void aListenerHearsBeginAndEndAndMayFail() throws Exception {
    List<State> heard = Collections.synchronizedList(new ArrayList<>());
    try (MovieLibrary library =
        library()
            .onChange(
                film -> {
                  heard.add(film.state());
                  throw new IllegalArgumentException("a listener that fails");
                })
            .build()) {
      library.watch(video("a", 20), EACH);
      until(() -> heard.size() == 2);
      assertThat(heard).containsExactly(State.WATCHING, State.READY);
      library.watch(URI.create("fake:nothing"));
      until(() -> heard.contains(State.FAILED));
    }
  }

  @Test
  void anotherSamplingIsAnotherFilm() throws Exception {
    try (MovieLibrary library = library().build()) {
      Film one = library.watch(video("a", 60), EACH);
      Film other = library.watch(video("a", 60), EACH.multipliedBy(2));
      assertThat(other.id()).isNotEqualTo(one.id());
      assertThat(one.await(SOON) && other.await(SOON)).isTrue();
      assertThat(one.frames()).isEqualTo(60);
      assertThat(other.frames()).isEqualTo(30);
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void aMemoryOfFewerSlotsIsAnotherFilmAlsoAfterARestart() throws Exception {
    frames.drainPermits();
    MovieLibrary ended = library().build();
    Film one = ended.watch(video("a", 60), Optional.of(EACH), OptionalInt.of(12));
    frames.release(40);
    until(() -> hasSeen(one, 35));
    closeInMidWatch(ended, one);
    frames.release(1_000);
    try (MovieLibrary library = library().build()) {
      Film interrupted = library.film(one.id()).orElseThrow();
      library.resume(interrupted);
      Film as = library.watch(video("a", 60), EACH);
      assertThat(as.id()).isNotEqualTo(one.id());
      assertThat(interrupted.await(SOON) && as.await(SOON)).isTrue();
      assertThat(slots(interrupted)).isLessThanOrEqualTo(12).isLessThan(slots(as));
      Film none = library.watch(video("a", 60), Optional.empty(), OptionalInt.of(1));
      assertThat(none.await(SOON)).isTrue();
      assertThat(none.failure().orElseThrow()).hasMessageContaining("at least");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> library.watch(video("a", 60), Optional.empty(), OptionalInt.of(0)));
    }
  }

  private void closeInMidWatch(MovieLibrary library, Film film) throws InterruptedException {
    Thread closing = new Thread(library::close);
    closing.start();
    until(
        () -> {
          frames.release(1); // a decoder that is between two frames
          return film.state() != State.WATCHING;
        });
    closing.join();
    assertThat(film.state()).isEqualTo(State.INTERRUPTED);
  }

  private static int slots(Film film) {
    return film.with(movie -> movie.memory().snapshot().slots().size());
  }

  @Test
  void aReopenedLibraryAnswersTheSameWithoutDecoding() throws Exception {
    String before;
    try (MovieLibrary library = library().build()) {
      Film film = library.watch(video("a", 60), EACH);
      film.await(SOON);
      film.rename("Tea at noon");
      before = ask(film);
    }
    decoded.set(0);
    try (MovieLibrary library = library().build()) {
      Film film = library.films().get(0);
      assertThat(film.state()).isEqualTo(State.READY);
      assertThat(film.title()).isEqualTo("Tea at noon");
      assertThat(film.watchedTo()).isEqualTo(FakeVideo.time(59));
      assertThat(ask(film)).isEqualTo(before);
      assertThat(library.watch(video("a", 60), EACH)).isSameAs(film);
      assertThat(decoded).hasValue(0);
    }
  }

  @Test
  void anotherLibraryOnTheSameFolderFindsWhatThisOneWatched() throws Exception {
    try (MovieLibrary one = library().build();
        MovieLibrary other = library().build()) {
      Film film = one.watch(video("a", 20), EACH);
      film.await(SOON);
      Film seen = other.film(film.id()).orElseThrow();
      assertThat(ask(seen)).isEqualTo(ask(film));
    }
  }

  @Test
  void answersWhileWatchingFromWhatWasSeen() throws Exception {
    frames.drainPermits();
    try (MovieLibrary library = library().build()) {
      Film film = library.watch(video("a", 60), EACH);
      frames.release(40);
      until(() -> hasSeen(film, 35));
      assertThat(film.state()).isEqualTo(State.WATCHING);
      Duration seen = film.with(Movie::duration);
      assertThat(seen).isBetween(FakeVideo.time(35), FakeVideo.time(39));
      assertThat(film.watchedTo()).isLessThanOrEqualTo(FakeVideo.time(39));
      assertThat(film.duration()).contains(FakeVideo.time(60));
      assertThat(ask(film)).isNotBlank();
      frames.release(20);
      assertThat(film.await(SOON)).isTrue();
      assertThat(film.<Duration>with(Movie::duration)).isEqualTo(FakeVideo.time(59));
    }
  }

  @Test
  void oneFilmIsWatchedAtATimeAndOthersWaitInOrder() throws Exception {
    frames.drainPermits();
    try (MovieLibrary library = library().maxWaiting(2).build()) {
      Film first = library.watch(video("a", 8), EACH);
      until(() -> first.state() == State.WATCHING);
      Film second = library.watch(video("b", 8), EACH);
      Film third = library.watch(video("c", 8), EACH);
      assertThat(library.waitingBefore(second)).isZero();
      assertThat(library.waitingBefore(third)).isOne();
      assertThat(third.state()).isEqualTo(State.WAITING);
      assertThatIllegalStateException()
          .isThrownBy(() -> ask(third))
          .withMessageContaining("waiting");
      assertThatIllegalStateException()
          .isThrownBy(() -> library.watch(video("d", 8), EACH))
          .withMessageContaining("2 films are waiting");
      second.cancel();
      frames.release(16);
      assertThat(third.await(SOON) && second.await(SOON)).isTrue();
      assertThat(third.state()).isEqualTo(State.READY);
      assertThat(second.state()).isEqualTo(State.FORGOTTEN);
      assertThat(library.film(second.id())).isEmpty();
    }
  }

  @Test
  void stopKeepsWhatWasSeenAndCancelKeepsNothing() throws Exception {
    frames.drainPermits();
    try (MovieLibrary library = library().concurrency(2).build()) {
      Film stopped = library.watch(video("a", 600), EACH);
      Film cancelled = library.watch(video("b", 600), EACH);
      // One by one, so that neither film can decode what is meant for the other.
      until(
          () -> {
            frames.release();
            return hasSeen(stopped, 7) && hasSeen(cancelled, 7);
          });
      stopped.stop();
      cancelled.cancel();
      frames.release(60);
      assertThat(stopped.await(SOON) && cancelled.await(SOON)).isTrue();
      assertThat(stopped.state()).isEqualTo(State.READY);
      assertThat(stopped.watchedTo()).isLessThan(FakeVideo.time(599));
      assertThat(cancelled.state()).isEqualTo(State.FORGOTTEN);
      assertThat(library.films()).containsExactly(stopped);
      try (Stream<Path> left = Files.list(folder)) {
        assertThat(left).allMatch(file -> file.getFileName().toString().startsWith(stopped.id()));
      }
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void goesOnAfterAClosedLibraryWithTheSameMemoryInTheEnd() throws Exception {
    String whole;
    try (MovieLibrary library = MovieLibrary.builder(chat, folder.resolve("other")).build()) {
      Film film = library.watch(video("a", 60), EACH);
      film.await(SOON);
      whole = ask(film);
    }
    frames.drainPermits();
    MovieLibrary library = library().build();
    Film film = library.watch(video("a", 60), EACH);
    frames.release(40);
    until(() -> hasSeen(film, 35));
    closeInMidWatch(library, film);
    frames.release(1_000);
    decoded.set(0);
    try (MovieLibrary reopened = library().build()) {
      Film again = reopened.films().get(0);
      assertThat(again.state()).isEqualTo(State.INTERRUPTED);
      reopened.resume(again);
      assertThat(again.await(SOON)).isTrue();
      assertThat(again.failure()).isEmpty();
      assertThat(ask(again)).isEqualTo(whole);
      assertThat(decoded.get()).isLessThan(40);
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void aFilmThatWaitedIsKnownAfterARestart() throws Exception {
    frames.drainPermits();
    MovieLibrary library = library().build();
    Film first = library.watch(video("a", 8), EACH);
    until(() -> first.state() == State.WATCHING);
    Film second = library.watch(video("b", 8), EACH);
    second.stop(); // nothing to stop yet
    assertThat(second.state()).isEqualTo(State.WAITING);
    frames.release(100);
    library.close();
    try (MovieLibrary reopened = library().build()) {
      Film again = reopened.film(second.id()).orElseThrow();
      reopened.resume(again);
      assertThat(again.await(SOON)).isTrue();
      assertThat(again.state()).isEqualTo(State.READY);
    }
  }

  @Test
  void whatCannotBeWatchedSaysWhyAndMayBeTriedAgain() throws Exception {
    try (MovieLibrary library = library().build()) {
      Film film = library.watch(URI.create("fake:nothing"));
      assertThat(film.await(SOON)).isTrue();
      assertThat(film.state()).isEqualTo(State.FAILED);
      assertThat(film.failure().orElseThrow()).isInstanceOf(VideoException.class);
      assertThat(library.watch(URI.create("fake:nothing"))).isSameAs(film);
      assertThat(film.await(SOON)).isTrue();
      assertThatIllegalStateException().isThrownBy(() -> ask(film)).withMessageContaining("failed");
      library.forget(film);
      assertThat(library.films()).isEmpty();
    }
  }

  @Test
  void aFilmCanBeWaitedForForever() throws Exception {
    try (MovieLibrary library = library().build()) {
      Film film = library.watch(video("a", 8), EACH);
      assertThat(film.await(ChronoUnit.FOREVER.getDuration())).isTrue();
      assertThat(film.state()).isEqualTo(State.READY);
    }
  }

  @Test
  void forgettingDeletesTheMemoryAndEndsNoRunningUse() throws Exception {
    try (MovieLibrary library = library().build()) {
      Film film = library.watch(video("a", 20), EACH);
      film.await(SOON);
      String answer =
          film.with(
              movie -> {
                assertThat(library.forget(film)).isPositive();
                return movie.ask("What happens?").text();
              });
      assertThat(answer).isNotBlank();
      assertThat(film.state()).isEqualTo(State.FORGOTTEN);
      assertThat(folder).isEmptyDirectory();
      assertThatIllegalStateException().isThrownBy(() -> ask(film));
    }
  }

  @Test
  void diskAndOpenMoviesAreBounded() throws Exception {
    long one;
    try (MovieLibrary library = library().build()) {
      Film film = library.watch(video("probe", 20), EACH);
      film.await(SOON);
      one = film.bytes();
      library.forget(film);
    }
    try (MovieLibrary library = library().maxOpen(1).maxBytes(3 * one + one / 2).build()) {
      List<Film> films = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        Film film = library.watch(video("film" + i, 20), EACH);
        film.await(SOON);
        films.add(film);
        Thread.sleep(20);
      }
      assertThat(library.bytes()).isLessThanOrEqualTo(3 * one + one / 2);
      assertThat(films.get(0).state()).isEqualTo(State.FORGOTTEN);
      assertThat(library.films()).hasSize(3);
      Movie last = films.get(5).with(movie -> movie);
      ask(films.get(4));
      assertThatIllegalStateException().isThrownBy(() -> last.ask("Are you open?"));
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void refusesWhatMakesNoSense() {
    try (MovieLibrary library = library().build()) {
      assertThat(library.film("../../etc/passwd")).isEmpty();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> library.watch(video("a", 3), Duration.ZERO));
      assertThatIllegalArgumentException().isThrownBy(() -> library().maxOpen(0));
    }
    assertThatIllegalStateException()
        .isThrownBy(
            () -> {
              MovieLibrary library = library().build();
              library.close();
              library.films();
            });
  }

  @Test
  void aDamagedRecordIsLeftOut() throws Exception {
    Files.writeString(folder.resolve("0123456789abcdef.film"), "id=0123456789abcdef\n");
    try (MovieLibrary library = library().build()) {
      assertThat(library.films()).isEmpty();
    }
  }
}
