package io.moviechat.llm.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedLibrariesTest {
  @Test
  void namesLibrariesAndTheirOtherVersions(@TempDir Path folder) throws IOException {
    Files.createFile(folder.resolve("libcublas.so.12"));
    Files.createFile(folder.resolve("libcudnn.so.9"));
    List<Path> folders = List.of(folder.resolve("missing"), folder);
    assertThat(SharedLibraries.find(folders, "libcudnn.so.9")).isPresent();
    assertThat(SharedLibraries.find(folders, "libcublas.so.13")).isEmpty();
    assertThat(SharedLibraries.otherVersions(folders, "libcublas.so.13"))
        .contains("libcublas.so.12");
  }
}
