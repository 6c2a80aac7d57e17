package io.moviechat.llm.remote;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.GenerationOptions;
import io.moviechat.InferenceException;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.MovieView;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who only asks a server needs neither native library on the class path. */
class RemoteClassesTest {
  /** Asks a server that is not there, in a JVM of its own. */
  static final class Asks {
    private Asks() {}

    public static void main(String[] arguments) {
      MovieView view = MovieView.of(new MemorySnapshot(new TokenShape(1, 1), List.of(), 0, 0));
      try (OpenAiChat chat =
              OpenAiChat.builder(URI.create("http://127.0.0.1:1/v1"), "any").build();
          AnswerSession session = chat.open(view)) {
        AnswerRequest request =
            AnswerRequest.of(
                "What happens?",
                GenerationOptions.builder().timeout(Duration.ofSeconds(1)).build());
        session.answer(request, text -> {});
      } catch (InferenceException e) {
        // Nobody listens there: all classes of an answer were loaded by then.
      }
    }
  }

  @Test
  void loadNoRuntimeAndNoTokenizer() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load:stdout",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Asks.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output)
        .contains("io.moviechat.llm.remote.ChatStream")
        .doesNotContain("org.bytedeco.")
        .doesNotContain("ai.djl.")
        .doesNotContain("io.moviechat.llm.internal.Ort")
        .doesNotContain("io.moviechat.llm.ModelBundle");
  }
}
