package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.llm.internal.Graph;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class VoiceActivityTest {
  private static final int BLOCK = VoiceActivity.BLOCK;

  @TestFactory
  Collection<DynamicTest> sileroAsItsOwnCode() {
    List<DynamicTest> tests = new ArrayList<>();
    for (Map.Entry<String, JsonNode> clip : SpeechData.expected("vad").path("clips").properties()) {
      if (SpeechData.clips().contains(clip.getKey())) {
        tests.add(dynamicTest(clip.getKey(), () -> silero(clip.getKey(), clip.getValue())));
      }
    }
    assertThat(tests).isNotEmpty();
    return tests;
  }

  private static void silero(String clip, JsonNode expected) {
    float[] pcm = SpeechData.pcm(clip);
    int speech = 0;
    try (Graph graph = Silero.openGraph();
        Silero silero = new Silero(graph)) {
      int windows = (pcm.length + BLOCK - 1) / BLOCK;
      assertThat(windows).isEqualTo(expected.path("windows").asInt());
      for (int i = 0; i < windows; i++) {
        float p = silero.judge(Arrays.copyOfRange(pcm, i * BLOCK, (i + 1) * BLOCK));
        speech += p >= 0.5 ? 1 : 0;
        if (i % 10 == 0 && i / 10 < expected.path("every10th").size()) {
          assertThat((double) p)
              .as("block %d", i)
              .isCloseTo(expected.path("every10th").path(i / 10).asDouble(), within(1e-3));
        }
      }
    }
    assertThat(speech).isEqualTo(expected.path("speechWindows").asInt());
  }

  /** Judges by a script: a digit is that many tenths. */
  private static VoiceActivity scripted(String tenths) {
    int[] at = {0};
    VoiceActivity voices =
        new VoiceActivity(
            new VoiceActivity.Judge() {
              @Override
              public float judge(float[] block) {
                return (tenths.charAt(at[0]++) - '0') / 10f;
              }

              @Override
              public boolean knowsVoices() {
                return false;
              }

              @Override
              public void reset() {}
            });
    float[] pcm = new float[BLOCK * tenths.length()];
    // In pieces of odd sizes, as they come from a decoder.
    for (int i = 0; i < pcm.length; i += 777) {
      voices.hear(pcm, i, Math.min(777, pcm.length - i));
    }
    return voices;
  }

  @Test
  void keepsFourTenthsOfASecondOnBothSides() {
    VoiceActivity voices = scripted("0".repeat(40) + "9".repeat(10) + "0".repeat(100));

    assertThat(voices.next(0)).isEqualTo(40 * BLOCK - 6400);
    assertThat(voices.next(41 * BLOCK)).isEqualTo(41 * BLOCK);
    assertThat(voices.next(50 * BLOCK + 6399)).isEqualTo(50 * BLOCK + 6399);
    assertThat(voices.next(50 * BLOCK + 6400)).isEqualTo(-1);
    assertThat(voices.within(0, 40 * BLOCK - 6400)).isEmpty();
    assertThat(voices.within(0, 45 * BLOCK))
        .contains(new VoiceActivity.Stretch(40 * BLOCK - 6400, 45 * BLOCK));
    assertThat(voices.within(45 * BLOCK, 150 * BLOCK))
        .contains(new VoiceActivity.Stretch(45 * BLOCK, 50 * BLOCK + 6400));
    assertThat(voices.known()).isEqualTo(150 * BLOCK - 6400);
  }

  @Test
  void aQuarterOfASecondIsTheShortest() {
    assertThat(scripted("0".repeat(20) + "9".repeat(7) + "0".repeat(60)).next(0)).isEqualTo(-1);
    assertThat(scripted("0".repeat(20) + "9".repeat(8) + "0".repeat(60)).next(0)).isPositive();
  }

  @Test
  void goesOnOverAHesitationAndAnUnsureVoice() {
    VoiceActivity voices = scripted("9".repeat(10) + "0".repeat(15) + "94".repeat(20) + "4444");

    assertThat(voices.known()).as("the voice has not ended").isZero();
    voices.end();
    assertThat(voices.next(65 * BLOCK)).isEqualTo(65 * BLOCK);
  }

  @Test
  void aPauseOfHalfASecondDivides() {
    VoiceActivity voices = scripted("9".repeat(10) + "0".repeat(60) + "9".repeat(10) + "0000");

    assertThat(voices.next(10 * BLOCK + 6400)).isEqualTo(70 * BLOCK - 6400);
  }
}
