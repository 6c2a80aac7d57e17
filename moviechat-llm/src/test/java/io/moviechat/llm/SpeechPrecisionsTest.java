package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.Cue;
import io.moviechat.speech.CueStream;
import io.moviechat.speech.SpeechOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The bundle of random weights in the precisions that exports come in, made by {@code
 * quantize_speech.py}: whatever the graphs' inputs and outputs are, the same words are scored
 * alike.
 */
class SpeechPrecisionsTest {
  private static final String CLIP = "libri-1088";
  private static final SpeechOptions ENGLISH = SpeechOptions.DEFAULT.withLanguage("en");

  @TempDir Path temp;
  private Path bundle;

  @BeforeEach
  void make() throws IOException {
    bundle = TestData.copy(TestData.speech(), temp.resolve("bundle"));
    try (Stream<Path> graphs =
        Files.list(TestData.resource("speech").resolve("speech-tiny-small"))) {
      for (Path graph : graphs.toList()) {
        Files.copy(graph, bundle.resolve("onnx").resolve(graph.getFileName().toString()));
      }
    }
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private Whisper open(Precision encoder, Precision decoder) {
    return SpeechBundle.at(bundle)
        .withPrecision(encoder, decoder)
        .withThreads(1)
        .open(List.of(0.0));
  }

  /** States of a window, and the scores behind each of some tokens. */
  private static List<float[]> run(Whisper whisper, int[] words) {
    float[] pcm = SpeechData.pcm(CLIP);
    try (WhisperStream stream =
        whisper.open(
            SpeechData.sound(pcm.length, Duration.ZERO, SpeechData.of(pcm)),
            ENGLISH,
            new VoiceActivity.Loudness(),
            null)) {
      SpeechLane lane = stream.lane();
      lane.hear(
          new LogMel(whisper.spec().bands()).of(pcm, 0, Math.min(pcm.length, LogMel.SAMPLES)));
      List<float[]> run = new ArrayList<>();
      run.add(lane.states());
      WhisperTokens tokens = whisper.spec().tokens();
      lane.read(new int[] {tokens.start(), tokens.language("en"), tokens.transcribe()}, 0);
      for (int word : words) {
        run.add(lane.scores().clone());
        lane.write(word);
      }
      run.add(lane.scores().clone());
      return run;
    }
  }

  private static double cosine(float[] a, float[] b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
    return ab / Math.sqrt(aa * bb);
  }

  /** Bounds are for these graphs: few, random weights lose more than many trained ones. */
  @ParameterizedTest
  @CsvSource({"FP16, 0.9999", "Q8, 0.995", "Q4, 0.9"})
  void theSameWordsAreScoredAlike(Precision precision, double least) {
    int[] words = {65, 70, 80, 90, 100, 110, 120, 65, 66, 67, 68, 69};
    List<float[]> exact;
    try (Whisper whisper = open(Precision.FP32, Precision.FP32)) {
      exact = run(whisper, words);
    }
    try (Whisper whisper = open(precision, precision)) {
      List<float[]> run = run(whisper, words);
      for (int i = 0; i < run.size(); i++) {
        assertThat(run.get(i)).hasSameSizeAs(exact.get(i));
        assertThat(cosine(run.get(i), exact.get(i)))
            .as("%s, %s", precision, i)
            .isGreaterThan(least);
      }
    }
  }

  /** Exact states for a small decoder, as AUTO takes them, and the reverse. */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FP16", "Q8", "Q4"})
  void wholeClipsAreHeardAlsoWithMixedGraphs(Precision small) {
    for (Precision[] pair :
        new Precision[][] {{small, small}, {Precision.FP32, small}, {small, Precision.FP32}}) {
      float[] pcm = SpeechData.pcm(CLIP);
      try (Whisper whisper = open(pair[0], pair[1]);
          CueStream stream =
              whisper.transcribe(
                  SpeechData.sound(pcm.length, Duration.ZERO, SpeechData.of(pcm)), ENGLISH)) {
        List<Cue> cues = new ArrayList<>();
        Optional<List<Cue>> next = stream.next();
        while (next.isPresent()) {
          cues.addAll(next.get());
          next = stream.next();
        }
        assertThat(cues).as("%s, %s", pair[0], pair[1]).isNotEmpty();
        assertThat(stream.heard()).isEqualTo(Duration.ofNanos(pcm.length * 62_500L));
      }
    }
  }

  @Test
  void autoTakesTheSmallestDecoderAndTheMostExactEncoder() {
    SpeechSpec spec = SpeechBundle.at(bundle).read();
    assertThat(spec.encoder().file().getFileName()).hasToString("encoder_model.onnx");
    assertThat(spec.decoder().file().getFileName()).hasToString("decoder_model_merged_q4.onnx");
  }
}
