package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerFileTest {
  @TempDir Path folder;

  /** The library would cut 538 bytes off a merge of one, and end the process. */
  @Test
  void aPrefixThatNoMergeHasIsRefusedBeforeTheLibrarySeesIt() throws IOException {
    Problems problems = new Problems("bundle");
    assertThat(withPrefix("x".repeat(538), problems)).isEmpty();
    assertThat(problems.found()).hasSize(1);
    assertThat(problems.found().get(0)).contains("continuing_subword_prefix");
  }

  @Test
  void noPrefixAndAnEmptyOneAreUsual() throws IOException {
    Problems problems = new Problems("bundle");
    assertThat(withPrefix("", problems)).isPresent();
    assertThat(problems.isEmpty()).isTrue();
  }

  @Test
  void mergesAsPairsAreReadToo() throws IOException {
    Files.writeString(
        folder.resolve("tokenizer.json"),
        """
        {"model": {"type": "BPE", "merges": [["a", "##b"], ["c", "##d"]],
         "continuing_subword_prefix": "##", "vocab": {"a": 0, "##b": 1, "a##b": 7}}}
        """);
    Problems problems = new Problems("bundle");
    Optional<TokenizerFile> file = TokenizerFile.read(folder, problems);
    assertThat(problems.found()).isEmpty();
    assertThat(file.orElseThrow().largestId()).isEqualTo(7);
  }

  @Test
  void aFileIsReadOnceUntilItChanges() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    Problems problems = new Problems("bundle");
    FileTime before = FileTime.from(Instant.now().minusSeconds(60));
    Files.writeString(file, "{\"model\": {\"vocab\": {\"a\": 5}}}");
    Files.setLastModifiedTime(file, before);
    TokenizerFile first = TokenizerFile.read(folder, problems).orElseThrow();
    assertThat(TokenizerFile.read(folder, problems)).containsSame(first);
    Files.writeString(file, "{\"model\": {\"vocab\": {\"a\": 6}}}");
    assertThat(TokenizerFile.read(folder, problems).orElseThrow().largestId()).isEqualTo(6);
    // As young as that the clock may not tell the next change from this one.
    Files.writeString(file, "{\"model\": {\"vocab\": {\"a\": 7}}}");
    assertThat(TokenizerFile.read(folder, problems).orElseThrow().largestId()).isEqualTo(7);
  }

  private Optional<TokenizerFile> withPrefix(String prefix, Problems problems) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode json =
        (ObjectNode) mapper.readTree(TestData.smolVlm().resolve("tokenizer.json").toFile());
    ((ObjectNode) json.path("model")).put("continuing_subword_prefix", prefix);
    mapper.writeValue(folder.resolve("tokenizer.json").toFile(), json);
    return TokenizerFile.read(folder, problems);
  }
}
