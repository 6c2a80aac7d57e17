package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManPagesTest {
  @TempDir Path folder;

  @Test
  void everyCommandHasAPage() throws IOException {
    assertThat(ManPages.write(folder.toFile())).isZero();

    assertThat(folder.resolve("moviechat.adoc")).content().contains("moviechat-ask");
    assertThat(folder.resolve("moviechat-ask.adoc")).content().contains("--question", "--server");
    assertThat(folder.resolve("moviechat-model-pull.adoc")).content().contains("--mirror");
  }
}
