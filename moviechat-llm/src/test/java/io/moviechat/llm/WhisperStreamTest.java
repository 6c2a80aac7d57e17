package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.google.common.collect.ImmutableList;
import io.moviechat.internal.NativeOwner;
import io.moviechat.llm.internal.FailingOrt;
import io.moviechat.speech.AudioSource;
import io.moviechat.speech.Cue;
import io.moviechat.speech.CueStream;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams of cues, from opening to closing. */
class WhisperStreamTest {
  private static final int RATE = AudioSource.SAMPLE_RATE;
  private static final SpeechOptions ENGLISH = SpeechOptions.DEFAULT.withLanguage("en");
  private static final Duration LONG = Duration.ofSeconds(60);

  private static Whisper whisper;
  private List<String> ownersBefore;
  private int tensorsBefore;

  @BeforeAll
  static void open() {
    // The bundle's words are random: without the warmer attempts tests are quick.
    whisper = SpeechBundle.at(SpeechData.bundle()).open(ImmutableList.of(0.0));
  }

  @AfterAll
  static void close() {
    whisper.close();
  }

  @BeforeEach
  void remember() {
    ownersBefore = NativeOwner.openOwners();
    tensorsBefore = FailingOrt.liveTensors();
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEqualTo(ownersBefore);
    assertThat(FailingOrt.liveTensors()).isEqualTo(tensorsBefore);
  }

  private static List<Cue> all(CueStream stream) {
    List<Cue> cues = new ArrayList<>();
    Duration before = stream.heard();
    for (Optional<List<Cue>> next = stream.next(); next.isPresent(); next = stream.next()) {
      cues.addAll(next.get());
      assertThat(stream.heard()).as("listening goes on").isGreaterThan(before);
      before = stream.heard();
    }
    return cues;
  }

  private static List<Cue> transcribe(AudioSource sound, SpeechOptions options) {
    try (CueStream stream = whisper.transcribe(sound, options)) {
      return all(stream);
    }
  }

  private static AudioSource clip(String name, Duration start) {
    float[] pcm = SpeechData.pcm(name);
    return SpeechData.sound(pcm.length, start, SpeechData.of(pcm));
  }

  /** White noise that is the same each time. */
  private static float noise(long sample) {
    long mixed = sample * 0x9E3779B97F4A7C15L;
    mixed ^= mixed >>> 29;
    mixed *= 0xBF58476D1CE4E5B9L;
    return (mixed >> 32) / (float) (1L << 31) * 0.3f;
  }

  @Test
  void cuesAreInOrderAndInsideOfTheSound() {
    for (String clip : SpeechData.clips()) {
      Duration start = Duration.ofMillis(726);
      Duration end = start.plusMillis(SpeechData.pcm(clip).length / 16);
      List<Cue> cues = transcribe(clip(clip, start), ENGLISH);
      assertThat(cues).isNotEmpty();
      Duration before = start;
      for (Cue cue : cues) {
        assertThat(cue.start()).isGreaterThanOrEqualTo(before);
        assertThat(cue.end()).isGreaterThan(cue.start()).isLessThanOrEqualTo(end);
        assertThat(cue.language()).contains("en");
        assertThat(cue.origin()).isEqualTo(Cue.Origin.SPEECH);
        assertThat(cue.probability().orElseThrow()).isBetween(0.0, 1.0);
        before = cue.end();
      }
    }
  }

  /** With warmer attempts too: what is drawn depends on the window alone. */
  @Test
  void theSameSoundGivesTheSameCues() {
    try (SpeechRecognizer other = SpeechBundle.at(SpeechData.bundle()).open()) {
      List<List<Cue>> twice = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        try (CueStream stream =
            other.transcribe(clip("libri-1088", Duration.ZERO), SpeechOptions.DEFAULT)) {
          twice.add(all(stream));
        }
      }
      assertThat(twice.get(1)).isEqualTo(twice.get(0));
    }
  }

  @Test
  void noCueInSilenceNoiseAndTone() {
    List<SpeechData.Wave> waves =
        List.of(
            sample -> 0,
            WhisperStreamTest::noise,
            sample -> (float) (0.5 * Math.sin(2 * Math.PI * 440 * sample / RATE)),
            sample -> sample % (4 * RATE) < RATE ? noise(sample) : 0);
    for (SpeechData.Wave wave : waves) {
      assertThat(transcribe(SpeechData.sound(90 * RATE, Duration.ZERO, wave), ENGLISH)).isEmpty();
    }
  }

  @Test
  void silenceAroundSpeechIsPassedOver() {
    float[] pcm = SpeechData.pcm("libri-1088");
    long before = 100L * RATE;
    AudioSource sound =
        SpeechData.sound(
            before + pcm.length + 50 * RATE,
            Duration.ZERO,
            i -> i >= before && i < before + pcm.length ? pcm[(int) (i - before)] : 0);
    List<Cue> cues = transcribe(sound, ENGLISH);
    assertThat(cues).isNotEmpty();
    assertThat(cues.get(0).start()).isGreaterThan(Duration.ofSeconds(99));
    assertThat(cues.get(cues.size() - 1).end()).isLessThan(Duration.ofSeconds(117));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 159, 160, 511, 513, 4000, 480_000})
  void soundsOfAnyLengthEnd(long samples) {
    assertThat(
            transcribe(SpeechData.sound(samples, Duration.ZERO, WhisperStreamTest::noise), ENGLISH))
        .isEmpty();
    try (CueStream stream =
        whisper.open(
            SpeechData.sound(samples, Duration.ZERO, WhisperStreamTest::noise),
            ENGLISH,
            new VoiceActivity.Loudness(),
            null)) {
      Duration end = Duration.ofNanos(samples * 62_500);
      all(stream).forEach(cue -> assertThat(cue.end()).isLessThanOrEqualTo(end.plusMillis(1)));
      assertThat(stream.next()).isEmpty();
    }
  }

  @Test
  void brokenSamplesAreHeardAsSilenceOrTheLoudest() {
    AudioSource sound =
        SpeechData.sound(
            10 * RATE,
            Duration.ZERO,
            i ->
                switch ((int) (i % 4)) {
                  case 0 -> Float.NaN;
                  case 1 -> Float.POSITIVE_INFINITY;
                  case 2 -> -1e30f;
                  default -> noise(i);
                });
    try (CueStream stream = whisper.open(sound, ENGLISH, new VoiceActivity.Loudness(), null)) {
      all(stream).forEach(cue -> assertThat(cue.text()).isNotBlank());
    }
  }

  /** Gives sound in two pieces with a gap between them. */
  private static AudioSource gapped(float[] pcm, Duration gap) {
    return new SpeechData.Sound(2L * pcm.length, Duration.ZERO, i -> pcm[(int) (i % pcm.length)]) {
      private long given;
      private Duration time = Duration.ZERO;

      @Override
      public int read(FloatBuffer into) {
        int room = (int) Math.min(into.remaining(), pcm.length - given % pcm.length);
        int limit = into.limit();
        into.limit(into.position() + room);
        int count = super.read(into);
        into.limit(limit);
        if (count > 0) {
          time = super.time().plus(given >= pcm.length ? gap : Duration.ZERO);
          given += count;
        }
        return count;
      }

      @Override
      public Duration time() {
        return time;
      }
    };
  }

  @Test
  void noWindowReachesOverAGap() {
    float[] pcm = SpeechData.pcm("libri-1088");
    Duration gap = Duration.ofMinutes(10);
    Duration end = Duration.ofNanos(pcm.length * 62_500L);
    List<Cue> alone = transcribe(clip("libri-1088", Duration.ZERO), ENGLISH);
    List<Cue> both = transcribe(gapped(pcm, gap), ENGLISH);

    assertThat(both).hasSize(2 * alone.size());
    for (int i = 0; i < alone.size(); i++) {
      Cue second = both.get(alone.size() + i);
      assertThat(both.get(i)).isEqualTo(alone.get(i));
      assertThat(second.text()).isEqualTo(alone.get(i).text());
      assertThat(second.start()).isEqualTo(alone.get(i).start().plus(end).plus(gap));
      assertThat(second.end()).isEqualTo(alone.get(i).end().plus(end).plus(gap));
    }
  }

  /** What was heard before a window changes nothing in it: nor does opening the sound there. */
  @Test
  void resumesWhereItWas() {
    float[] pcm = SpeechData.pcm("lj-long-opus");
    List<Cue> whole = transcribe(clip("lj-long-opus", Duration.ZERO), ENGLISH);
    List<Cue> parts = new ArrayList<>();
    Duration heard;
    try (CueStream stream = whisper.transcribe(clip("lj-long-opus", Duration.ZERO), ENGLISH)) {
      parts.addAll(stream.next().orElseThrow());
      parts.addAll(stream.next().orElseThrow());
      heard = stream.heard();
    }
    int from = (int) (heard.toNanos() / 62_500);
    AudioSource rest =
        SpeechData.sound(pcm.length - from, heard, sample -> pcm[(int) sample + from]);
    parts.addAll(transcribe(rest, ENGLISH));

    assertThat(parts).isEqualTo(whole);
  }

  /** The fourth window of this clip ends with a single time, long before the last voice. */
  @Test
  void aWindowThatSaysTooEarlyThatNobodySpeaksIsBelievedUpToThere() {
    List<Cue> cues = transcribe(clip("lj-long-opus", Duration.ZERO), ENGLISH);
    assertThat(cues).anyMatch(cue -> cue.start().compareTo(Duration.ofMillis(38_500)) > 0);
  }

  @Test
  void aLanguageIsTakenWhenItIsSure() {
    try (CueStream stream =
        whisper.transcribe(clip("jfk-late-aac", Duration.ZERO), SpeechOptions.DEFAULT)) {
      assertThat(stream.language()).isEmpty();
      List<Cue> cues = all(stream);
      assertThat(stream.language()).contains("ru");
      assertThat(cues).allSatisfy(cue -> assertThat(cue.language()).contains("ru"));
    }
  }

  /** Where no language is sure, what the container tells of the track; unless one is asked for. */
  @Test
  void theContainersLanguageIsAHint() {
    float[] one = SpeechData.pcm("jfk-late-aac");
    float[] mixed = unsure(one, SpeechData.pcm("libri-1088"));
    String likeliest = languageOf(mixed, Optional.empty(), SpeechOptions.DEFAULT);
    assertThat(likeliest).isIn("es", "ru");
    assertThat(languageOf(mixed, Optional.of("fr"), SpeechOptions.DEFAULT)).isEqualTo("fr");
    assertThat(languageOf(mixed, Optional.of("nowhere"), SpeechOptions.DEFAULT))
        .isEqualTo(likeliest);
    assertThat(languageOf(mixed, Optional.of("fr"), ENGLISH)).isEqualTo("en");
    assertThat(languageOf(one, Optional.of("fr"), SpeechOptions.DEFAULT)).isEqualTo("ru");
  }

  /** A mixture of two clips in which no language is likelier than a half. */
  private static float[] unsure(float[] one, float[] other) {
    for (int hundredths = 2; hundredths < 100; hundredths += 4) {
      float[] mixed = new float[Math.min(one.length, other.length)];
      for (int i = 0; i < mixed.length; i++) {
        mixed[i] = hundredths / 100f * one[i] + other[i];
      }
      try (WhisperStream stream = heard(mixed, Optional.empty(), SpeechOptions.DEFAULT)) {
        if (stream.languages().values().stream().allMatch(p -> p < 0.49)) {
          return mixed;
        }
      }
    }
    throw new AssertionError("a language is sure in each mixture");
  }

  private static WhisperStream heard(float[] pcm, Optional<String> told, SpeechOptions options) {
    AudioSource sound =
        new SpeechData.Sound(pcm.length, Duration.ZERO, SpeechData.of(pcm)) {
          @Override
          public Optional<String> language() {
            return told;
          }
        };
    WhisperStream stream = whisper.open(sound, options, new VoiceActivity.Loudness(), null);
    stream.lane().hear(new LogMel(whisper.spec().bands()).of(pcm, 0, pcm.length));
    return stream;
  }

  private static String languageOf(float[] pcm, Optional<String> told, SpeechOptions options) {
    try (WhisperStream stream = heard(pcm, told, options)) {
      int id = stream.languageId();
      return whisper.spec().tokens().languages().entrySet().stream()
          .filter(language -> language.getValue() == id)
          .findFirst()
          .orElseThrow()
          .getKey();
    }
  }

  /** The words of random weights repeat themselves without end. */
  @Test
  void noTextComesAThirdTimeInARow() {
    for (String clip : List.of("jfk-late-aac", "libri-1088")) {
      List<Cue> cues = transcribe(clip(clip, Duration.ZERO), ENGLISH);
      for (int i = 2; i < cues.size(); i++) {
        boolean alike =
            cues.get(i).text().equals(cues.get(i - 1).text())
                && cues.get(i).text().equals(cues.get(i - 2).text())
                && cues.get(i).start().equals(cues.get(i - 1).end());
        assertThat(alike).as("%s", cues.get(i)).isFalse();
      }
    }
  }

  @Test
  void anInterruptCancelsAndListeningMayGoOn() {
    List<Cue> whole = transcribe(clip("jfk-late-aac", Duration.ZERO), ENGLISH);
    try (CueStream stream = whisper.transcribe(clip("jfk-late-aac", Duration.ZERO), ENGLISH)) {
      List<Cue> cues = new ArrayList<>(stream.next().orElseThrow());
      Thread.currentThread().interrupt();
      assertThatThrownBy(stream::next).isInstanceOf(CancellationException.class);
      assertThat(Thread.interrupted()).isTrue();
      cues.addAll(all(stream));
      assertThat(cues).isEqualTo(whole);
    }
  }

  @Test
  void closingFromAnotherThreadEndsAStream() throws Exception {
    for (boolean wholeRecognizer : new boolean[] {false, true}) {
      Whisper own = SpeechBundle.at(SpeechData.bundle()).open(ImmutableList.of(0.0));
      CountDownLatch listening = new CountDownLatch(2);
      CueStream stream =
          own.open(
              SpeechData.sound(
                  3600L * RATE,
                  Duration.ZERO,
                  sample -> {
                    if (sample == 40L * RATE) {
                      listening.countDown();
                    }
                    return noise(sample);
                  }),
              ENGLISH,
              new VoiceActivity.Loudness(),
              null);
      AtomicReference<Throwable> end = new AtomicReference<>();
      Thread thread =
          new Thread(
              () -> {
                try {
                  listening.countDown();
                  while (stream.next().isPresent()) {
                    // Until it is closed.
                  }
                } catch (RuntimeException e) {
                  end.set(e);
                }
              });
      thread.start();
      listening.await();
      if (wholeRecognizer) {
        own.close();
      } else {
        stream.close();
      }
      assertTimeoutPreemptively(LONG, () -> thread.join());
      assertThat(end.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("clos");
      own.close();
      assertThatThrownBy(() -> own.transcribe(SpeechData.sound(1, Duration.ZERO, s -> 0), ENGLISH))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("is closed");
    }
  }

  @Test
  void streamsSideBySide() throws Exception {
    List<Cue> alone = transcribe(clip("libri-1088", Duration.ZERO), ENGLISH);
    List<List<Cue>> results = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Thread thread =
          new Thread(
              () -> {
                List<Cue> cues = transcribe(clip("libri-1088", Duration.ZERO), ENGLISH);
                synchronized (results) {
                  results.add(cues);
                }
              });
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      assertTimeoutPreemptively(LONG, () -> thread.join());
    }
    assertThat(results).hasSize(3).allSatisfy(cues -> assertThat(cues).isEqualTo(alone));
  }

  /**
   * Two minutes, or as many as {@code -Dmoviechat.speech.minutes} says. Native memory is counted by
   * tensors and, where the system tells it, by what is resident.
   */
  @Test
  void memoryDoesNotGrowWithTheFilm() throws IOException {
    long minutes = Long.getLong("moviechat.speech.minutes", 2);
    try (CueStream stream =
        whisper.open(
            SpeechData.sound(minutes * 60 * RATE, Duration.ZERO, WhisperStreamTest::noise),
            ENGLISH,
            new VoiceActivity.Loudness(),
            null)) {
      while (stream.heard().compareTo(Duration.ofSeconds(60)) < 0) {
        stream.next();
      }
      int tensors = FailingOrt.liveTensors();
      long heap = heap();
      long resident = resident();
      while (stream.next().isPresent()) {
        assertThat(FailingOrt.liveTensors()).isEqualTo(tensors);
      }
      assertThat(stream.heard()).isGreaterThan(Duration.ofMinutes(minutes).minusSeconds(1));
      assertThat(heap() - heap).isLessThan(8 << 20);
      assertThat(resident() - resident).isLessThan(64 << 20);
    }
  }

  private static long heap() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private static long resident() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return 0;
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
        .findFirst()
        .orElse(0);
  }
}
