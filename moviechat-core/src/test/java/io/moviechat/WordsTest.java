package io.moviechat;

import static io.moviechat.Fakes.fakes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.moviechat.internal.NativeOwner;
import io.moviechat.ocr.OcrOptions;
import io.moviechat.ocr.TextRecognizer;
import io.moviechat.speech.AudioSource;
import io.moviechat.speech.Cue;
import io.moviechat.speech.Cues;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.spi.testing.FakeSpeech;
import io.moviechat.spi.testing.FakeText;
import io.moviechat.spi.testing.FakeVideo;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a movie says is collected beside its pictures, and ends as they do. */
@Timeout(60)
class WordsTest {
  /** Ten seconds. */
  private static final int FRAMES = 250;

  private static final WatchOptions HEARD =
      WatchOptions.DEFAULT.withSampling(FrameSampling.everyFrame()).withSpeech(new FakeSpeech());

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  /** A fake video whose sound or subtitles are other ones. */
  private abstract static class Other implements VideoSourceProvider {
    private final FakeVideo video = new FakeVideo();

    @Override
    public String name() {
      return "other";
    }

    @Override
    public boolean accepts(VideoLocation location) {
      return true;
    }

    @Override
    public VideoSource open(VideoLocation location) {
      return video.open(location);
    }

    @Override
    public Optional<AudioSource> openAudio(
        VideoLocation location, Duration from, Optional<String> language) {
      return video.openAudio(location, from, language);
    }
  }

  private static List<String> texts(Cues cues) {
    return cues.list().stream().map(Cue::text).toList();
  }

  @Test
  void aMovieSaysWhatWasHeardAndAMomentNothingOfLater() {
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(FRAMES), HEARD)) {
      assertThat(movie.cues().list()).hasSize(10);
      assertThat(movie.cues().heard()).isEqualTo(Duration.ofSeconds(10));
      assertThat(movie.cues().problem()).isEmpty();
      assertThat(texts(movie.at(Duration.ofMillis(3500)).cues()))
          .containsExactly("word 0", "word 1", "word 2");
    }
  }

  @Test
  void theChatsRecognizerListensUnlessTheOptionsSayOtherwise() {
    try (MovieChat chat =
        fakes().speech(new FakeSpeech(), SpeechOptions.DEFAULT.withLanguage("fi")).build()) {
      try (Movie movie = chat.watch(FakeVideo.of(50))) {
        assertThat(movie.cues().list()).hasSize(2);
        assertThat(movie.cues().list().get(0).language()).contains("fi");
      }
      try (Movie movie = chat.watch(FakeVideo.of(50), WatchOptions.DEFAULT.withoutWords())) {
        assertThat(movie.cues()).isEqualTo(Cues.NONE);
      }
    }
  }

  @Test
  void subtitlesAreTakenInsteadOfListeningUnlessAsked() {
    Cues written =
        Cues.of(
            List.of(
                Cue.of(Duration.ZERO, Duration.ofSeconds(1), "written", Cue.Origin.SUBTITLE),
                Cue.of(Duration.ofSeconds(9), Duration.ofSeconds(99), "late", Cue.Origin.SUBTITLE),
                Cue.of(
                    Duration.ofSeconds(50), Duration.ofSeconds(99), "after", Cue.Origin.SUBTITLE)));
    VideoSourceProvider video =
        new Other() {
          @Override
          public Cues subtitles(VideoLocation location, Optional<String> language) {
            return written;
          }
        };
    try (MovieChat chat = fakes().video(video).build()) {
      try (Movie movie = chat.watch(FakeVideo.of(FRAMES), HEARD)) {
        assertThat(texts(movie.cues())).containsExactly("written", "late");
        assertThat(movie.cues().list().get(1).end()).isEqualTo(Duration.ofSeconds(10));
      }
      try (Movie movie = chat.watch(FakeVideo.of(FRAMES))) {
        assertThat(texts(movie.cues())).containsExactly("written", "late");
      }
      WatchOptions heard =
          HEARD.withSpeech(new FakeSpeech(), SpeechOptions.DEFAULT.withSubtitles(false));
      try (Movie movie = chat.watch(FakeVideo.of(FRAMES), heard)) {
        assertThat(movie.cues().list()).hasSize(10);
      }
    }
  }

  @Test
  void aFailureOfTheSoundKeepsThePicturesAndIsTold() {
    FakeSpeech failing =
        new FakeSpeech(
            second -> "word " + second,
            second -> {
              if (second == 4) {
                throw new InferenceException("the model has a cold");
              }
            });
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(FRAMES), HEARD.withSpeech(failing))) {
      assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(FRAMES);
      assertThat(texts(movie.cues())).containsExactly("word 0", "word 1", "word 2", "word 3");
      assertThat(movie.cues().heard()).isEqualTo(Duration.ofSeconds(4));
      assertThat(movie.cues().problem()).contains("the model has a cold");
      assertThat(movie.ask("What?").text()).isNotEmpty();
    }
  }

  @Test
  void sourcesThatKnowNoSoundAndSubtitlesThatCannotBeReadAreTold() {
    VideoSourceProvider silent =
        new Other() {
          @Override
          public Optional<AudioSource> openAudio(
              VideoLocation location, Duration from, Optional<String> language) {
            return Optional.empty();
          }

          @Override
          public Cues subtitles(VideoLocation location, Optional<String> language) {
            throw new VideoException("film.srt is broken");
          }
        };
    try (MovieChat chat = fakes().video(silent).build()) {
      try (Movie movie = chat.watch(FakeVideo.of(FRAMES), HEARD)) {
        assertThat(movie.cues().problem().orElseThrow()).contains("knows no sound");
      }
      try (Movie movie = chat.watch(FakeVideo.of(FRAMES))) {
        assertThat(movie.cues().problem()).contains("film.srt is broken");
      }
    }
  }

  /** A recognizer that waits at a second until it is interrupted. */
  private static FakeSpeech waitingAt(int when, CountDownLatch there) {
    return new FakeSpeech(
        second -> "word " + second,
        second -> {
          if (second == when) {
            there.countDown();
            try {
              new CountDownLatch(1).await();
            } catch (InterruptedException e) {
              throw new CancellationException("interrupted");
            }
          }
        });
  }

  @Test
  void whatIsSeenMeanwhileHasNoLaterWord() throws Exception {
    CountDownLatch there = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    FakeVideo slow =
        new FakeVideo(
            index -> {
              if (index == 60) {
                try {
                  goOn.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }
            });
    try (MovieChat chat = fakes().video(slow).build()) {
      Watching watching = chat.start(FakeVideo.of(FRAMES), HEARD.withSpeech(waitingAt(8, there)));
      there.await();
      Optional<Movie> soFar = watching.soFar();
      while (soFar.isEmpty()) {
        soFar = watching.soFar();
      }
      try (Movie movie = soFar.get()) {
        for (Cue cue : movie.cues().list()) {
          assertThat(cue.end()).isLessThanOrEqualTo(movie.duration());
        }
        assertThat(movie.duration()).isLessThan(Duration.ofSeconds(3));
      }
      watching.cancel();
      assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> watching.join());
    } finally {
      goOn.countDown();
    }
  }

  @Test
  void closingTheChatEndsListening() throws Exception {
    CountDownLatch there = new CountDownLatch(1);
    Watching watching;
    try (MovieChat chat = fakes().build()) {
      watching = chat.start(FakeVideo.of(FRAMES), HEARD.withSpeech(waitingAt(3, there)));
      there.await();
    }
    assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> watching.join());
  }

  @Test
  void cancellingTimeoutAndInterruptEndListening() throws Exception {
    try (MovieChat chat = fakes().build()) {
      CountDownLatch there = new CountDownLatch(1);
      Watching watching = chat.start(FakeVideo.of(FRAMES), HEARD.withSpeech(waitingAt(2, there)));
      there.await();
      watching.cancel();
      assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> watching.join());

      WatchOptions impatient =
          HEARD
              .withSpeech(waitingAt(2, new CountDownLatch(1)))
              .withTimeout(Duration.ofMillis(1500));
      try (Movie movie = chat.watch(FakeVideo.of(FRAMES), impatient)) {
        assertThat(movie.memory().snapshot().framesSeen()).isEqualTo(FRAMES);
        assertThat(movie.cues().list()).hasSize(2);
        assertThat(movie.cues().problem().orElseThrow()).contains("timeout");
      }

      Thread here = Thread.currentThread();
      CountDownLatch heard = new CountDownLatch(1);
      Thread interrupter =
          new Thread(
              () -> {
                try {
                  heard.await();
                } catch (InterruptedException e) {
                  return;
                }
                here.interrupt();
              });
      interrupter.start();
      assertThatExceptionOfType(CancellationException.class)
          .isThrownBy(
              () -> {
                Movie unused =
                    chat.watch(FakeVideo.of(FRAMES), HEARD.withSpeech(waitingAt(2, heard)));
              });
      assertThat(Thread.interrupted()).isTrue();
      interrupter.join();
    }
  }

  @Test
  void aReadThatIsStuckIsEndedByClosingTheSound() throws Exception {
    CountDownLatch stuck = new CountDownLatch(1);
    VideoSourceProvider live =
        new Other() {
          @Override
          public Optional<AudioSource> openAudio(
              VideoLocation location, Duration from, Optional<String> language) {
            AudioSource sound = super.openAudio(location, from, language).orElseThrow();
            return Optional.of(new StuckSound(sound, 3, stuck));
          }
        };
    try (MovieChat chat = fakes().video(live).build()) {
      Watching stopped = chat.start(FakeVideo.of(FRAMES), HEARD);
      stuck.await();
      while (stopped.progress().position().compareTo(FakeVideo.time(FRAMES - 1)) < 0) {
        Thread.sleep(1); // the movie says nothing of what is behind its last picture
      }
      stopped.stop();
      try (Movie movie = stopped.join()) {
        assertThat(movie.cues().list()).hasSize(3);
        assertThat(movie.cues().problem()).isEmpty();
      }
      Watching cancelled = chat.start(FakeVideo.of(FRAMES), HEARD);
      cancelled.cancel();
      assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> cancelled.join());
    }
  }

  /** Sound that stops coming, as a line that is still open; hears no interrupt. */
  private static final class StuckSound implements AudioSource {
    private final AudioSource sound;
    private final int seconds;
    private final CountDownLatch stuck;
    private final CountDownLatch closed = new CountDownLatch(1);
    private int read;

    StuckSound(AudioSource sound, int seconds, CountDownLatch stuck) {
      this.sound = sound;
      this.seconds = seconds;
      this.stuck = stuck;
    }

    @Override
    public int read(FloatBuffer into) {
      if (read++ == seconds) {
        stuck.countDown();
        boolean interrupted = false;
        while (true) {
          try {
            closed.await();
            break;
          } catch (InterruptedException e) {
            interrupted = true;
          }
        }
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
      return sound.read(into);
    }

    @Override
    public Duration time() {
      return sound.time();
    }

    @Override
    public Optional<String> language() {
      return sound.language();
    }

    @Override
    public void close() {
      sound.close();
      closed.countDown();
    }
  }

  @Test
  void questionsAreGivenWhatTheyWantOfWhatIsSaid() {
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(FRAMES), HEARD)) {
      assertThat(movie.ask("Who says 7?").cues())
          .extracting(Cue::text)
          .containsExactly("word 6", "word 7", "word 8");
      assertThat(movie.at(Duration.ofSeconds(5)).ask("Who says 7?").cues())
          .extracting(Cue::end)
          .allSatisfy(end -> assertThat(end).isLessThanOrEqualTo(Duration.ofSeconds(5)));
      assertThat(movie.search("7", 5)).hasSize(1);
      assertThat(movie.search("7", 5).get(0).reason()).isEqualTo("words");
      assertThat(movie.search("7", 5).get(0).cues()).hasSize(3);
      assertThat(movie.search("7", 5).get(0).representative()).isEqualTo(Duration.ofSeconds(7));
    }
  }

  @Test
  void progressTellsHowFarItWasHeard() {
    AtomicInteger most = new AtomicInteger();
    try (MovieChat chat = fakes().build();
        Movie movie =
            chat.watch(
                FakeVideo.of(FRAMES),
                HEARD.onProgress(
                    progress ->
                        most.accumulateAndGet((int) progress.heard().toSeconds(), Math::max),
                    Duration.ZERO))) {
      assertThat(most.get()).isBetween(0, 10);
      assertThat(movie.cues().list()).hasSize(10);
    }
  }

  /** Ten seconds: a title from 2 to 6, and a logo all the time. */
  private static List<TextRecognizer.Line> titles(Duration time) {
    TextRecognizer.Line logo = TextRecognizer.Line.of("Channel 7", 0.99);
    TextRecognizer.Line doubtful = TextRecognizer.Line.of("shadow", 0.5);
    return time.toSeconds() >= 2 && time.toSeconds() < 6
        ? List.of(TextRecognizer.Line.of("A film by Jane", 0.92), logo, doubtful)
        : List.of(logo, doubtful);
  }

  private static List<String> texts(Cues cues, Cue.Origin origin) {
    return texts(cues.only(cue -> cue.origin() == origin));
  }

  /** A time code that is burnt in, and credits that roll up beside it. */
  private static List<TextRecognizer.Line> codeAndCredits(Duration time) {
    long second = time.toSeconds();
    List<TextRecognizer.Line> lines = new ArrayList<>();
    lines.add(
        TextRecognizer.Line.of("00:00:%02d:13".formatted(second), 0.95)
            .withPlace(new TextRecognizer.Place(0.7, 0.9, 0.95, 0.95)));
    for (int row = 0; row < 5; row++) {
      double top = 0.9 + 0.15 * row - 0.2 * second;
      if (top > 0 && top < 0.95) {
        lines.add(
            TextRecognizer.Line.of("Gaffer " + "abcde".charAt(row), 0.95)
                .withPlace(new TextRecognizer.Place(0.3, top, 0.6, top + 0.05)));
      }
    }
    return lines;
  }

  @Test
  void aTimeCodeAndCreditsFloodNoCuesAndTheReadingIsTold() {
    AtomicInteger read = new AtomicInteger();
    WatchOptions options =
        WatchOptions.DEFAULT
            .withScreenText(
                new FakeText(WordsTest::codeAndCredits),
                OcrOptions.DEFAULT.withInterval(Duration.ofSeconds(1)))
            .onProgress(
                progress -> read.accumulateAndGet((int) progress.read().toSeconds(), Math::max),
                Duration.ZERO);
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(FRAMES), options)) {
      assertThat(texts(movie.cues(), Cue.Origin.SCREEN_TEXT))
          .containsExactlyInAnyOrder(
              "00:00:00:13 … 00:00:09:13", "Gaffer a\nGaffer b\nGaffer c\nGaffer d\nGaffer e");
      assertThat(read.get()).isBetween(0, 10);
    }
  }

  @Test
  void textInPicturesIsReadBesideWhatIsSaid() {
    WatchOptions read = HEARD.withScreenText(new FakeText(WordsTest::titles), OcrOptions.DEFAULT);
    try (MovieChat chat = fakes().build();
        Movie movie = chat.watch(FakeVideo.of(FRAMES), read)) {
      Cues cues = movie.cues();
      assertThat(texts(cues, Cue.Origin.SPEECH)).hasSize(10);
      assertThat(texts(cues, Cue.Origin.SCREEN_TEXT))
          .containsExactly("Channel 7", "A film by Jane");
      Cue title = cues.only(cue -> cue.text().startsWith("A film")).list().get(0);
      assertThat(title.start()).isEqualTo(Duration.ofSeconds(2));
      assertThat(title.end()).isEqualTo(Duration.ofSeconds(6));
      assertThat(cues.read()).isEqualTo(Duration.ofSeconds(10));
      assertThat(cues.problem()).isEmpty();

      // What is on at a moment is known, though it stays.
      Cues then = movie.at(Duration.ofSeconds(3)).cues();
      assertThat(texts(then, Cue.Origin.SCREEN_TEXT))
          .containsExactly("Channel 7", "A film by Jane");
      assertThat(then.list())
          .allSatisfy(c -> assertThat(c.end()).isLessThan(Duration.ofSeconds(4)));
      assertThat(movie.search("film by Jane", 3).get(0).cues()).contains(title);
    }
  }

  @Test
  void theChatsReaderReadsAndOptionsAddToWhatTheChatDoes() {
    try (MovieChat chat =
        fakes()
            .screenText(
                new FakeText(WordsTest::titles),
                OcrOptions.DEFAULT.withInterval(Duration.ofSeconds(1)).withMinProbability(0.95))
            .build()) {
      try (Movie movie = chat.watch(FakeVideo.of(FRAMES), HEARD)) {
        assertThat(texts(movie.cues(), Cue.Origin.SCREEN_TEXT)).containsExactly("Channel 7");
        assertThat(texts(movie.cues(), Cue.Origin.SPEECH)).hasSize(10);
      }
      try (Movie movie = chat.watch(FakeVideo.of(50), WatchOptions.DEFAULT.withoutWords())) {
        assertThat(movie.cues()).isEqualTo(Cues.NONE);
      }
    }
  }

  @Test
  void aReaderThatFailsAndLiveVideosAreTold() {
    FakeText failing =
        new FakeText(
            time -> {
              if (time.toSeconds() >= 4) {
                throw new InferenceException("the reader lost its glasses");
              }
              return titles(time);
            });
    try (MovieChat chat = fakes().build();
        Movie movie =
            chat.watch(FakeVideo.of(FRAMES), HEARD.withScreenText(failing, OcrOptions.DEFAULT))) {
      assertThat(movie.cues().problem()).contains("the reader lost its glasses");
      assertThat(movie.cues().read()).isEqualTo(Duration.ofSeconds(2));
      assertThat(texts(movie.cues(), Cue.Origin.SCREEN_TEXT))
          .containsExactly("Channel 7", "A film by Jane");
      assertThat(texts(movie.cues(), Cue.Origin.SPEECH)).hasSize(10);
    }
    VideoSourceProvider live =
        new Other() {
          @Override
          public boolean isLive(VideoLocation location) {
            return true;
          }
        };
    try (MovieChat chat = fakes().video(live).build();
        Movie movie =
            chat.watch(
                FakeVideo.of(FRAMES),
                HEARD.withScreenText(new FakeText(WordsTest::titles), OcrOptions.DEFAULT))) {
      assertThat(movie.cues().problem().orElseThrow()).contains("is live");
      assertThat(movie.cues().list()).hasSize(10);
    }
  }

  @Test
  void closingTheChatEndsReading() throws Exception {
    CountDownLatch there = new CountDownLatch(1);
    FakeText waiting =
        new FakeText(
            time -> {
              there.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                throw new CancellationException("interrupted");
              }
              return List.of();
            });
    Watching watching;
    try (MovieChat chat = fakes().build()) {
      watching =
          chat.start(FakeVideo.of(FRAMES), HEARD.withScreenText(waiting, OcrOptions.DEFAULT));
      there.await();
    }
    assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> watching.join());
  }
}
