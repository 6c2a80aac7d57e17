package io.moviechat.batch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.FrameSampling;
import io.moviechat.MovieChat;
import io.moviechat.VideoException;
import io.moviechat.batch.FilmResult.Status;
import io.moviechat.internal.ResourceStack;
import io.moviechat.memory.MemoryStrategies;
import io.moviechat.spi.testing.FakeEncoder;
import io.moviechat.spi.testing.FakeGenerator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class MovieBatchTest {
  private static final List<String> QUESTIONS = List.of("What happens?", "Who is \"red\"?");

  @TempDir Path folder;
  private final TextVideos videos = new TextVideos();
  private final ResourceStack opened = new ResourceStack();
  private MovieChat chat;

  @BeforeEach
  void open() {
    chat = opened.open(() -> chat(64));
  }

  @AfterEach
  void close() {
    opened.close();
  }

  @MustBeClosed
  private MovieChat chat(int slots) {
    return MovieChat.builder()
        .encoder(new FakeEncoder())
        .generator(new FakeGenerator())
        .memory(MemoryStrategies.moviechatStartEmpty().longTermSlots(slots).build())
        .video(videos)
        .sampling(FrameSampling.everyFrame())
        .build();
  }

  private Path out() {
    return folder.resolve("out");
  }

  private MovieBatch.Builder batch() {
    return MovieBatch.builder(chat, out()).questions(QUESTIONS);
  }

  private URI film(int frames, String name) throws IOException {
    return TextVideos.write(folder.resolve(name), frames, name);
  }

  /** All that is in the output folder, by name. */
  private static Map<String, String> content(Path out) throws IOException {
    Map<String, String> content = new TreeMap<>();
    try (Stream<Path> files = Files.walk(out)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        content.put(
            out.relativize(file).toString(),
            Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1));
      }
    }
    return content;
  }

  @Test
  void watchesAndAsksEachFilm() throws IOException {
    List<URI> films = List.of(film(100, "a"), film(20, "b"));

    List<FilmResult> results = batch().jobs(2).build().run(films);

    assertThat(results).extracting(FilmResult::film).isEqualTo(films);
    assertThat(results).extracting(FilmResult::status).containsOnly(Status.DONE);
    assertThat(results).extracting(FilmResult::frames).containsExactly(100L, 20L);
    FilmResult first = results.get(0);
    String fingerprint = first.fingerprint().orElseThrow();
    assertThat(content(out()))
        .containsKeys(
            "_SETTINGS",
            fingerprint + "/memory.safetensors",
            fingerprint + "/answers.jsonl",
            fingerprint + "/_DONE")
        .hasSize(2 + 2 * 3);
    assertThat(Files.readAllLines(first.answers().orElseThrow(), UTF_8))
        .hasSize(2)
        .first()
        .asString()
        .startsWith("{\"question\":\"What happens?\",\"answer\":\"")
        .contains("\"evidence\":[{\"start\":0.000,\"end\":");
    try (var movie = chat.open(first.memory().orElseThrow())) {
      assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(100);
    }
  }

  @Test
  void doesNothingTwice() throws IOException {
    List<URI> films = List.of(film(100, "a"), film(20, "b"));
    batch().build().run(films);
    Map<String, String> before = content(out());
    int decoded = videos.decoded.get();

    List<FilmResult> again = batch().build().run(films);

    assertThat(again).extracting(FilmResult::status).containsOnly(Status.KEPT);
    assertThat(again).extracting(FilmResult::frames).containsExactly(100L, 20L);
    assertThat(videos.decoded).hasValue(decoded);
    assertThat(content(out())).isEqualTo(before);
  }

  @Test
  void filmsListedTwiceAndCopiesAreWatchedOnce() throws IOException {
    URI a = film(30, "a");
    Files.copy(folder.resolve("a"), folder.resolve("copy"));
    URI copy = folder.resolve("copy").toUri();

    List<FilmResult> results = batch().build().run(List.of(a, copy, a));

    assertThat(results).extracting(FilmResult::film).containsExactly(a, copy);
    assertThat(results)
        .extracting(FilmResult::status)
        .containsExactlyInAnyOrder(Status.DONE, Status.DUPLICATE);
    assertThat(results.get(0).fingerprint()).isEqualTo(results.get(1).fingerprint());
    assertThat(videos.decoded).hasValue(30);
  }

  @Test
  void aFilmThatCannotBeWatchedIsARow() throws IOException {
    URI missing = folder.resolve("missing").toUri();
    URI directory = Files.createDirectory(folder.resolve("directory")).toUri();
    URI broken = Files.writeString(folder.resolve("broken"), "rubbish").toUri();
    URI unknown = URI.create("gopher:film");
    URI good = film(10, "good");

    List<FilmResult> results =
        batch().jobs(3).build().run(List.of(missing, directory, broken, unknown, good));

    assertThat(results)
        .extracting(FilmResult::status)
        .containsExactly(Status.FAILED, Status.FAILED, Status.FAILED, Status.FAILED, Status.DONE);
    assertThat(results.get(0).error().orElseThrow()).contains("there is no file");
    assertThat(results.get(1).error().orElseThrow()).contains("is no file that can be read");
    assertThat(results.get(2).error().orElseThrow()).contains("is no video");
    assertThat(results.get(3).error().orElseThrow()).contains("gopher");

    Files.writeString(folder.resolve("broken"), "5 frames of x");
    assertThat(batch().build().run(List.of(broken, good)))
        .extracting(FilmResult::status)
        .containsExactly(Status.DONE, Status.KEPT);
  }

  @Test
  void aSecondRunOnTheSameFolderIsRefused() throws Exception {
    URI film = film(200, "a");
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    videos.onDecode =
        index -> {
          reading.countDown();
          await(goOn);
        };
    AtomicReference<List<FilmResult>> results = new AtomicReference<>();
    Thread first = new Thread(() -> results.set(batch().build().run(List.of(film))));
    first.start();
    reading.await();

    MovieBatch second = batch().build();
    assertThatThrownBy(() -> second.run(List.of(film)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("another batch");
    goOn.countDown();
    first.join();

    assertThat(results.get()).extracting(FilmResult::status).containsExactly(Status.DONE);
    assertThat(second.run(List.of(film)))
        .extracting(FilmResult::status)
        .containsExactly(Status.KEPT);
  }

  @Test
  void otherSettingsAreRefusedAndOtherQuestionsOnlyAsked() throws IOException {
    List<URI> films = List.of(film(100, "a"));
    batch().build().run(films);
    int decoded = videos.decoded.get();

    FilmResult asked = batch().questions(List.of("And then?")).build().run(films).get(0);
    assertThat(asked.status()).isEqualTo(Status.DONE);
    assertThat(videos.decoded).hasValue(decoded);
    assertThat(Files.readString(asked.answers().orElseThrow()))
        .contains("And then?")
        .doesNotContain("What happens?");

    try (MovieChat other = chat(32)) {
      assertThatThrownBy(() -> MovieBatch.builder(other, out()).build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("longTermSlots=64")
          .hasMessageContaining("longTermSlots=32");
    }
  }

  @Test
  void aFilmThatChangesWhileItIsReadIsNotKept() throws IOException {
    URI film = film(100, "a");
    videos.onDecode =
        index -> {
          if (index == 50) {
            write(folder.resolve("a"), "120 frames of a, with an end");
          }
        };
    MovieBatch batch = batch().build();

    FilmResult result = batch.run(List.of(film)).get(0);
    assertThat(result.status()).isEqualTo(Status.FAILED);
    assertThat(result.error().orElseThrow()).contains("changed while it was read");
    assertThat(content(out()).keySet()).containsExactlyInAnyOrder("_LOCK", "_SETTINGS");

    videos.onDecode = index -> {};
    FilmResult again = batch.run(List.of(film)).get(0);
    assertThat(again.status()).isEqualTo(Status.DONE);
    assertThat(again.frames()).isEqualTo(120);
  }

  /** A server that is down may be up for the next run; a broken film stays broken. */
  @Test
  void aFailureTellsWhetherItMayPass() throws IOException {
    URI film = film(100, "a");
    videos.onDecode =
        index -> {
          throw VideoException.retriable(film + " did not answer", null);
        };
    FilmResult down = batch().build().run(List.of(film)).get(0);
    assertThat(down.status()).isEqualTo(Status.FAILED);
    assertThat(down.isRetriable()).isTrue();
    assertThat(down.toJson()).endsWith("did not answer\",\"retriable\":true}");

    videos.onDecode = index -> {};
    FilmResult up = batch().build().run(List.of(film)).get(0);
    assertThat(up.status()).isEqualTo(Status.DONE);
    assertThat(up.isRetriable()).isFalse();

    Path missing = folder.resolve("missing");
    FilmResult gone = batch().build().run(List.of(missing.toUri())).get(0);
    assertThat(gone.isRetriable()).isFalse();
    assertThat(gone.toJson()).endsWith("\"retriable\":false}");
  }

  @Test
  void aFilmThatVanishesWhileItIsReadIsARow() throws IOException {
    URI film = film(100, "a");
    videos.onDecode =
        index -> {
          if (index == 50) {
            assertThat(folder.resolve("a").toFile().delete()).isTrue();
          }
        };
    FilmResult result = batch().build().run(List.of(film)).get(0);
    assertThat(result.status()).isEqualTo(Status.FAILED);
  }

  @Test
  void anInterruptedRunGoesOnWhereItWas() throws Exception {
    URI film = film(300, "a");
    URI before = film(10, "b");
    Thread runner = Thread.currentThread();
    videos.onDecode =
        index -> {
          if (index == 200) {
            runner.interrupt();
            sleep(300);
          }
        };
    assertThatThrownBy(() -> batch().build().run(List.of(film, before)))
        .isInstanceOf(CancellationException.class);
    assertThat(Thread.interrupted()).isTrue();
    int decoded = videos.decoded.get();
    assertThat(decoded).isBetween(200, 299);

    videos.onDecode = index -> {};
    List<FilmResult> results = batch().build().run(List.of(film, before));
    assertThat(results).extracting(FilmResult::status).containsOnly(Status.DONE);
    assertThat(videos.decoded.get()).isLessThan(310 + 50);

    Path whole = folder.resolve("whole");
    MovieBatch.builder(chat, whole).questions(QUESTIONS).build().run(List.of(film, before));
    assertThat(content(out())).isEqualTo(content(whole));
  }

  @Test
  void whatAKilledProcessLeftIsUsed() throws IOException {
    URI film = film(100, "a");
    FilmResult result = batch().build().run(List.of(film)).get(0);
    Map<String, String> whole = content(out());
    Path memory = result.memory().orElseThrow();
    int decoded = videos.decoded.get();

    Files.delete(memory.resolveSibling("_DONE")); // killed before the last step
    Files.delete(memory.resolveSibling("answers.jsonl"));
    assertThat(batch().build().run(List.of(film)).get(0).status()).isEqualTo(Status.DONE);
    assertThat(videos.decoded).hasValue(decoded);
    assertThat(content(out())).isEqualTo(whole);

    Files.write(memory, new byte[100]); // a disk that lost what was written
    assertThat(batch().build().run(List.of(film)).get(0).status()).isEqualTo(Status.DONE);
    assertThat(videos.decoded).hasValue(2 * decoded);
    assertThat(content(out())).isEqualTo(whole);

    Files.writeString(memory.resolveSibling("_DONE"), "frames=many");
    assertThat(batch().build().run(List.of(film)).get(0).status()).isEqualTo(Status.DONE);
    assertThat(videos.decoded).hasValue(2 * decoded);
    assertThat(content(out())).isEqualTo(whole);
  }

  @Test
  void staysWithinItsBudgets() throws IOException {
    long perFilm = chat.memoryFactory().maxSlots() * (chat.tokenShape().bytes() + 1024);
    assertThat(batch().jobs(8).memoryBytes(3 * perFilm).build().jobs()).isEqualTo(3);
    assertThatThrownBy(() -> batch().memoryBytes(perFilm - 1).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the budget is");

    List<URI> films = List.of(film(100, "a"), film(100, "b"));
    long room = 2 * perFilm + 100;
    List<FilmResult> results = batch().diskBytes(room).build().run(films);
    assertThat(results)
        .extracting(FilmResult::status)
        .containsExactlyInAnyOrder(Status.DONE, Status.FAILED);
    assertThat(content(out()).values().stream().mapToLong(String::length).sum()).isLessThan(room);
    assertThat(batch().build().run(films))
        .extracting(FilmResult::status)
        .containsExactlyInAnyOrder(Status.KEPT, Status.DONE);
  }

  @Test
  void tellsHowFarItIs() throws IOException {
    List<URI> films = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      films.add(film(40, "film" + i));
    }
    films.add(folder.resolve("missing").toUri());
    List<BatchProgress> told = Collections.synchronizedList(new ArrayList<>());
    batch().jobs(2).onProgress(told::add).build().run(films);

    assertThat(told).extracting(BatchProgress::fraction).isSorted();
    BatchProgress last = told.get(told.size() - 1);
    assertThat(last.films()).isEqualTo(6);
    assertThat(last.finished()).isEqualTo(6);
    assertThat(last.failed()).isEqualTo(1);
    assertThat(last.fraction()).isEqualTo(1);
    assertThat(last.left()).contains(Duration.ZERO);
  }

  @Test
  void refusesNonsense() {
    assertThatThrownBy(() -> batch().jobs(0).build()).hasMessageContaining("at least 1");
    assertThatThrownBy(() -> batch().questions(List.of(" ")).build()).hasMessageContaining("blank");
    assertThatThrownBy(() -> batch().diskBytes(0).build()).hasMessageContaining("disk budget");
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
