package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.VideoLocation;
import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.AudioSource;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.SoundWriter.Kind;
import io.moviechat.video.SoundWriter.Stretch;
import io.moviechat.video.SoundWriter.Track;
import io.moviechat.video.Sounds.Heard;
import io.moviechat.video.Sounds.Piece;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.ffmpeg.global.avformat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class FfmpegAudioSourceTest {
  private static final Kind AAC = new Kind("aac", 44_100, "stereo");

  /** Rises, so that no part of it is like another. */
  private static final DoubleUnaryOperator TONE =
      time -> 0.5 * Math.sin(2 * Math.PI * (300 + 200 * time) * time);

  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static DoubleUnaryOperator tone(double frequency, double amplitude) {
    return time -> amplitude * Math.sin(2 * Math.PI * frequency * time);
  }

  private Path film(String name, Kind kind, double start, double seconds, Double... pictures) {
    Path file = folder.resolve(name);
    SoundWriter.write(
        file,
        List.of(new Track(List.of(new Stretch(kind, start, seconds)), TONE)),
        List.of(pictures));
    return file;
  }

  private static Heard hear(Path file) {
    return Sounds.hear(file, Duration.ZERO, Optional.empty());
  }

  private static float[] only(Heard heard) {
    assertThat(heard.pieces()).hasSize(1);
    return heard.pieces().get(0).samples();
  }

  private static double rms(float[] samples) {
    double sum = 0;
    for (float sample : samples) {
      sum += sample * sample;
    }
    return Math.sqrt(sum / samples.length);
  }

  @ParameterizedTest
  @CsvSource({
    "pcm_s16le, 44100, stereo, wav",
    "pcm_s16le, 8000, mono, wav",
    "pcm_s24le, 192000, stereo, wav",
    "pcm_f32le, 48000, 7.1, wav",
    "pcm_s16le, 16000, 5.1, mkv",
    "pcm_s16le, 16000, octagonal, mkv",
    "flac, 96000, quad, flac",
    "alac, 44100, stereo, m4a",
    "aac, 44100, 5.1, mp4",
    "aac, 8000, mono, aac",
    "libmp3lame, 44100, stereo, mp3",
    "libopus, 48000, stereo, webm",
    "libopus, 48000, 5.1, ogg",
    "mp2, 48000, stereo, ts",
    "mp2, 44100, stereo, mpg",
    "ac3, 48000, 5.1, ac3",
    "eac3, 48000, stereo, mkv",
    "wmav2, 44100, stereo, asf",
    "libmp3lame, 44100, stereo, avi",
    "aac, 44100, stereo, flv",
    "libopencore_amrnb, 8000, mono, amr",
    "adpcm_ima_wav, 44100, mono, wav",
    "pcm_s16be, 22050, mono, aiff",
  })
  void isAsLoudAsItsChannelsAndInTimeAfterASeek(
      String encoder, int rate, String layout, String container) {
    Path file = film("sound." + container, new Kind(encoder, rate, layout), 0, 4);
    boolean lossy = encoder.equals("libmp3lame") || encoder.startsWith("libopencore");

    Heard heard = hear(file);
    Heard later = Sounds.hear(file, Duration.ofMillis(2500), Optional.empty());

    float[] samples = only(heard);
    assertThat(samples.length / 16_000.0).isCloseTo(4, within(0.3));
    assertThat(rms(samples)).isCloseTo(0.5 / Math.sqrt(2), within(lossy ? 0.09 : 0.02));
    Piece rest = later.pieces().get(0);
    assertThat(later.pieces()).hasSize(1);
    assertThat(rest.time().toNanos() / 1e9).isCloseTo(2.5, within(0.0001));
    long steps = rest.time().minus(heard.pieces().get(0).time()).toNanos() / 62_500;
    assertThat(lag(samples, (int) steps, rest.samples()))
        .as("samples by which the sound after a seek is off")
        .isBetween(-32, 32);
  }

  /** Where the later samples are found in the earlier ones, beside the expected place. */
  private static int lag(float[] all, int at, float[] part) {
    int best = 0;
    double least = Double.MAX_VALUE;
    for (int lag = -200; lag <= 200; lag++) {
      double off = 0;
      for (int i = 2000; i < 8000; i++) {
        off += Math.abs(all[at + lag + i] - part[i]);
      }
      if (off < least - 1e-3) {
        best = lag;
        least = off;
      }
    }
    return best;
  }

  @ParameterizedTest
  @CsvSource({"mp4", "mkv", "mov", "ts", "nut"})
  void soundThatBeginsLateIsLateOnTheClockOfThePictures(String container) {
    Double[] pictures = IntStream.range(0, 100).mapToObj(i -> i / 25.0).toArray(Double[]::new);
    Path file = film("film." + container, new Kind("mp2", 48_000, "mono"), 0.8, 2, pictures);

    Piece piece = hear(file).pieces().get(0);

    double first = piece.time().toNanos() / 1e9 + firstLoud(piece.samples()) / 16_000.0;
    double firstPicture;
    try (VideoSource video = new FfmpegVideoSourceProvider().open(file);
        FrameStream frames = video.frames(FrameSampling.everyFrame(), FrameFormat.ORIGINAL)) {
      firstPicture = Clips.times(frames).get(0).toNanos() / 1e9;
    }
    assertThat(first - firstPicture).isCloseTo(0.8, within(0.02));
  }

  private static int firstLoud(float[] samples) {
    return IntStream.range(0, samples.length)
        .filter(i -> Math.abs(samples[i]) > 0.1)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void picturesThatBeginLateDoNotMoveTheSound() {
    Path file = film("film.mkv", AAC, 0, 3, 1.0, 1.04, 1.08);
    assertThat(hear(file).pieces().get(0).time()).isLessThan(Duration.ofMillis(25));
  }

  @Test
  void startsWhereThePicturesStart() {
    // Leading pictures come before the first key frame: time begins with the earliest one.
    for (String clip : List.of("leading-pictures-first.ts", "sound-longer-than-video.mkv")) {
      Path file = Clips.resource("/cases/" + clip);
      Heard heard = hear(file);
      for (Piece piece : heard.pieces()) {
        assertThat(piece.time()).as(clip).isGreaterThanOrEqualTo(Duration.ZERO);
      }
    }
  }

  @Test
  void soundLongerThanTheFilmIsHeardToItsEnd() {
    Path file = film("film.mkv", new Kind("flac", 44_100, "mono"), 0, 5, 0.0, 0.04, 0.08);
    assertThat(only(hear(file))).hasSize(80_000);
  }

  @Test
  void aFilmWithoutSoundIsAtItsEndAtOnce() {
    for (String clip : List.of("clips/cars-open-gop.mp4", "cases/exif-orientation-6.jpg")) {
      Heard heard = hear(Clips.resource("/" + clip));
      assertThat(heard.pieces()).as(clip).isEmpty();
      assertThat(heard.language()).isEmpty();
    }
  }

  @Test
  void whatIsNoMediaIsRefused() throws IOException {
    Path text = folder.resolve("letter.mp3");
    Files.writeString(text, "Dear reader,\nthis is no sound.\n".repeat(300));
    assertThatThrownBy(() -> hear(text))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("letter.mp3");
    assertThatThrownBy(() -> hear(folder.resolve("none.mp3")))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("there is no file");
    Path list = folder.resolve("list.m3u8");
    Files.writeString(list, "#EXTM3U\n#EXTINF:4,\n" + text + "\n#EXT-X-ENDLIST\n");
    assertThatThrownBy(() -> hear(list)).isInstanceOf(VideoException.class);
  }

  @Test
  void limitsHold() {
    Path file = film("sound.wav", new Kind("pcm_s16le", 16_000, "mono"), 0, 4);
    assertThatThrownBy(
            () -> Sounds.open(file, Duration.ZERO, VideoOptions.DEFAULT.withMaxBytes(10_000)))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("maxBytes");
    VideoOptions brief = VideoOptions.DEFAULT.withMaxDuration(Duration.ofSeconds(2));
    assertThatThrownBy(() -> Sounds.open(file, Duration.ZERO, brief))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("maxDuration");
    Path untold = film("sound.aac", AAC, 0, 4);
    assertThatThrownBy(
            () -> {
              try (AudioSource sound = Sounds.open(untold, Duration.ZERO, brief)) {
                Sounds.hear(sound);
              }
            })
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("maxDuration");
  }

  @Test
  void brokenSoundIsHeardWhereItIsWhole() throws IOException {
    Path file = film("film.mkv", new Kind("ac3", 48_000, "stereo"), 0, 6);
    byte[] bytes = Files.readAllBytes(file);
    byte[] noise = new byte[bytes.length / 6];
    new Random(3).nextBytes(noise);
    System.arraycopy(noise, 0, bytes, bytes.length / 2, noise.length);
    Files.write(file, bytes);

    Heard heard = hear(file);

    Piece last = heard.pieces().get(heard.pieces().size() - 1);
    assertThat(last.end() / 1e9).as("the end keeps its time").isCloseTo(6, within(0.1));
    assertThat(rms(Arrays.copyOf(heard.pieces().get(0).samples(), 32_000))).isGreaterThan(0.3);
  }

  @Test
  void soundThatIsBrokenThroughoutIsAnError() throws IOException {
    Path file = film("film.mp4", AAC, 0, 4);
    byte[] bytes = Files.readAllBytes(file);
    int data = indexOf(bytes, "mdat") + 4;
    int index = indexOf(bytes, "moov") - 4;
    byte[] noise = new byte[index - data];
    Arrays.fill(noise, (byte) 0xff);
    System.arraycopy(noise, 0, bytes, data, noise.length);
    Files.write(file, bytes);
    assertThatThrownBy(() -> hear(file))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("no sound could be decoded");
  }

  private static int indexOf(byte[] bytes, String type) {
    for (int i = 0; i < bytes.length - 4; i++) {
      if (new String(bytes, i, 4, java.nio.charset.StandardCharsets.ISO_8859_1).equals(type)) {
        return i;
      }
    }
    throw new AssertionError(type);
  }

  @Test
  void aFileCutInTheMiddleGivesItsBeginning() throws IOException {
    Path file = film("film.mkv", AAC, 0, 8);
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), (int) Files.size(file) / 2));
    float[] samples = only(hear(file));
    assertThat(samples.length / 16_000.0).isBetween(3.0, 5.0);
  }

  @Test
  void aCountOfTimeThatBeginsAnewGoesOn() throws IOException {
    Path once = film("once.ts", new Kind("mp2", 48_000, "mono"), 0, 3);
    Path twice = folder.resolve("twice.ts");
    Files.write(twice, Files.readAllBytes(once));
    Files.write(twice, Files.readAllBytes(once), StandardOpenOption.APPEND);

    double length = only(hear(once)).length / 16_000.0;
    Heard heard = hear(twice);
    Heard later = Sounds.hear(twice, Duration.ofMillis(4500), Optional.empty());

    assertThat(heard.samples() / 16_000.0).isCloseTo(2 * length, within(0.05));
    assertThat(later.pieces().get(0).time().toMillis()).isEqualTo(4500);
    assertThat(later.samples() / 16_000.0).isCloseTo(2 * length - 4.5, within(0.05));
  }

  @Test
  void theTrackIsTheWishedOneElseTheDefaultElseTheFirst() {
    Path file = folder.resolve("tracks.mkv");
    Kind kind = new Kind("flac", 16_000, "mono");
    SoundWriter.write(
        file,
        List.of(
            track(kind, 0.1, "fre", 0),
            track(kind, 0.2, "eng", avformat.AV_DISPOSITION_DEFAULT),
            track(kind, 0.3, "ger", 0),
            track(kind, 0.4, "deu", avformat.AV_DISPOSITION_COMMENT)),
        List.of());
    assertHeard(file, Optional.empty(), 0.2, "en");
    assertHeard(file, Optional.of("fr"), 0.1, "fr");
    assertHeard(file, Optional.of("de"), 0.3, "de");
    assertHeard(file, Optional.of("de-AT"), 0.3, "de");
    assertHeard(file, Optional.of("deu"), 0.3, "de");
    assertHeard(file, Optional.of("ja"), 0.2, "en");
  }

  private static Track track(Kind kind, double amplitude, String language, int disposition) {
    return new Track(
        List.of(new Stretch(kind, 0, 1)),
        tone(440, amplitude),
        Map.of("language", language),
        disposition);
  }

  private static void assertHeard(
      Path file, Optional<String> wished, double amplitude, String language) {
    Heard heard = Sounds.hear(file, Duration.ZERO, wished);
    assertThat(rms(only(heard))).isCloseTo(amplitude / Math.sqrt(2), within(0.01));
    assertThat(heard.language()).contains(language);
  }

  @Test
  void beginsPastTheEndWithNothing() {
    Path file = film("film.mp4", AAC, 0, 2);
    assertThat(Sounds.hear(file, Duration.ofHours(3), Optional.empty()).pieces()).isEmpty();
    assertThatThrownBy(() -> Sounds.open(file, Duration.ofSeconds(-1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aReaderMayBeInterruptedAndABufferNeedsRoom() {
    Path file = film("film.mp4", AAC, 0, 2);
    try (AudioSource sound = Sounds.open(file, Duration.ZERO)) {
      assertThatThrownBy(() -> sound.read(FloatBuffer.allocate(0)))
          .isInstanceOf(IllegalArgumentException.class);
      Thread.currentThread().interrupt();
      assertThat(Sounds.hear(sound).samples()).isGreaterThan(31_000);
      assertThat(Thread.interrupted()).isTrue();
      assertThat(sound.read(FloatBuffer.allocate(8))).isEqualTo(-1);
    }
  }

  @Test
  void isClosedForGood() {
    AudioSource sound = Sounds.open(film("film.mp4", AAC, 0, 2), Duration.ZERO);
    sound.close();
    sound.close();
    assertThatThrownBy(() -> sound.read(FloatBuffer.allocate(8)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is closed");
  }

  /** A server that sends the first half of a file and then nothing. */
  private static final class Stalling implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());

    /** A socket that nothing refers to is closed by the collector, and then nothing stalls. */
    private final Queue<Socket> held = new ConcurrentLinkedQueue<>();

    Stalling(byte[] bytes, int sent) throws IOException {
      Thread thread =
          new Thread(
              () -> {
                while (!server.isClosed()) {
                  try {
                    Socket socket = server.accept();
                    held.add(socket);
                    InputStream in = socket.getInputStream();
                    in.read(new byte[8192]);
                    socket
                        .getOutputStream()
                        .write(
                            ("HTTP/1.1 200 OK\r\nContent-Length: " + bytes.length + "\r\n\r\n")
                                .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                    socket.getOutputStream().write(bytes, 0, sent);
                    socket.getOutputStream().flush();
                  } catch (IOException e) {
                    // Closed, or the client has seen enough.
                  }
                }
              });
      thread.start();
    }

    URI uri() {
      return URI.create("http://localhost:" + server.getLocalPort() + "/film.mkv");
    }

    @Override
    public void close() throws IOException {
      server.close();
      for (Socket socket : held) {
        socket.close();
      }
    }
  }

  @Test
  void aStalledServerIsGivenUpAndClosingEndsAReadThatWaits() throws Exception {
    Path file = film("film.mkv", new Kind("pcm_s16le", 48_000, "stereo"), 0, 30);
    byte[] bytes = Files.readAllBytes(file);
    try (Stalling server = new Stalling(bytes, bytes.length * 2 / 3)) {
      VideoLocation location = VideoLocation.of(server.uri());
      VideoOptions impatient = VideoOptions.DEFAULT.withTimeout(Duration.ofMillis(700));
      try (AudioSource sound =
          new FfmpegVideoSourceProvider(impatient)
              .openAudio(location, Duration.ZERO, Optional.empty())
              .orElseThrow()) {
        // Either it says that nothing comes, or what came ends early.
        try {
          assertThat(Sounds.hear(sound).samples()).isBetween(16_000, 29 * 16_000);
        } catch (VideoException e) {
          assertThat(e).hasMessageContaining("film.mkv");
        }
      }
      AudioSource sound =
          new FfmpegVideoSourceProvider()
              .openAudio(location, Duration.ZERO, Optional.empty())
              .orElseThrow();
      Thread closer = Clips.closeSoon(sound::close);
      assertThatThrownBy(
              () -> {
                while (sound.read(FloatBuffer.allocate(1 << 16)) > 0) {
                  // Until nothing comes any more.
                }
                sound.read(FloatBuffer.allocate(8));
              })
          .isInstanceOfAny(IllegalStateException.class, VideoException.class);
      closer.join();
    }
  }

  @Test
  void anUnknownPlaceIsRefused() {
    assertThatThrownBy(
            () ->
                new FfmpegVideoSourceProvider()
                    .openAudio(
                        VideoLocation.of(URI.create("gopher://example.org/song.mp3")),
                        Duration.ZERO,
                        Optional.empty()))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("gopher");
  }
}
