package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bytedeco.ffmpeg.global.avutil.av_max_alloc;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
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
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Openings of several native steps are all or nothing, whichever step fails. FFmpeg is made to
 * refuse every allocation above a size, from nearly all of them to none, so that one step after
 * another is the first that fails.
 */
class OpeningsTest {
  private static final FrameFormat SMALL = FrameFormat.stretch(24, 16, Resampling.BICUBIC);
  private static final FfmpegVideoSourceProvider VIDEOS =
      new FfmpegVideoSourceProvider(VideoOptions.DEFAULT.withThreads(2));

  /** FFmpeg's own default: any size that an int can hold. */
  private static final long UNLIMITED = Integer.MAX_VALUE;

  @TempDir Path folder;

  /** Opens, uses and closes something. */
  private interface Use {
    void run() throws IOException;
  }

  private static void failsAtEachStep(Use use) throws IOException {
    use.run(); // what is loaded once for the process
    int refused = 0;
    int worked = 0;
    for (long limit = 40; limit < 1 << 24; limit += limit / 4) {
      av_max_alloc(limit);
      try {
        use.run();
        worked++;
      } catch (VideoException | OutOfMemoryError e) {
        refused++;
      } finally {
        av_max_alloc(UNLIMITED);
      }
      assertThat(NativeOwner.openOwners()).as("nothing above %d bytes", limit).isEmpty();
    }
    assertThat(refused).isGreaterThan(10);
    assertThat(worked).isGreaterThan(5);
    use.run();
  }

  @AfterEach
  void allocate() {
    av_max_alloc(UNLIMITED);
  }

  @Test
  void videosAndSingleFrames() throws IOException {
    Path clip = Clips.resource("/clips/bunny-interlaced.mkv");
    failsAtEachStep(
        () -> {
          try (VideoSource video = VIDEOS.open(clip);
              Frame frame = video.frameAt(Duration.ofMillis(700), SMALL)) {
            assertThat(frame.width()).isEqualTo(24);
          }
        });
  }

  @Test
  void passes() throws IOException {
    Path clip = Clips.resource("/clips/bunny.mp4");
    for (FrameSampling sampling :
        new FrameSampling[] {
          FrameSampling.every(Duration.ofMillis(400)), FrameSampling.keyframes()
        }) {
      failsAtEachStep(
          () -> {
            try (VideoSource video = VIDEOS.open(clip);
                FrameStream frames = video.frames(sampling, SMALL)) {
              Clips.drain(frames);
            }
          });
    }
  }

  @Test
  void pictures() throws IOException {
    Path grid = Clips.resource("/cases/grid-2x2.avif");
    failsAtEachStep(
        () -> {
          try (VideoSource photo = VIDEOS.open(grid);
              Frame frame = photo.frameAt(Duration.ZERO, SMALL)) {
            assertThat(frame.width()).isEqualTo(24);
          }
        });
  }

  @Test
  void sound() throws IOException {
    Path film = folder.resolve("film.mkv");
    Kind aac = new Kind("aac", 44_100, "stereo");
    double unused =
        SoundWriter.write(
            film,
            List.of(
                new Track(
                    List.of(new Stretch(aac, 0, 2)), time -> Math.sin(2_000 * time), Map.of(), 0)),
            List.of());
    failsAtEachStep(
        () -> {
          try (AudioSource sound =
              VIDEOS
                  .openAudio(VideoLocation.of(film), Duration.ZERO, Optional.empty())
                  .orElseThrow()) {
            FloatBuffer samples = FloatBuffer.allocate(16_000);
            while (sound.read(samples.clear()) > 0) {
              assertThat(samples.position()).isPositive();
            }
          }
        });
  }

  @Test
  void subtitles() throws IOException {
    Path clip = Clips.resource("/clips/bunny-subtitles.mkv");
    failsAtEachStep(() -> assertThat(Subtitles.of(clip)).isNotNull());
  }

  @Test
  void writers() throws IOException {
    Path file = folder.resolve("written.mp4");
    failsAtEachStep(
        () -> {
          Files.deleteIfExists(file);
          try (VideoWriter writer = VideoWriter.builder(file).size(96, 64).build()) {
            for (int i = 0; i < 5; i++) {
              writer.write(ByteBuffer.wrap(new byte[3 * 96 * 64]), Duration.ofMillis(40L * i));
            }
          }
        });
  }
}
