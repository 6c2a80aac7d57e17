package io.moviechat.tinymodel;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.FrameSampling;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.WatchOptions;
import io.moviechat.speech.AudioSource;
import io.moviechat.speech.Cue;
import io.moviechat.speech.CueStream;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import io.moviechat.tinyworld.SpokenFilm;
import io.moviechat.video.LiveVideo;
import io.moviechat.video.VideoOptions;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedSpeechTest {
  private static final int SECONDS = 40;

  /** Of the twelve lines of the film: so many are heard word for word and within a second. */
  private static final int HEARD = 10;

  @Test
  void staysSmall(@TempDir Path cache) throws IOException {
    try (Stream<Path> files = Files.walk(new EmbeddedSpeech(cache).folder())) {
      long bytes = 0;
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
      assertThat(bytes).isBetween(1_000_000L, 8_000_000L);
    }
  }

  @Test
  void hearsAFilmThatSpeaks(@TempDir Path folder) throws IOException {
    Path film = folder.resolve("spoken.mp4");
    SpokenFilm.write(film);
    try (SpeechRecognizer speech = new EmbeddedSpeech(folder).bundle().open();
        MovieChat chat = MovieChat.builder().model(new EmbeddedModel(folder).model()).build();
        Movie movie = chat.watch(film, WatchOptions.DEFAULT.withSpeech(speech))) {
      List<Cue> cues = movie.cues().list();
      assertThat(movie.cues().problem()).isEmpty();
      assertThat(cues).isNotEmpty();
      assertThat(cues.get(cues.size() - 1).end()).isLessThanOrEqualTo(movie.duration());
      long heard = SpokenFilm.lines().stream().filter(line -> says(cues, line)).count();
      assertThat(heard).isGreaterThanOrEqualTo(HEARD);
    }
  }

  /** The sound comes with the pictures, and is heard beside them to the end. */
  @Test
  void hearsALiveVideo(@TempDir Path folder) throws IOException {
    Path film = folder.resolve("spoken.mp4");
    SpokenFilm.write(film);
    LiveVideo.Options live =
        LiveVideo.Options.DEFAULT
            .withQueueFrames(64)
            .withGrowthPatience(Duration.ofMillis(200))
            .withReconnectFor(Duration.ZERO);
    try (SpeechRecognizer speech = new EmbeddedSpeech(folder).bundle().open();
        MovieChat chat =
            MovieChat.builder()
                .model(new EmbeddedModel(folder).model())
                .video(LiveVideo.provider(live, VideoOptions.DEFAULT))
                .sampling(FrameSampling.every(Duration.ofSeconds(1)))
                .build();
        Movie movie = chat.watch(film, WatchOptions.DEFAULT.withSpeech(speech))) {
      List<Cue> cues = movie.cues().list();
      assertThat(movie.cues().problem()).isEmpty();
      assertThat(SpokenFilm.lines().stream().filter(line -> says(cues, line)).count())
          .isGreaterThanOrEqualTo(HEARD);
    }
  }

  @Test
  void inventsNothing(@TempDir Path folder) {
    SplittableRandom random = new SplittableRandom(1);
    IntToDoubleFunction silence = i -> 0;
    IntToDoubleFunction noise = i -> random.nextDouble(-0.1, 0.1);
    IntToDoubleFunction tone = i -> 0.2 * Math.sin(2 * Math.PI * 440 * i / AudioSource.SAMPLE_RATE);
    // The model itself, not the detector before it, is what is tried.
    try (SpeechRecognizer speech =
        new EmbeddedSpeech(folder).bundle().withoutVoiceDetection().open()) {
      for (IntToDoubleFunction sound : List.of(silence, noise, tone)) {
        assertThat(transcribe(speech, new Synthetic(sound))).isEmpty();
      }
    }
  }

  private static boolean says(List<Cue> cues, SpokenFilm.Line line) {
    return cues.stream()
        .anyMatch(
            cue ->
                words(cue.text()).equals(words(line.text()))
                    && Math.abs(cue.start().toMillis() - line.startMillis()) < 1000
                    && Math.abs(cue.end().toMillis() - line.endMillis()) < 1000);
  }

  private static List<String> words(String text) {
    return Arrays.asList(text.toLowerCase(Locale.ROOT).replaceAll("[^a-z ]", "").split(" "));
  }

  private static List<Cue> transcribe(SpeechRecognizer speech, AudioSource sound) {
    List<Cue> cues = new ArrayList<>();
    try (sound;
        CueStream stream = speech.transcribe(sound, SpeechOptions.DEFAULT)) {
      for (Optional<List<Cue>> next = stream.next(); next.isPresent(); next = stream.next()) {
        cues.addAll(next.get());
      }
    }
    return cues;
  }

  /** Samples by their number. */
  private static final class Synthetic implements AudioSource {
    private final IntToDoubleFunction samples;
    private int at;
    private int begun;

    Synthetic(IntToDoubleFunction samples) {
      this.samples = samples;
    }

    @Override
    public int read(FloatBuffer into) {
      int count = Math.min(into.remaining(), SECONDS * SAMPLE_RATE - at);
      begun = at;
      for (int i = 0; i < count; i++) {
        into.put((float) samples.applyAsDouble(at++));
      }
      return count == 0 ? -1 : count;
    }

    @Override
    public Duration time() {
      return Duration.ofMillis(begun * 1000L / SAMPLE_RATE);
    }

    @Override
    public Optional<String> language() {
      return Optional.of("en");
    }

    @Override
    public void close() {}
  }
}
