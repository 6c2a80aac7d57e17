package io.moviechat.video;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.VideoException;
import io.moviechat.VideoLocation;
import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.Cue;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SubtitlesTest {
  private static final String SRT =
      """
      1
      00:00:01,500 --> 00:00:03,000
      <i>Good morning</i>,
      rabbit!

      2
      00:00:04,000 --> 00:00:05,250
      {\\an8}Grüße, 兎

      """;

  private static final List<Cue> CUES =
      List.of(cue(1500, 3000, "Good morning,\nrabbit!"), cue(4000, 5250, "Grüße, 兎"));

  private static Cue cue(int start, int end, String text) {
    return Cue.of(Duration.ofMillis(start), Duration.ofMillis(end), text, Cue.Origin.SUBTITLE);
  }

  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  @Test
  void filesBesideTheVideo() throws IOException {
    Path film = folder.resolve("film.mp4");
    Files.copy(Clips.file("bunny.mp4"), film);
    Files.writeString(folder.resolve("film.en.srt"), SRT, UTF_8);
    Files.writeString(
        folder.resolve("film.vtt"),
        """
        WEBVTT

        00:01.500 --> 00:03.000
        Good morning,
        rabbit!

        00:04.000 --> 00:05.250
        Grüße, 兎
        """,
        UTF_8);
    Files.writeString(folder.resolve("filmography.srt"), SRT, UTF_8);
    List<Subtitles.Track> tracks = Subtitles.of(film);
    assertThat(tracks).hasSize(2);
    assertThat(tracks.get(0).origin()).isEqualTo("film.en.srt");
    assertThat(tracks.get(0).language()).contains("en");
    assertThat(tracks.get(0).cues()).isEqualTo(CUES);
    assertThat(tracks.get(1).origin()).isEqualTo("film.vtt");
    assertThat(tracks.get(1).language()).isEqualTo(Optional.empty());
    assertThat(tracks.get(1).cues()).isEqualTo(CUES);
  }

  @Test
  void tracksInsideTheVideo() {
    List<Subtitles.Track> tracks = Subtitles.of(Clips.file("bunny-subtitles.mkv"));
    assertThat(tracks).hasSize(1);
    assertThat(tracks.get(0).origin()).isEqualTo("embedded");
    assertThat(tracks.get(0).language()).contains("eng");
    assertThat(tracks.get(0).cues()).isEqualTo(CUES);
  }

  @Test
  void theProviderChoosesATrackByLanguage() throws IOException {
    Path film = folder.resolve("film.mkv");
    Files.copy(Clips.file("bunny-subtitles.mkv"), film);
    Files.writeString(folder.resolve("film.fre.srt"), SRT.replace("Good morning", "Bonjour"));
    FfmpegVideoSourceProvider provider = new FfmpegVideoSourceProvider();
    VideoLocation location = VideoLocation.of(film);
    assertThat(provider.subtitles(location, Optional.empty()).list())
        .containsExactlyElementsOf(CUES.stream().map(cue -> cue.withLanguage("eng")).toList());
    assertThat(provider.subtitles(location, Optional.of("en")).list()).hasSize(2);
    assertThat(provider.subtitles(location, Optional.of("fr")).list().get(0).text())
        .startsWith("Bonjour");
    assertThat(provider.subtitles(location, Optional.of("fi")).list()).isEmpty();
  }

  @Test
  void videoWithoutText() {
    assertThat(Subtitles.of(Clips.file("bunny.mp4"))).isEmpty();
  }

  @Test
  void aFileThatBreaksOffIsNotTakenForAShortOne() throws IOException {
    Path film = Clips.file("bunny-subtitles.mkv");
    byte[] whole = Files.readAllBytes(film);
    ByteArrayInputStream bytes = new ByteArrayInputStream(whole, 0, whole.length - 400);
    InputStream breaksOff =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("not called");
          }

          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            int count = bytes.read(target, offset, length);
            if (count < 0) {
              throw new IOException("the disk is gone");
            }
            return count;
          }
        };
    VideoInput input = new VideoInput.OfStream(breaksOff, Long.MAX_VALUE);
    assertThatThrownBy(() -> Subtitles.read(film, input, true))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("bunny-subtitles.mkv")
        .hasMessageContaining("the disk is gone");
  }

  @Test
  void brokenFileBesideTheVideo() throws IOException {
    Path film = folder.resolve("film.mp4");
    Files.copy(Clips.file("bunny.mp4"), film);
    Files.write(folder.resolve("film.srt"), new byte[] {1, 2, 3, 0, 9, 9, 9});
    assertThatThrownBy(() -> Subtitles.of(film))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("film.srt");
  }
}
