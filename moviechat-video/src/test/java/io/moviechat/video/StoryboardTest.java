package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VideoSource;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoryboardTest {
  private static final TokenShape SHAPE = new TokenShape(1, 1);

  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  static MemorySnapshot memory(int slots, Duration length) {
    List<MemorySlot> all = new ArrayList<>();
    long frames = 0;
    for (int i = 0; i < slots; i++) {
      Duration start = length.multipliedBy(i).dividedBy(slots);
      Duration end = length.multipliedBy(i + 1).dividedBy(slots);
      long weight = 1 + (i * 7L) % 30;
      frames += weight;
      all.add(
          MemorySlot.of(
              MemorySlot.Tier.LONG_TERM,
              start,
              end,
              weight,
              start.plus(end).dividedBy(2),
              1,
              SHAPE,
              FloatBuffer.allocate(1)));
    }
    return new MemorySnapshot(SHAPE, all, frames, 0);
  }

  @Test
  void showsAPictureForEachSlot() throws IOException {
    Path file = folder.resolve("board.png");
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file("bunny.mp4"))) {
      Storyboard.of(memory(10, Duration.ofSeconds(8)), video).title("Bunny").write(file);
    }
    BufferedImage board = ImageIO.read(file.toFile());
    assertThat(board.getWidth()).isBetween(720, 4000);
    Set<Integer> colours = new HashSet<>();
    for (int x = 0; x < board.getWidth(); x += 3) {
      for (int y = 0; y < board.getHeight(); y += 3) {
        colours.add(board.getRGB(x, y));
      }
    }
    assertThat(colours).hasSizeGreaterThan(2000);
    assertThat(folder.toFile().list()).containsExactly("board.png");
  }

  @Test
  void worksForAnyNumberOfSlotsAndWithoutPictures() {
    for (int slots : new int[] {1, 2, 5, 31, 81, 256}) {
      BufferedImage board =
          Storyboard.of(memory(slots, Duration.ofHours(2)), MovieView.Pictures.NONE).draw();
      assertThat(board.getWidth()).as("%d slots", slots).isBetween(700, 12_000);
      assertThat((double) board.getWidth() / board.getHeight())
          .as("%d slots", slots)
          .isBetween(0.7, 3.2);
    }
  }

  @Test
  void refusesAnEmptyMemory() {
    Storyboard board = Storyboard.of(MemorySnapshot.empty(SHAPE), MovieView.Pictures.NONE);
    assertThatThrownBy(() -> board.write(folder.resolve("board.png")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void exportsKeyFramesAsPictures() throws IOException {
    FrameFormat format = FrameFormat.inside(160, 160, Resampling.BICUBIC);
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file("bunny.mp4"))) {
      for (FrameImages.Type type : FrameImages.Type.values()) {
        List<Path> files =
            FrameImages.export(
                video, FrameSampling.keyframes(), format, folder.resolve("keys"), type);
        assertThat(files).hasSize(5);
        assertThat(files.get(1).getFileName().toString()).startsWith("00-00-02.500.");
        BufferedImage picture = ImageIO.read(files.get(1).toFile());
        assertThat(picture.getWidth()).isEqualTo(160);
        assertThat(picture.getHeight()).isEqualTo(90);
      }
    }
    assertThat(folder.resolve("keys").toFile().list()).hasSize(10);
  }

  @Test
  void namesThePictureThatCannotBeWritten() {
    Path file = folder.resolve("missing").resolve("board.png");
    Storyboard board = Storyboard.of(memory(2, Duration.ofSeconds(8)), MovieView.Pictures.NONE);
    assertThatThrownBy(() -> board.write(file))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining(file.toString());
  }
}
