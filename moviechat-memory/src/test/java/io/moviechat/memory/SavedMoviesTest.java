package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Answer;
import io.moviechat.FrameSampling;
import io.moviechat.InferenceException;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.MovieMemory;
import io.moviechat.WatchOptions;
import io.moviechat.spi.testing.FakeEncoder;
import io.moviechat.spi.testing.FakeGenerator;
import io.moviechat.spi.testing.FakeMemory;
import io.moviechat.spi.testing.FakeSpeech;
import io.moviechat.spi.testing.FakeVideo;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a chat makes of memory files. */
class SavedMoviesTest {
  private static final WatchOptions FIVE_A_SECOND =
      WatchOptions.DEFAULT.withSampling(FrameSampling.every(Duration.ofMillis(200)));

  @TempDir Path folder;

  @MustBeClosed
  private static MovieChat chat() {
    return MovieChat.builder()
        .encoder(new FakeEncoder())
        .generator(new FakeGenerator())
        .memory(FakeMemory.factory(10))
        .video(new FakeVideo())
        .build();
  }

  private static void watch(MovieChat chat, WatchOptions options) {
    try (Movie movie = chat.watch(FakeVideo.of(50), options)) {
      assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(10);
    }
  }

  private static Path old() throws URISyntaxException {
    return Path.of(
        SavedMoviesTest.class.getResource("/memory-files/sampling-as-text.safetensors").toURI());
  }

  @Test
  void filesWhoseSamplingIsARecordsTextStillOpenAndCanBeResumed() throws Exception {
    try (MovieChat chat = chat()) {
      try (Movie movie = chat.open(old())) {
        assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(10);
        assertThat(movie.ask("Who is it?").text()).startsWith("10 slots 10 frames");
      }
      try (Movie movie = chat.resume(old(), FakeVideo.of(100), FIVE_A_SECOND)) {
        assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(20);
      }
    }
  }

  @Test
  void aMemoryIsResumedOnlyWithItsOwnSampling() {
    Path file = folder.resolve("a.memory");
    try (MovieChat chat = chat()) {
      watch(chat, FIVE_A_SECOND.withCheckpoint(file, Duration.ZERO));
      try (Movie movie = chat.resume(file, FakeVideo.of(100), FIVE_A_SECOND)) {
        assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(20);
      }
      assertThatIllegalArgumentException()
          .isThrownBy(() -> chat.resume(file, FakeVideo.of(100), WatchOptions.DEFAULT))
          .withMessageContaining("every PT0.2S")
          .withMessageContaining("every PT1S");
    }
  }

  @Test
  void cuesAreSavedAndListeningGoesOnWhereItEnded() {
    Path file = folder.resolve("a.memory");
    FakeSpeech once =
        new FakeSpeech(
            second -> "word " + second,
            second -> {
              if (second == 4) {
                throw new InferenceException("it has a cold");
              }
            });
    List<Integer> heard = new CopyOnWriteArrayList<>();
    FakeSpeech again =
        new FakeSpeech(
            second -> {
              heard.add(second);
              return "word " + second;
            },
            second -> {});
    try (MovieChat chat = chat()) {
      try (Movie movie = chat.watch(FakeVideo.of(250), FIVE_A_SECOND.withSpeech(once))) {
        movie.memory().save(file);
      }
      try (Movie movie = chat.open(file)) {
        assertThat(movie.cues().list()).hasSize(4);
        assertThat(movie.cues().problem()).contains("it has a cold");
        assertThat(movie.at(Duration.ofSeconds(2)).cues().list()).hasSize(2);
      }
      try (Movie movie = chat.resume(file, FakeVideo.of(300), FIVE_A_SECOND.withSpeech(again))) {
        assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(60);
        assertThat(movie.cues().list()).hasSize(12);
        assertThat(movie.cues().problem()).isEmpty();
        assertThat(heard).containsExactly(4, 5, 6, 7, 8, 9, 10, 11);
      }
      try (Movie movie = chat.resume(file, FakeVideo.of(250), FIVE_A_SECOND.withSpeech(again))) {
        assertThat(movie.cues().list()).as("when only words were missing").hasSize(10);
      }
    }
  }

  @Test
  void aFullMemoryMakesRoomForWhatIsSaid() {
    try (MovieChat chat =
        MovieChat.builder()
            .encoder(new FakeEncoder())
            .generator(new FakeGenerator(3, OptionalInt.of(20), () -> {}))
            .video(new FakeVideo())
            .memory(MemoryStrategies.moviechat().shortTermFrames(2).consolidateTo(1).build())
            .breakpointFrames(3)
            .build()) {
      int all;
      try (Movie silent = chat.watch(FakeVideo.of(2500), FIVE_A_SECOND)) {
        Answer answer = silent.ask("What is said about 77?");
        all = answer.evidence().size();
        assertThat(all).isBetween(13, 16);
        assertThat(answer.consolidatedSlots()).isZero();
      }
      WatchOptions heard = FIVE_A_SECOND.withSpeech(new FakeSpeech());
      try (Movie movie = chat.watch(FakeVideo.of(2500), heard)) {
        Answer answer = movie.ask("What is said about 77?");
        assertThat(answer.evidence()).hasSize(12);
        assertThat(answer.consolidatedSlots()).isEqualTo(all - 12);
        assertThat(answer.evidence().get(11).end()).isEqualTo(movie.duration());
        assertThat(answer.evidence())
            .filteredOn(slot -> slot.reason().equals(Optional.of("words")))
            .singleElement()
            .satisfies(
                slot -> assertThat(Duration.ofSeconds(77)).isBetween(slot.start(), slot.end()));
      }
    }
  }

  @Test
  void foreverBetweenCheckpointsSavesNone() {
    Path file = folder.resolve("a.memory");
    Duration forever = ChronoUnit.FOREVER.getDuration();
    try (MovieChat chat = chat()) {
      watch(chat, FIVE_A_SECOND.withCheckpoint(file, forever));
    }
    assertThat(file).doesNotExist();
  }

  @Test
  void noSecretOfAnAddressIsSaved() throws IOException {
    Path file = folder.resolve("a.memory");
    try (MovieChat chat = chat();
        Movie movie = chat.watch(URI.create("fake:video?frames=50&sig=s3cr3t"), FIVE_A_SECOND)) {
      movie.memory().save(file, MovieMemory.Precision.INT8);
      assertThat(movie.location()).isEqualTo("fake:video");
      assertThat(movie).asString().doesNotContain("s3cr3t");
    }
    assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
        .doesNotContain("s3cr3t")
        .contains("fake:video");
  }
}
