package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.GenerationOptions;
import io.moviechat.TokenListener;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GraphRunEventTest {
  private static final Path BUNDLE = TestData.smolVlm();

  /** Of a position: 2 layers, keys and values, 3 heads of 12 floats. */
  private static final int CACHE = 2 * 2 * 3 * 12 * Float.BYTES;

  private static void answer(AnswerGenerator generator) {
    GenerationOptions options = GenerationOptions.builder().maxTokens(6).minTokens(6).build();
    try (AnswerSession session = generator.open(Views.ofSlots(2))) {
      session.answer(AnswerRequest.of("What happens?", options), TokenListener.NONE);
    }
  }

  @Test
  void everyRunTellsWhereItsBytesLie(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("recording.jfr");
    try (AnswerGenerator generator = ModelBundle.at(BUNDLE).openGenerator();
        Recording recording = new Recording()) {
      recording.enable("io.moviechat.GraphRun").withoutThreshold();
      recording.start();
      answer(generator);
      recording.dump(file);
    }
    List<RecordedEvent> steps =
        RecordingFile.readAllEvents(file).stream()
            .filter(event -> event.getString("graph").startsWith("decoder_model_merged"))
            .sorted(Comparator.comparing(RecordedEvent::getStartTime))
            .toList();
    assertThat(steps).hasSizeGreaterThanOrEqualTo(6);
    List<RecordedEvent> ofTokens = steps.subList(steps.size() - 5, steps.size());
    for (int i = 0; i < ofTokens.size(); i++) {
      assertThat(ofTokens.get(i).getBoolean("onCpu")).isTrue();
      assertThat(ofTokens.get(i).getLong("deviceBytes")).isZero();
      if (i > 0) {
        // One position more in the caches read, in those written, and in the mask.
        assertThat(ofTokens.get(i).getLong("hostBytes"))
            .isEqualTo(ofTokens.get(i - 1).getLong("hostBytes") + 2 * CACHE + Long.BYTES);
      }
    }
  }

  @Test
  void theRuntimeWritesAProfileOfEachGraphWhereThatIsAsked(@TempDir Path folder)
      throws IOException {
    System.setProperty("moviechat.onnxruntime.profile", folder.toString());
    try (AnswerGenerator generator = ModelBundle.at(BUNDLE).openGenerator()) {
      answer(generator);
    } finally {
      System.clearProperty("moviechat.onnxruntime.profile");
    }
    List<Path> profiles;
    try (Stream<Path> files = Files.list(folder)) {
      profiles = files.sorted().toList();
    }
    assertThat(profiles).hasSize(2);
    assertThat(profiles.get(0).getFileName().toString()).startsWith("decoder_model_merged");
    assertThat(profiles.get(1).getFileName().toString()).startsWith("embed_tokens");
    assertThat(Files.readString(profiles.get(0))).contains("model_run", "op_name");
  }
}
