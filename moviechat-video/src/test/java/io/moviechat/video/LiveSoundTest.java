package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.net.httpserver.HttpServer;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.VideoLocation;
import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.AudioSource;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.video.SoundWriter.Kind;
import io.moviechat.video.SoundWriter.Stretch;
import io.moviechat.video.SoundWriter.Track;
import io.moviechat.video.Sounds.Heard;
import io.moviechat.video.Sounds.Piece;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LiveSoundTest {
  private static final LiveVideo.Options LIVE =
      LiveVideo.Options.DEFAULT
          .withReconnectFor(Duration.ZERO)
          .withGrowthPatience(Duration.ofMillis(200));

  @TempDir Path folder;
  Path film;

  @BeforeEach
  void writeFilm() {
    film = folder.resolve("film.ts");
    Kind kind = new Kind("mp2", 48_000, "stereo");
    SoundWriter.write(
        film,
        List.of(
            new Track(
                List.of(new Stretch(kind, 0.4, 3)), t -> 0.5 * Math.sin(2 * Math.PI * 440 * t))),
        IntStream.range(0, 90).mapToObj(i -> i / 25.0).toList());
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  @Test
  void isThatOfTheFileOnTheSameClock() throws Exception {
    Heard expected = Sounds.hear(film, Duration.ZERO, Optional.empty());
    try (LiveVideo video = LiveVideo.open(film.toUri(), LIVE, VideoOptions.DEFAULT);
        AudioSource sound = video.sound()) {
      CompletableFuture<Heard> heard = CompletableFuture.supplyAsync(() -> Sounds.hear(sound));
      try (FrameStream frames = video.frames(FrameSampling.everyFrame(), FrameFormat.ORIGINAL)) {
        Clips.drain(frames);
        Piece piece = heard.get().pieces().get(0);
        Piece same = expected.pieces().get(0);
        assertThat(heard.get().pieces()).hasSize(1);
        assertThat(piece.time().toNanos()).isCloseTo(same.time().toNanos(), within(1_000_000L));
        assertThat(piece.samples()).hasSameSizeAs(same.samples());
      }
      assertThat(sound.read(FloatBuffer.allocate(8))).isEqualTo(-1);
    }
  }

  @Test
  void goesOnByTheClockWhenTheVideoIsOpenedAgain() throws Exception {
    byte[] bytes = Files.readAllBytes(film);
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, bytes.length);
          try {
            exchange.getResponseBody().write(bytes);
          } catch (IOException e) {
            // The client has seen enough.
          }
          exchange.close();
        });
    server.start();
    URI uri = URI.create("http://localhost:" + server.getAddress().getPort() + "/film.ts");
    LiveVideo.Options patient = LIVE.withReconnectFor(Duration.ofSeconds(20));
    List<CompletableFuture<Void>> watching = new ArrayList<>();
    try (LiveVideo video = LiveVideo.open(uri, patient, VideoOptions.DEFAULT);
        AudioSource sound = video.sound();
        FrameStream frames = video.frames(FrameSampling.everyFrame(), FrameFormat.ORIGINAL)) {
      watching.add(
          CompletableFuture.runAsync(
              () -> {
                try {
                  Clips.drain(frames);
                } catch (VideoException | IllegalStateException closedMeanwhile) {
                  // Ends when the test has heard enough.
                }
              }));
      FloatBuffer buffer = FloatBuffer.allocate(4000);
      Duration last = Duration.ofNanos(-1);
      Duration beyond = Duration.ofSeconds(8);
      while (last.compareTo(beyond) < 0) {
        assertThat(sound.read(buffer.clear())).isPositive();
        assertThat(sound.time()).isGreaterThan(last);
        last = sound.time();
      }
      assertThat(video.reconnects()).isPositive();
    } finally {
      server.stop(0);
    }
    watching.get(0).get();
  }

  @Test
  void aProviderGivesTheSoundOfTheVideoThatItOpened() throws Exception {
    VideoSourceProvider provider = LiveVideo.provider(LIVE, VideoOptions.DEFAULT);
    VideoLocation location = VideoLocation.of(film);
    assertThatThrownBy(() -> provider.openAudio(location, Duration.ZERO, Optional.empty()))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("film.ts");
    try (VideoSource video = provider.open(location);
        AudioSource sound =
            provider.openAudio(location, Duration.ZERO, Optional.empty()).orElseThrow()) {
      CompletableFuture<Heard> heard = CompletableFuture.supplyAsync(() -> Sounds.hear(sound));
      try (FrameStream frames = video.frames(FrameSampling.everyFrame(), FrameFormat.ORIGINAL)) {
        Clips.drain(frames);
      }
      assertThat(heard.get().samples()).isGreaterThan(40_000);
    }
  }

  /** Who listens is slower than who watches, and hears all the same to the end. */
  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void whatHadComeIsHeardAfterTheVideoIsClosed() throws Exception {
    LiveVideo video = LiveVideo.open(film.toUri(), LIVE, VideoOptions.DEFAULT);
    try (AudioSource sound = video.sound()) {
      try (FrameStream frames = video.frames(FrameSampling.everyFrame(), FrameFormat.ORIGINAL)) {
        Clips.drain(frames);
      }
      video.close();
      assertThat(Sounds.hear(sound).samples()).isGreaterThan(40_000);
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void closingTheVideoIsTheEndOfItsSound() throws Exception {
    LiveVideo video = LiveVideo.open(film.toUri(), LIVE, VideoOptions.DEFAULT);
    AudioSource sound = video.sound();
    CompletableFuture<Integer> read =
        CompletableFuture.supplyAsync(() -> sound.read(FloatBuffer.allocate(8)));
    Thread.sleep(100);
    video.close();
    assertThat(read.get()).isEqualTo(-1);
    sound.close();
    assertThatThrownBy(video::sound).isInstanceOf(IllegalStateException.class);
  }
}
