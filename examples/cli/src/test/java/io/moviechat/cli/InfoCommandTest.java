package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InfoCommandTest {
  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  @Test
  void describes_a_video() {
    Path clip = Clips.good(folder, 2);

    Ran ran = Ran.command("info", clip.toString());

    assertThat(ran.exitCode()).isZero();
    assertThat(ran.out())
        .containsPattern("video +" + clip)
        .containsPattern("codec +h264")
        .containsPattern("size +96 x 64")
        .containsPattern("rotation +0 degrees")
        .containsPattern("duration +00:00:02")
        .containsPattern("frames +20")
        .containsPattern("frame rate +10.000 per second");
  }

  @Test
  void describes_a_model_bundle() {
    Path model = Bundles.of(Bundles.SMOL_VLM);

    Ran ran = Ran.command("info", model.toString());

    assertThat(ran.exitCode()).isZero();
    assertThat(ran.out())
        .containsPattern("model +" + model)
        .containsPattern("frame +16 x 72 visual tokens")
        .containsPattern("context +holds \\d+ memory slots");
  }

  @Test
  void refuses_a_folder_that_is_no_model_bundle() {
    Ran ran = Ran.command("info", folder.toString());

    assertThat(ran.err()).startsWith("moviechat: ").contains(folder.toString(), "config.json");
    assertThat(ran.out()).isEmpty();
    assertThat(ran.exitCode()).isEqualTo(1);
  }
}
