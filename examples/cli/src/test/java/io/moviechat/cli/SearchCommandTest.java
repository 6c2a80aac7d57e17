package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import io.moviechat.tinyworld.Actor;
import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.World;
import io.moviechat.video.VideoWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.stream.Stream;
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
  void finds_what_is_said() throws IOException {
    Path film = Files.copy(movie, folder.resolve("said.mp4"));
    Files.writeString(
        folder.resolve("said.en.srt"),
        """
        1
        00:00:01,000 --> 00:00:02,500
        Where is the submarine?
        """);
    Ran ran =
        Ran.command("search", "--video", film.toString(), "--query", "a submarine", "--top", "1");
    assertThat(ran.exitCode()).as(ran.err()).isZero();
    assertThat(ran.out())
        .contains("1.00 words  \"Where is the submarine?\"")
        .startsWith("00:00:01 to");
    Ran json =
        Ran.command(
            "search", "--video", film.toString(), "--query", "submarines", "--top", "1", "--json");
    assertThat(json.out())
        .contains(
            "\"cues\":[{\"start\":1,\"end\":2.5,\"text\":\"Where is the submarine?\","
                + "\"origin\":\"subtitle\"}]");
    Ran answer =
        Ran.command(
            "ask", "--video", film.toString(), "-q", "Who speaks of a submarine?", "--json");
    assertThat(answer.out())
        .contains("At 0:01: \\\"Where is the submarine?\\\"")
        .contains("\"cues\":[");
  }

  private static final byte[][] RWGB = {{-1, 0, 0}, {-1, -1, -1}, {0, -1, 0}, {0, 0, -1}};

  /** The letters of this text model are coloured cells. */
  @Test
  void finds_what_is_written_in_pictures() throws Exception {
    int side = 256;
    Path film = folder.resolve("written.mp4");
    try (VideoWriter writer =
        VideoWriter.builder(film).size(side, side).framesPerSecond(4).build()) {
      for (int n = 0; n < 40; n++) {
        ByteBuffer rgb = ByteBuffer.allocate(3 * side * side);
        byte[][] letters = n < 16 ? new byte[0][] : RWGB;
        for (int i = 0; i < letters.length; i++) {
          for (int y = 100; y < 124; y++) {
            for (int x = 60 + 20 * i; x < 76 + 20 * i; x++) {
              rgb.put(3 * (y * side + x), letters[i]);
            }
          }
        }
        writer.write(rgb, Duration.ofMillis(250L * n));
      }
    }
    Path bundle =
        Path.of(Objects.requireNonNull(SearchCommandTest.class.getResource("/ocr-tiny")).toURI());
    Ran ran =
        Ran.command(
            "search",
            "--video",
            film.toString(),
            "--text",
            bundle.toString(),
            "--query",
            "RWGB",
            "--json");
    assertThat(ran.exitCode()).as(ran.err()).isZero();
    assertThat(ran.out())
        .contains(
            "\"cues\":[{\"start\":4,\"end\":10,\"text\":\"RWGB\",\"origin\":\"screen_text\"}]");
    Ran refused =
        Ran.command(
            "search", "--video", film.toString(), "--text", folder.toString(), "--query", "x");
    assertThat(refused.exitCode()).isNotZero();
    assertThat(refused.err()).contains("*det*.onnx is missing");
  }

  @Test
  void a_dual_encoder_serves_questions_and_then_searches_the_same_memory() {
    String clip = Bundles.of(Bundles.CLIP).toString();
    String memory = folder.resolve("embedded.memory").toString();
    Ran asked =
        Ran.command(
            "ask",
            "--video",
            movie.toString(),
            "--recall",
            clip,
            "--memory-file",
            memory,
            "-q",
            "What comes first?",
            "--json");
    assertThat(asked.exitCode()).as(asked.err()).isZero();
    assertThat(asked.out()).contains("\"reason\":\"picture\"").doesNotContain("recallProblem");

    Ran found =
        Ran.command(
            "search", "--recall", clip, "--memory-file", memory, "--query", "a car", "--top", "1");
    assertThat(found.exitCode()).as(found.err()).isZero();
    assertThat(found.out()).contains("picture");
  }

  @Test
  void a_memory_without_embeddings_is_answered_from_with_a_note() {
    String memory = folder.resolve("plain.memory").toString();
    assertThat(
            Ran.command("ask", "--video", movie.toString(), "--memory-file", memory, "-q", "Who?")
                .exitCode())
        .isZero();
    Ran asked =
        Ran.command(
            "ask",
            "--recall",
            Bundles.of(Bundles.CLIP).toString(),
            "--memory-file",
            memory,
            "-q",
            "Who?",
            "--json");
    assertThat(asked.exitCode()).as(asked.err()).isZero();
    assertThat(asked.err()).contains("watched without the embeddings");
    assertThat(asked.out()).contains("\"recallProblem\"");
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

  @Test
  void watching_tells_when_something_is_shown(@TempDir Path pictures) throws IOException {
    Script.Segment third = script.segments().get(2);
    Actor actor = third.scene().actors().get(0);

    Ran ran =
        Ran.command(
            "watch",
            "--video",
            movie.toString(),
            "--when",
            actor.colour().word() + " " + actor.kind().word(),
            "--when",
            "anything",
            "--pictures",
            pictures.toString(),
            "--json");

    assertThat(ran.exitCode()).isEqualTo(1); // of "anything" no scorer knows what it is
    assertThat(ran.err()).contains("'anything' is not looked for");
    assertThat(ran.out()).contains("{\"alert\":\"found\"", "{\"alert\":\"ended\"");
    double best = Double.parseDouble(ran.out().replaceFirst("(?s).*\"best\":([0-9.]+).*", "$1"));
    assertThat(best * 1000).isBetween((double) third.startMillis(), (double) third.endMillis());
    try (Stream<Path> written = Files.list(pictures)) {
      assertThat(written).anyMatch(file -> file.toString().endsWith("alert-0001.png"));
    }
  }

  @Test
  void watching_refuses_what_it_cannot_do() {
    Ran threshold =
        Ran.command("watch", "--video", movie.toString(), "--when", "car", "--threshold", "2");
    assertThat(threshold.exitCode()).isEqualTo(2);
    assertThat(threshold.err()).contains("2.0");
    Ran folder =
        Ran.command("watch", "--video", movie.toString(), "--when", "car", "--pictures", "/no");
    assertThat(folder.err()).contains("/no is no folder");
  }
}
