package io.moviechat.tinyworld;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.VideoLocation;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpokenFilmTest {
  @Test
  void saysWhatItShows() {
    List<SpokenFilm.Line> lines = SpokenFilm.lines();
    List<Script.Segment> scenes = SpokenFilm.script().segments();
    assertThat(lines).hasSize(2 * scenes.size());
    for (int i = 0; i < scenes.size(); i++) {
      Script.Segment scene = scenes.get(i);
      Actor seen = scene.scene().actors().get(0);
      assertThat(lines.get(2 * i).text())
          .isEqualTo("The " + seen.noun() + " " + seen.action().phrase() + ".");
      for (SpokenFilm.Line line : lines.subList(2 * i, 2 * i + 2)) {
        assertThat(line.startMillis())
            .isGreaterThan(scene.startMillis())
            .isLessThan(line.endMillis());
        assertThat(line.endMillis()).isLessThan(scene.endMillis());
      }
    }
  }

  @Test
  void isAFilmOfTheScriptsLength(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("spoken.mp4");
    SpokenFilm.write(file);
    SpokenFilm.write(file);
    VideoSourceProvider files =
        ServiceLoader.load(VideoSourceProvider.class).findFirst().orElseThrow();
    try (VideoSource film = files.open(VideoLocation.of(file))) {
      long script = SpokenFilm.script().millis();
      assertThat(film.info().duration().orElseThrow().toMillis())
          .isBetween(script - 100, script + 100);
    }
  }
}
