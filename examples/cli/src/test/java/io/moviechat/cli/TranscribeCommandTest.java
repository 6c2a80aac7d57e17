package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.Cue;
import io.moviechat.speech.Cues;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real film and real speech, and a model with random weights: its words mean nothing. */
class TranscribeCommandTest {
  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static Path clip(String name) throws Exception {
    return Path.of(
        Objects.requireNonNull(TranscribeCommandTest.class.getResource("/speech/" + name)).toURI());
  }

  private static Ran transcribe(Path film, Path out, String... more) {
    String[] args = new String[7 + more.length];
    String[] first = {
      "transcribe",
      "--video",
      film.toString(),
      "--speech",
      Bundles.of("speech-tiny").toString(),
      "--out",
      out.toString()
    };
    System.arraycopy(first, 0, args, 0, 7);
    System.arraycopy(more, 0, args, 7, more.length);
    return Ran.command(args);
  }

  @Test
  void writes_subtitles_of_a_film_and_of_a_sound_file() throws Exception {
    for (String name : List.of("jfk-late-aac.mp4", "libri-1088.flac")) {
      for (String ending : List.of("srt", "vtt")) {
        Path out = folder.resolve(name + "." + ending);

        Ran ran = transcribe(clip(name), out, "--language", "en");

        assertThat(ran.exitCode()).as(ran.err()).isZero();
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err()).contains(" cues in 00:00:1", "written to " + out);
        String text = Files.readString(out);
        assertThat(text.startsWith("WEBVTT")).isEqualTo(ending.equals("vtt"));
        Cues cues = Cues.parse(text);
        assertThat(cues.isEmpty()).isFalse();
        assertThat(cues.heard()).isLessThanOrEqualTo(Duration.ofSeconds(17));
        assertThat(folder.resolve(name + "." + ending + ".part")).doesNotExist();
      }
    }
  }

  @Test
  void a_film_without_sound_gives_an_empty_file() throws IOException {
    Path out = folder.resolve("silent.srt");
    Ran ran = transcribe(Clips.good(folder, 2), out);
    assertThat(ran.exitCode()).as(ran.err()).isZero();
    assertThat(Files.readString(out)).isEmpty();
  }

  @Test
  void refuses_what_it_cannot_do() throws Exception {
    assertThat(transcribe(clip("libri-1088.flac"), folder.resolve("x.txt")).err())
        .contains("neither with .srt nor with .vtt");
    Path out = folder.resolve("x.srt");
    assertThat(transcribe(Clips.text(folder), out).exitCode()).isEqualTo(1);
    assertThat(transcribe(folder.resolve("none.mp4"), out).err()).contains("there is no file");
    Ran wrong =
        Ran.command(
            "transcribe",
            "--video",
            clip("libri-1088.flac").toString(),
            "--speech",
            Bundles.of(Bundles.SMOL_VLM).toString(),
            "-o",
            out.toString());
    assertThat(wrong.exitCode()).isEqualTo(1);
    assertThat(wrong.err().stripTrailing()).startsWith("moviechat: ").doesNotContain("\n");
    assertThat(transcribe(clip("libri-1088.flac"), folder.resolve("no/x.srt")).err())
        .contains("cannot be written");
    assertThat(out).doesNotExist();
  }

  @Test
  void unfinished_subtitles_are_gone_on_with_if_they_are_of_the_same_film() {
    Path file = folder.resolve("x.srt.part");
    TranscribeCommand.Part part = new TranscribeCommand.Part(file, "ab12");
    assertThat(part.read()).isEqualTo(Cues.NONE);
    Cue cue =
        Cue.of(Duration.ofSeconds(1), Duration.ofSeconds(2), "a <b> --> c", Cue.Origin.SPEECH);
    part.write(Cues.of(List.of(cue)).withHeard(Duration.ofSeconds(30)), Optional.of("en"));

    Cues read = part.read();

    assertThat(read.heard()).isEqualTo(Duration.ofSeconds(30));
    assertThat(read.list()).hasSize(1);
    assertThat(read.list().get(0).text()).isEqualTo("a <b> --> c");
    assertThat(read.list().get(0).language()).contains("en");
    assertThat(new TranscribeCommand.Part(file, "cd34").read()).isEqualTo(Cues.NONE);

    part.write(Cues.NONE.withHeard(Duration.ofSeconds(60)), Optional.empty());
    assertThat(part.read()).isEqualTo(Cues.NONE.withHeard(Duration.ofSeconds(60)));
  }

  @Test
  void goes_on_where_it_was_interrupted() throws Exception {
    Path film = clip("libri-1088.flac");
    Path out = folder.resolve("x.srt");
    CapturedTerminal captured = new CapturedTerminal("", false, 80);
    Interruption interruption = new Interruption();
    interruption.finished();
    interruption.request(); // before anything is heard
    String[] args = {
      "transcribe",
      "--video",
      film.toString(),
      "--speech",
      Bundles.of("speech-tiny").toString(),
      "--out",
      out.toString()
    };
    assertThat(Moviechat.run(new Context(captured.terminal(), interruption), args)).isEqualTo(1);
    assertThat(captured.err()).contains("cancelled");
    assertThat(out).doesNotExist();

    assertThat(Ran.command(args).exitCode()).isZero();
    assertThat(out).exists();
  }
}
