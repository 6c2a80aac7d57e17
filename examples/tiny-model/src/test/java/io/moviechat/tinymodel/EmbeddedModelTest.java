package io.moviechat.tinymodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.ModelException;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.WatchOptions;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.spi.VisionLanguageModelProvider;
import io.moviechat.tinyworld.Scene;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.ScriptVideos;
import io.moviechat.tinyworld.World;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.ServiceLoader;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedModelTest {
  @Test
  void isFoundOnTheClassPath() {
    assertThat(ServiceLoader.load(VisionLanguageModelProvider.class))
        .hasAtLeastOneElementOfType(EmbeddedModel.class);
  }

  @Test
  void unpacksOnceAndStaysSmall(@TempDir Path cache) throws IOException {
    Path folder = new EmbeddedModel(cache).folder();
    Path config = folder.resolve("config.json");
    Object written = Files.getLastModifiedTime(config);
    assertThat(new EmbeddedModel(cache).folder()).isEqualTo(folder);
    assertThat(Files.getLastModifiedTime(config)).isEqualTo(written);
    try (Stream<Path> files = Files.walk(folder)) {
      long bytes = files.filter(Files::isRegularFile).mapToLong(EmbeddedModelTest::size).sum();
      assertThat(bytes).isLessThanOrEqualTo(16_000_000);
    }
  }

  @Test
  void manyThreadsUnpackAtOnce(@TempDir Path cache) throws IOException {
    List<Path> folders =
        IntStream.range(0, 8)
            .parallel()
            .mapToObj(i -> new EmbeddedModel(cache).folder())
            .distinct()
            .toList();
    assertThat(folders).hasSize(1);
    try (Stream<Path> left = Files.list(cache.resolve("embedded"))) {
      assertThat(left).containsExactly(folders.get(0));
    }
  }

  @Test
  void opensWithItsOwnMemorySettings(@TempDir Path cache) {
    VisionLanguageModel model = new EmbeddedModel(cache).model();
    assertThat(model.defaults().shortTermFrames()).hasValue(16);
    assertThat(model.defaults().consolidateTo()).hasValue(4);
    assertThat(model.defaults().longTermSlots()).hasValue(64);
    assertThat(model.defaults().notice()).isPresent();
    try (FrameEncoder encoder = model.openEncoder()) {
      assertThat(encoder.shape().tokens()).isEqualTo(4);
      assertThat(encoder.shape().width()).isEqualTo(192);
    }
  }

  @Test
  void aChatRemembersAsTheBundleWishes() {
    // 33 frames at 4 a second: two windows of 16 become 4 slots each, one frame is left.
    Scene scene = World.scene(new SplittableRandom(1), World.Split.SEEN, 1, 8250, false);
    ScriptVideos videos = new ScriptVideos();
    URI location = videos.add("movie", Script.of(List.of(scene)));
    try (MovieChat chat = MovieChat.builder().video(videos).build();
        Movie movie = chat.watch(location, WatchOptions.DEFAULT)) {
      MemorySnapshot memory = movie.memory().snapshot();
      assertThat(memory.framesSeen()).isEqualTo(33);
      assertThat(memory.slots()).hasSize(9);
      assertThat(memory.slots().subList(0, 4).stream().mapToLong(MemorySlot::frames).sum())
          .isEqualTo(16);
      assertThat(memory.slots().get(8).frames()).isEqualTo(1);
      assertThat(memory.end()).isEqualTo(Duration.ofSeconds(8));
    }
  }

  @Test
  void saysWhereItCannotUnpack(@TempDir Path folder) throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    assertThatThrownBy(() -> new EmbeddedModel(file).folder())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("MOVIECHAT_HOME");
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
