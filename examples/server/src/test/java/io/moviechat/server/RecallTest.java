package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.MemorySlot;
import io.moviechat.library.Film;
import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.World;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * Both commands with {@code --recall}: a dual encoder, here one of random weights, finds moments.
 */
class RecallTest {
  private static final Path DUAL =
      Path.of(
              Objects.requireNonNull(
                      RecallTest.class.getResource("/bundles/dual-tiny-clip/config.json"))
                  .getPath())
          .getParent();

  @Test
  void aDualEncoderBesideTheModel(@TempDir Path folder) throws Exception {
    Path allowed = Files.createDirectories(folder.resolve("allowed"));
    Path clip = allowed.resolve("scenes.mp4");
    MovieWriter.write(Movies.ofScenes(4, World.Split.SEEN, 77), clip, 96);
    String home = folder.resolve("home").toString();
    try (Fixture fixture = open(allowed, home, "--recall", DUAL.toString())) {
      Film film = fixture.watched(clip);
      assertThat(slots(film)).isNotEmpty().allMatch(slot -> slot.embedding().isPresent());
      JsonNode hits = hits(fixture, film, "a+car");
      assertThat(hits).isNotEmpty();
      assertThat(hits.findValuesAsText("reason")).containsOnly("picture");
    }
    try (Fixture plain = open(allowed, folder.resolve("plain").toString())) {
      Film film = plain.watched(clip);
      assertThat(slots(film)).noneMatch(slot -> slot.embedding().isPresent());
    }
  }

  private static Fixture open(Path allowed, String home, String... more) throws Exception {
    Settings settings = new Settings();
    CommandLine line = new CommandLine(settings);
    line.parseArgs(
        Stream.concat(Stream.of("--allow", allowed.toString(), "--home", home), Stream.of(more))
            .toArray(String[]::new));
    return Fixture.open(settings.open());
  }

  private static List<MemorySlot> slots(Film film) {
    return film.with(movie -> movie.memory().snapshot().slots());
  }

  private static JsonNode hits(Fixture fixture, Film film, String query) throws Exception {
    return Fixture.json(fixture.get("/api/films/" + film.id() + "/search?q=" + query)).path("hits");
  }
}
