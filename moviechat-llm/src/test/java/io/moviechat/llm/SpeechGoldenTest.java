package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableIntArray;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.Graph;
import io.moviechat.speech.SpeechOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** openai/whisper's own results, on clips of real speech and a bundle of random weights. */
class SpeechGoldenTest {
  private static final double MEL = 2e-4;
  private static final double ENCODER = 5e-3;
  private static final double LIKELIHOOD = 2e-3;
  private static final double PROBABILITY = 5e-3;

  /** Every block may be speech, so that windows follow each other as in the goldens. */
  private static final class Everything implements VoiceActivity.Judge {
    @Override
    public float judge(float[] block) {
      return 1;
    }

    @Override
    public boolean knowsVoices() {
      return false;
    }

    @Override
    public void reset() {}
  }

  private static Collection<DynamicTest> clips(Consumer<String> test) {
    return SpeechData.clips().stream()
        .map(clip -> dynamicTest(clip, () -> test.accept(clip)))
        .toList();
  }

  private static WhisperStream open(Whisper whisper, String clip, SpeechOptions options) {
    float[] pcm = SpeechData.pcm(clip);
    double lead = SpeechData.expected(clip).path("leadSeconds").asDouble();
    return whisper.open(
        SpeechData.sound(pcm.length, millis(lead), SpeechData.of(pcm)),
        options,
        new Everything(),
        null);
  }

  private static Duration millis(double seconds) {
    return Duration.ofMillis(Math.round(seconds * 1000));
  }

  @TestFactory
  Collection<DynamicTest> features() {
    return clips(
        clip -> {
          JsonNode expected = SpeechData.expected(clip);
          float[] pcm = SpeechData.pcm(clip);
          assertThat(pcm).hasSize(expected.path("pcm").path("samples").asInt());
          for (String set : List.of("mel", "melOther")) {
            JsonNode mel = expected.path(set);
            int bands = mel.path("shape").path(0).asInt();
            LogMel logMel = new LogMel(bands);
            float[] values = logMel.of(pcm, 0, Math.min(pcm.length, LogMel.SAMPLES));
            for (Map.Entry<String, JsonNode> column : mel.path("columns").properties()) {
              int t = Integer.parseInt(column.getKey());
              for (int band = 0; band < bands; band++) {
                assertThat((double) values[band * LogMel.FRAMES + t])
                    .as("%s %s of frame %d, band %d", clip, set, t, band)
                    .isCloseTo(column.getValue().path(band).asDouble(), within(MEL));
              }
            }
          }
        });
  }

  @TestFactory
  Collection<DynamicTest> wholeFeatures() throws Exception {
    List<DynamicTest> tests = new ArrayList<>();
    try (var files = Files.list(SpeechData.goldens().resolve("expected"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".f32")).sorted().toList()) {
        String name = file.getFileName().toString();
        String clip = name.substring(0, name.indexOf(".mel-"));
        List<String> shape =
            Splitter.onPattern("[x.]").splitToList(name.substring(name.indexOf(".mel-") + 5));
        int bands = Integer.parseInt(shape.get(0));
        int columns = Integer.parseInt(shape.get(1));
        tests.add(
            dynamicTest(
                name,
                () -> {
                  float[] expected = TestData.floats(file);
                  float[] pcm = SpeechData.pcm(clip);
                  float[] values =
                      new LogMel(bands).of(pcm, 0, Math.min(pcm.length, LogMel.SAMPLES));
                  for (int band = 0; band < bands; band++) {
                    for (int t = 0; t < columns; t++) {
                      assertThat((double) values[band * LogMel.FRAMES + t])
                          .as("frame %d, band %d", t, band)
                          .isCloseTo(expected[band * columns + t], within(MEL));
                    }
                  }
                }));
      }
    }
    return tests;
  }

  @TestFactory
  Collection<DynamicTest> encoderStates() {
    return clips(
        clip -> {
          JsonNode expected = SpeechData.expected(clip).path("encoder");
          SpeechSpec spec = SpeechBundle.at(SpeechData.bundle()).read();
          float[] pcm = SpeechData.pcm(clip);
          try (ResourceStack opened = new ResourceStack()) {
            Graph encoder = opened.push(Graph.open(spec.encoder(), 0));
            Graph decoder = opened.push(Graph.open(spec.decoder(), 0));
            SpeechLane lane = opened.push(new SpeechLane(encoder, decoder, spec, 4));
            lane.hear(new LogMel(spec.bands()).of(pcm, 0, Math.min(pcm.length, LogMel.SAMPLES)));
            float[] states = lane.states();
            for (Map.Entry<String, JsonNode> row : expected.path("rows").properties()) {
              int from = Integer.parseInt(row.getKey()) * spec.width();
              for (int i = 0; i < spec.width(); i++) {
                assertThat((double) states[from + i])
                    .as("row %s, value %d", row.getKey(), i)
                    .isCloseTo(row.getValue().path(i).asDouble(), within(ENCODER));
              }
            }
          }
        });
  }

  @TestFactory
  Collection<DynamicTest> languagesAndWordsAlone() {
    return clips(
        clip -> {
          JsonNode expected = SpeechData.expected(clip);
          try (Whisper whisper = SpeechBundle.at(SpeechData.bundle()).open(ImmutableList.of(0.0));
              WhisperStream stream =
                  open(whisper, clip, SpeechOptions.DEFAULT.withLanguage("en"))) {
            assertThat(stream.nextWindow()).isPresent();
            Map<String, Double> languages = stream.languages();
            JsonNode probabilities = expected.path("language").path("probabilities");
            assertThat(languages).hasSize(probabilities.size());
            languages.forEach(
                (code, p) ->
                    assertThat(p)
                        .as(code)
                        .isCloseTo(probabilities.path(code).asDouble(), within(PROBABILITY)));
            JsonNode words = expected.path("withoutTimestamps");
            LongForm.Attempt attempt =
                stream.attempt(
                    0, ImmutableIntArray.of(), words.path("prompt").path(1).asInt(), false);
            assertThat(attempt.tokens().asList()).isEqualTo(ints(words.path("tokens")));
            assertThat(attempt.text()).isEqualTo(words.path("text").asText().strip());
            assertThat(attempt.likelihood())
                .isCloseTo(words.path("avgLogprob").asDouble(), within(LIKELIHOOD));
            assertThat(attempt.noSpeech())
                .isCloseTo(words.path("noSpeechProb").asDouble(), within(PROBABILITY));
          }
        });
  }

  @TestFactory
  Collection<DynamicTest> longForm() {
    return clips(clip -> longForm(clip, "longForm", SpeechOptions.DEFAULT));
  }

  @TestFactory
  Collection<DynamicTest> longFormToldWhatWasSaid() {
    return clips(
        clip -> longForm(clip, "longFormConditioned", SpeechOptions.DEFAULT.withTextBefore(true)));
  }

  private static void longForm(String clip, String set, SpeechOptions options) {
    JsonNode expected = SpeechData.expected(clip).path(set);
    double lead = SpeechData.expected(clip).path("leadSeconds").asDouble();
    Iterator<JsonNode> segments = expected.path("segments").iterator();
    try (Whisper whisper = SpeechBundle.at(SpeechData.bundle()).open(ImmutableList.of(0.0));
        WhisperStream stream = open(whisper, clip, options.withLanguage("en"))) {
      for (JsonNode window : expected.path("windows")) {
        int seek = window.path("seek").asInt();
        assertThat(stream.heard().toMillis() / 1000.0)
            .as("window at %d", seek)
            .isCloseTo(seek == 0 ? 0 : lead + seek / 100.0, within(1e-3));
        Optional<LongForm.Window> heard = stream.nextWindow();
        assertThat(heard).as("window at %d", seek).isPresent();
        LongForm.Attempt attempt = heard.get().attempt();
        assertThat(attempt.tokens().asList())
            .as("tokens of window %d", seek)
            .isEqualTo(ints(window.path("tokens")));
        assertThat(attempt.likelihood())
            .isCloseTo(window.path("avgLogprob").asDouble(), within(LIKELIHOOD));
        assertThat(attempt.noSpeech())
            .isCloseTo(window.path("noSpeechProb").asDouble(), within(PROBABILITY));
        assertThat(LongForm.repetition(attempt.text()))
            .isCloseTo(window.path("compressionRatio").asDouble(), within(0.2));
        for (LongForm.Segment segment : heard.get().segments()) {
          if (segment.text().isEmpty()) {
            continue;
          }
          JsonNode next = segments.next();
          assertThat(segment.tokens().asList()).isEqualTo(ints(next.path("tokens")));
          assertThat(segment.text()).isEqualTo(next.path("text").asText());
          assertThat(seek / 100.0 + segment.start() / 50.0)
              .isCloseTo(next.path("start").asDouble(), within(1e-6));
          assertThat(seek / 100.0 + segment.end() / 50.0)
              .isCloseTo(next.path("end").asDouble(), within(1e-6));
        }
        assertThat(seek + heard.get().advance())
            .as("next window after %d", seek)
            .isEqualTo(window.path("nextSeek").asInt());
        stream.advance(heard.get().advance() * LogMel.HOP);
      }
      assertThat(segments.hasNext()).isFalse();
      assertThat(stream.next()).isEmpty();
    }
  }

  private static List<Integer> ints(JsonNode list) {
    List<Integer> ints = new ArrayList<>();
    list.forEach(value -> ints.add(value.asInt()));
    return ints;
  }
}
