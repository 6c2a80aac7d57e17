package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DoctorCommandTest {
  @Test
  void shows_all_that_is_needed_and_finds_it_well() {
    Ran ran = Ran.command("doctor");

    assertThat(ran.err()).isEmpty();
    assertThat(ran.exitCode()).isZero();
    assertThat(ran.out())
        .containsPattern("Java +\\S+.* " + Runtime.version().feature())
        .containsPattern("ONNX Runtime +\\d+\\.\\d+")
        .containsPattern("Tokenizers +native library loaded")
        .containsPattern("CUDA +\\S")
        .containsPattern("JavaCPP +\\d+\\.\\d+\\S* for ")
        .containsPattern("FFmpeg +\\S+")
        .containsPattern("ND4J +\\w+Backend")
        .containsPattern("Video +ffmpeg")
        .containsPattern("Memory +moviechat, ")
        .doesNotContain("! ");
  }
}
