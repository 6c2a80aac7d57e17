package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelImportCommandTest {
  @TempDir Path folder;

  private Ran imported(String... more) {
    List<String> line = new ArrayList<>(Originals.importCommand());
    line.addAll(List.of("--out", folder.resolve("bundle").toString()));
    line.addAll(List.of(more));
    return Ran.command(line.toArray(String[]::new));
  }

  @Test
  void makes_a_bundle_that_answers() {
    Ran ran = imported("--precision", "fp32", "--vit-heads", "4", "--qformer-heads", "4");

    assertThat(ran.err()).contains("writing decoder_model_merged.onnx");
    assertThat(ran.exitCode()).isZero();
    assertThat(ran.out()).contains("bundle", "MB", "million weights");

    Ran asked =
        Ran.command(
            "ask",
            "--model",
            folder.resolve("bundle").toString(),
            "--video",
            Clips.good(folder, 2).toString(),
            "--question",
            "What is the man doing?",
            "--max-new-tokens",
            "4",
            "--json");
    assertThat(asked.exitCode()).as(asked.err()).isZero();
    assertThat(asked.out()).contains("\"promptTokens\":144");
  }

  @Test
  void refuses_an_existing_folder_with_one_line() {
    Ran ran = imported("--out", folder.toString());

    assertThat(ran.exitCode()).isEqualTo(2); // --out twice

    Ran again = imported("--vit-heads", "4", "--qformer-heads", "4", "--precision", "fp32");
    assertThat(again.exitCode()).isZero();
    Ran refused = imported("--vit-heads", "4", "--qformer-heads", "4");
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.err()).startsWith("moviechat: ").contains("exists already").hasLineCount(1);
  }

  @Test
  void says_what_is_missing_and_what_is_wrong() {
    assertThat(Ran.command("model").exitCode()).isEqualTo(2);
    assertThat(Ran.command("model").err()).contains("import");
    Ran ran = Ran.command("model", "import", "--llama", "x");
    assertThat(ran.exitCode()).isEqualTo(2);
    assertThat(ran.err()).contains("--eva");
    assertThat(imported("--int4-block", "48").exitCode()).isEqualTo(2);
    assertThat(imported("--precision", "int3").exitCode()).isEqualTo(2);
  }
}
