package io.moviechat.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VideoFingerprintTest {
  @TempDir Path folder;

  private Path file(String name, byte[] content) throws IOException {
    return Files.write(folder.resolve(name), content);
  }

  @Test
  void dependsOnTheContentAtBothEndsAndTheLength() throws IOException {
    byte[] content = new byte[3 << 20];
    var original = VideoFingerprint.of(file("a", content));
    assertThat(original).isPresent();
    assertThat(VideoFingerprint.of(file("b", content))).isEqualTo(original);
    assertThat(VideoFingerprint.of(file("c", new byte[(3 << 20) + 1]))).isNotEqualTo(original);
    content[5] = 1;
    assertThat(VideoFingerprint.of(file("d", content))).isNotEqualTo(original);
    content[5] = 0;
    content[content.length - 1] = 1;
    assertThat(VideoFingerprint.of(file("e", content))).isNotEqualTo(original);
    assertThat(VideoFingerprint.of(file("empty", new byte[0]))).isPresent();
  }

  @Test
  void isEmptyForWhatIsNoFile() {
    assertThat(VideoFingerprint.of(folder)).isEmpty();
    assertThat(VideoFingerprint.of(folder.resolve("missing"))).isEmpty();
  }
}
