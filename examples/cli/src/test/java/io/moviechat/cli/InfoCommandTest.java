package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
        .containsPattern("frame rate +10.000 per second")
        .containsPattern("damage +not looked for; --decode does");
  }

  @Test
  void counts_frames_and_damage_by_decoding() throws IOException {
    Path clip = Clips.good(folder, 2);

    assertThat(Ran.command("info", "--decode", clip.toString()).out())
        .containsPattern("decoded +20 frames, last at 00:00:01.9")
        .containsPattern("damage +0 frames left out");

    byte[] bytes = Files.readAllBytes(clip);
    Arrays.fill(bytes, bytes.length / 3, bytes.length / 3 + 400, (byte) 0x55);
    Files.write(clip, bytes);
    Ran ran = Ran.command("info", "--decode", clip.toString());

    assertThat(ran.exitCode()).isZero();
    assertThat(ran.out()).containsPattern("damage +[1-9][0-9]* frames left out");
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
