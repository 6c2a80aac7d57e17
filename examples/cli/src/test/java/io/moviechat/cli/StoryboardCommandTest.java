package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoryboardCommandTest {
  @TempDir static Path clips;
  static Path clip;

  @TempDir Path folder;

  @BeforeAll
  static void makeClip() {
    clip = Clips.good(clips, 6);
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  @Test
  void draws_without_a_model() throws IOException {
    Path board = folder.resolve("board.png");

    Ran ran =
        Ran.command(
            "storyboard", "--video", clip.toString(), "--out", board.toString(), "--interval", "1");

    assertThat(ran.err()).isEqualTo("6 memory slots drawn to " + board + System.lineSeparator());
    assertThat(ran.out()).isEmpty();
    assertThat(ran.exitCode()).isZero();
    BufferedImage picture = ImageIO.read(board.toFile());
    assertThat(picture.getWidth()).isGreaterThan(700);
    assertThat(colors(picture)).as("the clip's colours are on the board").hasSizeGreaterThan(100);
  }

  private static Set<Integer> colors(BufferedImage picture) {
    Set<Integer> colors = new HashSet<>();
    for (int y = 0; y < picture.getHeight(); y += 3) {
      for (int x = 0; x < picture.getWidth(); x += 3) {
        colors.add(picture.getRGB(x, y));
      }
    }
    return colors;
  }

  @Test
  void draws_what_a_model_remembers_and_keeps_to_the_slots() {
    Path board = folder.resolve("board.png");

    Ran ran =
        Ran.command(
            "storyboard",
            "--video",
            clip.toString(),
            "--out",
            board.toString(),
            "--model",
            Bundles.of(Bundles.ONE_VISION).toString(),
            "--sampling",
            "every-frame",
            "--memory-slots",
            "4");

    assertThat(ran.err()).containsPattern("^[2-4] memory slots drawn to ");
    assertThat(board).isRegularFile();
  }

  @Test
  void a_missing_folder_is_found_out_before_watching() {
    Path board = folder.resolve("no/board.png");

    Ran ran = Ran.command("storyboard", "--video", clip.toString(), "--out", board.toString());

    assertThat(ran.err()).startsWith("moviechat: " + board).contains("folder is missing");
    assertThat(ran.exitCode()).isEqualTo(1);
    assertThat(Files.exists(board)).isFalse();
  }
}
