package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.primitives.ImmutableDoubleArray;
import com.google.common.primitives.ImmutableIntArray;
import io.moviechat.llm.internal.Tokenizer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The rules of rules.json, which need no model: what openai/whisper makes of scripted attempts. */
class LongFormTest {
  private static final JsonNode RULES = SpeechData.expected("rules");

  private final SpeechSpec spec = SpeechBundle.at(SpeechData.bundle()).read();
  private final WhisperTokens tokens = spec.tokens();

  private static Collection<DynamicTest> each(
      JsonNode cases, String name, Consumer<JsonNode> test) {
    List<DynamicTest> tests = new ArrayList<>();
    cases.forEach(one -> tests.add(dynamicTest(one.path(name).asText(), () -> test.accept(one))));
    return tests;
  }

  @TestFactory
  Collection<DynamicTest> scores() {
    return each(RULES.path("scoreRules").path("cases"), "case", this::scores);
  }

  private void scores(JsonNode expected) {
    int number = expected.path("case").asInt();
    float[] scores = new float[tokens.count()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = (float) (5 * Math.sin(0.37 * i + 1.3 * number));
    }
    int[] written = ints(expected.path("generated")).toArray();
    SpeechScores rules = new SpeechScores(tokens, tokens.firstSuppressed().orElseThrow());
    rules.forbid(scores, written, written.length, true);
    int finite = 0;
    int words = 0;
    int first = -1;
    int last = -1;
    for (int i = 0; i < scores.length; i++) {
      if (scores[i] > Float.NEGATIVE_INFINITY) {
        finite++;
        words += tokens.isTime(i) ? 0 : 1;
        first = first < 0 ? i : first;
        last = i;
      }
    }
    assertThat(finite).isEqualTo(expected.path("finite").asInt());
    assertThat(words).isEqualTo(expected.path("finiteText").asInt());
    assertThat(first).isEqualTo(expected.path("firstFinite").asInt());
    assertThat(last).isEqualTo(expected.path("lastFinite").asInt());
    assertThat(SpeechScores.best(scores)).isEqualTo(expected.path("best").asInt());
  }

  @TestFactory
  Collection<DynamicTest> transcribe() {
    return each(RULES.path("transcribe"), "name", this::transcribe);
  }

  private void transcribe(JsonNode script) {
    try (Tokenizer tokenizer = spec.tokenizer().open()) {
      LongForm.Texts texts =
          ids -> {
            int[] words = ids.stream().filter(tokens::isWord).toArray();
            return words.length == 0 ? "" : tokenizer.decode(words, 0, words.length, true);
          };
      LongForm longForm =
          new LongForm(
              tokens,
              texts,
              LongForm.TEMPERATURES,
              script.path("options").path("condition_on_previous_text").asBoolean(true),
              223);
      Iterator<JsonNode> calls = script.path("calls").iterator();
      Iterator<JsonNode> segments = script.path("segments").iterator();
      int length = script.path("seconds").asInt() * 100;
      int seek = 0;
      StringBuilder text = new StringBuilder();
      for (int number = 0; seek < length; number++) {
        int window = number;
        int frames = Math.min(LogMel.FRAMES, length - seek);
        LongForm.Window result =
            longForm.next(
                frames,
                (temperature, prompt) ->
                    attempt(script.path("windows"), window, temperature, prompt, calls, texts));
        for (LongForm.Segment segment : result.segments()) {
          JsonNode expected = segments.next();
          double end = segment.end() < 0 ? frames / 100.0 : segment.end() / 50.0;
          assertThat(seek).isEqualTo(expected.path("seek").asInt());
          assertThat(seek / 100.0 + segment.start() / 50.0)
              .isCloseTo(expected.path("start").asDouble(), within(1e-6));
          assertThat(seek / 100.0 + end).isCloseTo(expected.path("end").asDouble(), within(1e-6));
          assertThat(segment.tokens()).isEqualTo(ints(expected.path("tokens")));
          assertThat(segment.text()).isEqualTo(expected.path("text").asText());
          assertThat(result.attempt().temperature())
              .isEqualTo(expected.path("temperature").asDouble());
          text.append(segment.text());
        }
        seek += result.advance();
      }
      assertThat(calls.hasNext()).as("more calls are expected").isFalse();
      assertThat(segments.hasNext()).as("more segments are expected").isFalse();
      assertThat(text.toString()).isEqualTo(script.path("text").asText());
    }
  }

  private static LongForm.Attempt attempt(
      JsonNode windows,
      int window,
      double temperature,
      ImmutableIntArray prompt,
      Iterator<JsonNode> calls,
      LongForm.Texts texts) {
    JsonNode call = calls.next();
    assertThat(window).isEqualTo(call.path("window").asInt());
    assertThat(temperature).isEqualTo(call.path("temperature").asDouble());
    assertThat(prompt.length()).isEqualTo(call.path("promptLength").asInt());
    ImmutableIntArray tail = ints(call.path("promptTail"));
    assertThat(prompt.subArray(prompt.length() - tail.length(), prompt.length())).isEqualTo(tail);
    JsonNode scripted = windows.path(Math.min(window, windows.size() - 1));
    String key = temperature == 0 ? "0" : String.format(Locale.ROOT, "%.1f", temperature);
    JsonNode result = scripted.path(scripted.has(key) ? key : "0");
    ImmutableIntArray ids = ints(result.path("tokens"));
    return new LongForm.Attempt(
        ids,
        ImmutableDoubleArray.of(),
        result.path("avgLogprob").asDouble(),
        result.path("noSpeechProb").asDouble(),
        texts.of(ids).strip(),
        temperature);
  }

  @TestFactory
  Collection<DynamicTest> repetition() {
    return each(
        RULES.path("compressionRatio"),
        "text",
        one -> {
          double size = one.path("utf8").asDouble();
          double packed = size / LongForm.repetition(one.path("text").asText());
          assertThat(packed).isCloseTo(one.path("zlib").asDouble(), within(2.0));
        });
  }

  @Test
  void exponentials() {
    for (double x = 0; x > -700; x -= 0.00137 + -x / 500) {
      assertThat(SpeechScores.exp(x) / Math.exp(x)).as("%s", x).isCloseTo(1, within(1e-11));
    }
  }

  /** openai/whisper's own loop would hear this window for ever. */
  @Test
  void goesOnBehindTwoTimesOfZero() {
    LongForm longForm = new LongForm(tokens, ids -> " a", List.of(0.0), false, 223);
    int zero = tokens.firstTime();
    ImmutableIntArray written = ImmutableIntArray.of(zero, zero, 5);

    LongForm.Window window =
        longForm.next(
            3000,
            (t, prompt) ->
                new LongForm.Attempt(written, ImmutableDoubleArray.of(), -0.1, 0, "a", t));

    assertThat(window.advance()).isEqualTo(3000);
  }

  @Test
  void tellsAtMostSoMuchOfWhatWasSaid() {
    LongForm longForm = new LongForm(tokens, ids -> " a", List.of(0.0), true, 4);
    ImmutableIntArray written =
        ImmutableIntArray.of(tokens.firstTime(), 1, 2, 3, tokens.firstTime() + 9);
    List<ImmutableIntArray> prompts = new ArrayList<>();

    for (int i = 0; i < 3; i++) {
      longForm.next(
          3000,
          (t, prompt) -> {
            prompts.add(prompt);
            return new LongForm.Attempt(written, ImmutableDoubleArray.of(), -0.1, 0, "a", t);
          });
    }

    assertThat(prompts.get(2)).isEqualTo(written.subArray(1, 5));
  }

  private static ImmutableIntArray ints(JsonNode list) {
    ImmutableIntArray.Builder ints = ImmutableIntArray.builder();
    list.forEach(value -> ints.add(value.asInt()));
    return ints.build();
  }
}
