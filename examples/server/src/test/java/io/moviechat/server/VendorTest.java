package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.hash.Hashing;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class VendorTest {
  private static byte[] file(String name) throws Exception {
    try (InputStream in = VendorTest.class.getResourceAsStream("web/vendor/" + name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    }
  }

  @Test
  void vendoredCodeIsWhatItsReadmeSays() throws Exception {
    String readme = new String(file("README.md"), StandardCharsets.UTF_8);
    assertThat(readme).contains(Hashing.sha256().hashBytes(file("lit-html.js")).toString());
    assertThat(new String(file("lit-html.LICENSE"), StandardCharsets.UTF_8)).contains("BSD");
  }
}
