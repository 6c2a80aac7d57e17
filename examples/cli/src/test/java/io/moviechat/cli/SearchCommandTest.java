package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import io.moviechat.tinyworld.Actor;
import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.World;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SearchCommandTest {
  @TempDir static Path folder;
  static Path movie;
  static Script script;

  @BeforeAll
  static void writeMovie() {
    script = Movies.ofScenes(4, World.Split.SEEN, 77);
    movie = folder.resolve("movie.mp4");
    MovieWriter.write(script, movie);
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  @Test
  void finds_what_is_shown_with_the_embedded_model() {
    Script.Segment third = script.segments().get(2);
    Actor actor = third.scene().actors().get(0);

    Ran ran =
        Ran.command(
            "search",
            "--video",
            movie.toString(),
            "--query",
            actor.colour().word() + " " + actor.kind().word(),
            "--top",
            "1",
            "--json");

    assertThat(ran.exitCode()).as(ran.err()).isZero();
    assertThat(ran.out()).startsWith("[{\"start\":").contains("\"reason\":\"picture\"");
    double start = Double.parseDouble(ran.out().replaceFirst("(?s).*?\"start\":([0-9.]+).*", "$1"));
    assertThat(start * 1000).isBetween(third.startMillis() - 1000.0, (double) third.endMillis());
  }

  @Test
  void finds_times_and_says_when_nothing_stands_out() {
    Ran end =
        Ran.command(
            "search", "--video", movie.toString(), "--query", "how does it end?", "--top", "1");
    assertThat(end.out()).contains("1.00 time");

    Ran nothing = Ran.command("search", "--video", movie.toString(), "--query", "anything");
    assertThat(nothing.out()).isEmpty();
    assertThat(nothing.err()).contains("nothing stands out for 'anything'");
    assertThat(nothing.exitCode()).isZero();
  }

  @Test
  void refuses_what_it_cannot_do() {
    assertThat(Ran.command("search", "--video", movie.toString(), "--query", " ").exitCode())
        .isEqualTo(2);
    Ran missing =
        Ran.command(
            "search", "--video", movie.toString(), "--query", "car", "--recall", "/no/such/folder");
    assertThat(missing.exitCode()).isNotZero();
    assertThat(missing.err()).contains("/no/such/folder");
  }
}
