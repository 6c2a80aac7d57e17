package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.GenerationOptions;
import io.moviechat.MovieChatException;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.internal.NativeOwner;
import io.moviechat.llm.internal.FailingOrt;
import io.moviechat.llm.internal.OrtException;
import io.moviechat.speech.CueStream;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Openings of several native steps are all or nothing, whichever step fails. */
class OpeningsTest {
  /** Opens, uses and closes something. */
  private interface Use {
    void run();
  }

  private static void failsAtEachStep(Use use) {
    use.run(); // what is loaded once for the process
    List<String> owners = NativeOwner.openOwners();
    int tensors = FailingOrt.liveTensors();
    boolean failed = true;
    int steps = 0;
    for (; failed; steps++) {
      try (FailingOrt ort = FailingOrt.after(steps)) {
        try {
          use.run();
          failed = ort.refused();
        } catch (MovieChatException | OrtException e) {
          assertThat(ort.refused()).as(String.valueOf(e)).isTrue();
        }
      }
      assertThat(NativeOwner.openOwners()).as("step %d failed", steps).isEqualTo(owners);
      assertThat(FailingOrt.liveTensors()).as("step %d failed", steps).isEqualTo(tensors);
    }
    assertThat(steps).isGreaterThan(10);
  }

  private static ModelBundle bundle(String name) {
    Path folder = TestData.resource("fixtures").resolve(name);
    JsonNode expected = FixturesGoldenTest.json(folder.resolve("expected.json"));
    return FixturesGoldenTest.bundle(folder, expected, 0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"vlm-tiny-smolvlm", "vlm-tiny-lfm2-vl", "vlm-tiny-qwen2-vl"})
  void encoders(String name) {
    failsAtEachStep(
        () -> {
          try (FrameEncoder encoder = bundle(name).openEncoder()) {
            assertThat(encoder.shape().tokens()).isPositive();
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"vlm-tiny-smolvlm", "vlm-tiny-lfm2-vl"})
  void generators(String name) {
    failsAtEachStep(
        () -> {
          try (AnswerGenerator generator = bundle(name).openGenerator()) {
            assertThat(generator.tokenWidth()).isPresent();
          }
        });
  }

  @Test
  void speech() {
    failsAtEachStep(
        () -> {
          try (SpeechRecognizer recognizer = SpeechBundle.at(SpeechData.bundle()).open()) {
            assertThat(recognizer.name()).isNotEmpty();
          }
        });
    try (SpeechRecognizer recognizer = SpeechBundle.at(SpeechData.bundle()).open()) {
      failsAtEachStep(
          () -> {
            try (CueStream stream =
                recognizer.transcribe(
                    SpeechData.sound(600, Duration.ZERO, sample -> 0), SpeechOptions.DEFAULT)) {
              stream.next();
            }
          });
    }
  }

  /** A lane and its caches are opened by each answer. */
  @ParameterizedTest
  @ValueSource(strings = {"vlm-tiny-smolvlm", "vlm-tiny-lfm2-vl"})
  void answers(String name) {
    try (AnswerGenerator generator = bundle(name).openGenerator()) {
      AnswerRequest request =
          AnswerRequest.of("Why?", GenerationOptions.builder().maxTokens(2).minTokens(2).build());
      failsAtEachStep(
          () -> {
            TokenShape shape = new TokenShape(1, generator.tokenWidth().orElseThrow());
            try (AnswerSession session = generator.open(Views.ofSlots(shape, 0))) {
              session.answer(request, TokenListener.NONE);
            }
          });
    }
  }
}
