package io.moviechat.llm.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.llm.TestData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class TokenizersNativeTest {
  /** Opens a tokenizer in a JVM of its own. */
  static final class Opens {
    private Opens() {}

    public static void main(String[] arguments) throws IOException {
      Path file = Path.of(arguments[0]);
      try (Tokenizer tokenizer = new Tokenizer(Files.readString(file))) {
        if (tokenizer.encode("What happens?", true).length == 0) {
          throw new IllegalStateException("no ids");
        }
      }
    }
  }

  @Test
  void touchesNeitherTheNetworkNorTheRestOfDjl() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load:stdout",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Opens.class.getName(),
                TestData.smolVlm().resolve("tokenizer.json").toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output)
        .contains("ai.djl.huggingface.tokenizers.jni.TokenizersLibrary")
        .doesNotContain("ai.djl.util")
        .doesNotContain("ai.djl.huggingface.tokenizers.jni.LibUtils")
        .doesNotContain("com.sun.jna")
        .doesNotContain("sun.net.www.protocol.http.HttpURLConnection")
        .doesNotContain("jdk.internal.net.http.HttpClientImpl");
  }
}
