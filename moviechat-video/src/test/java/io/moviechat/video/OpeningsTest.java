package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
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
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Openings of several native steps are all or nothing, whichever step fails. FFmpeg's memory ends
 * after each of the steps that an opening counts, one after another, so that the next is the first
 * that fails; and all allocations above a size are refused, from nearly all of them to none, which
 * reaches into the steps themselves. What only reads fails at each read.
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
    failsForEachSize(use);
    failsAfterEachStep(use);
    use.run();
  }

  private static void failsForEachSize(Use use) throws IOException {
    int refused = 0;
    int worked = 0;
    for (long limit = 40; limit < 1 << 24; limit += limit / 4) {
      av_max_alloc(limit);
      boolean done = works(use);
      worked += done ? 1 : 0;
      refused += done ? 0 : 1;
      assertThat(NativeOwner.openOwners()).as("nothing above %d bytes", limit).isEmpty();
    }
    assertThat(refused).isGreaterThan(10);
    assertThat(worked).isGreaterThan(5);
  }

  private static void failsAfterEachStep(Use use) throws IOException {
    AtomicInteger steps = new AtomicInteger();
    Ffmpeg.afterStep = steps::incrementAndGet;
    use.run();
    int all = steps.get();
    int refused = 0;
    for (int step = 1; step <= all; step++) {
      AtomicInteger left = new AtomicInteger(step);
      Ffmpeg.afterStep =
          () -> {
            if (left.decrementAndGet() == 0) {
              av_max_alloc(1);
            }
          };
      refused += works(use) ? 0 : 1;
      assertThat(NativeOwner.openOwners()).as("nothing after step %d", step).isEmpty();
    }
    assertThat(refused).as("failures, of %d steps", all).isGreaterThan(all / 2);
    assertThat(all).isGreaterThan(5);
  }

  /** Whether something works with the memory that FFmpeg has, which then is unlimited again. */
  private static boolean works(Use use) throws IOException {
    try {
      use.run();
      return true;
    } catch (VideoException | OutOfMemoryError e) {
      return false;
    } finally {
      allocate();
    }
  }

  @AfterEach
  void nothingIsRefused() {
    allocate();
  }

  private static void allocate() {
    Ffmpeg.afterStep = () -> {};
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
  void scenes() throws IOException {
    Path clip = Clips.resource("/clips/bunny.mp4");
    failsAtEachStep(
        () -> {
          try (VideoSource video = VIDEOS.open(clip);
              FrameStream frames =
                  video.frames(FrameSampling.sceneChanges(0.1, Duration.ofSeconds(1)), SMALL)) {
            assertThat(frames.next()).hasValueSatisfying(Frame::close);
          }
        });
  }

  @Test
  void whatIsTransparent() throws IOException {
    Path clip = Clips.resource("/cases/alpha-12-bit.mov");
    failsAtEachStep(
        () -> {
          try (VideoSource video = VIDEOS.open(clip)) {
            video.frameAt(Duration.ZERO, SMALL).close();
          }
        });
  }

  /** Of packets that do not say when pictures are shown the first are decoded to know. */
  @Test
  void orderOfPresentation() throws IOException {
    Path file = folder.resolve("reordered.mxf");
    try (VideoWriter writer =
        VideoWriter.builder(file)
            .size(96, 64)
            .encoder("mpeg2video", AV_PIX_FMT_YUV420P)
            .ticksPerSecond(25)
            .bFrames(2)
            .build()) {
      for (int i = 0; i < 9; i++) {
        writer.write(ByteBuffer.wrap(new byte[3 * 96 * 64]), Duration.ofMillis(40L * i));
      }
    }
    failsAtEachStep(
        () -> {
          try (VideoSource video = VIDEOS.open(file)) {
            video.frameAt(Duration.ofMillis(200), SMALL).close();
          }
        });
  }

  @Test
  void fieldsOfPictures() throws IOException {
    Path clip = Clips.resource("/cases/field-pictures.ts");
    failsAtEachStep(
        () -> {
          try (VideoSource video = VIDEOS.open(clip)) {
            video.frameAt(Duration.ofMillis(200), SMALL).close();
          }
        });
  }

  @Test
  void hardware() throws IOException {
    FfmpegVideoSourceProvider any =
        new FfmpegVideoSourceProvider(
            VideoOptions.DEFAULT.withThreads(1).withHardware(VideoOptions.Hardware.ANY));
    Path clip = Clips.resource("/clips/bunny.mp4");
    failsAtEachStep(
        () -> {
          try (VideoSource video = any.open(clip)) {
            video.frameAt(Duration.ZERO, SMALL).close();
          }
        });
  }

  @Test
  void liveVideosAndTheirSound() throws IOException {
    Path film = film("live.ts", List.of(0.0, 0.04, 0.08));
    LiveVideo.Options live =
        LiveVideo.Options.DEFAULT
            .withReconnectFor(Duration.ZERO)
            .withGrowthPatience(Duration.ofMillis(1));
    failsAtEachStep(
        () -> {
          try (LiveVideo video =
                  LiveVideo.open(film.toUri(), live, VideoOptions.DEFAULT.withThreads(1));
              AudioSource sound = video.sound();
              FrameStream frames = video.frames(FrameSampling.everyFrame(), SMALL)) {
            assertThat(Clips.drain(frames)).isNotEmpty();
            assertThat(sound.read(FloatBuffer.allocate(100))).isNotZero();
          }
        });
  }

  /** A channel fails at each of the reads that opening and looking at a video take. */
  @Test
  void readsThatFail() throws IOException {
    byte[] bytes = Files.readAllBytes(Clips.resource("/clips/bunny-interlaced.mkv"));
    boolean failed = true;
    int reads = 0;
    for (; failed; reads++) {
      FailingChannel channel = new FailingChannel(bytes, reads);
      try (VideoSource video = VIDEOS.open(channel, "clip.mkv")) {
        video.frameAt(Duration.ofMillis(700), SMALL).close();
        failed = channel.hasFailed();
      } catch (VideoException e) {
        assertThat(channel.hasFailed()).as(String.valueOf(e)).isTrue();
      }
      assertThat(channel.isOpen()).as("channel, read %d failed", reads).isFalse();
      assertThat(NativeOwner.openOwners()).as("read %d failed", reads).isEmpty();
    }
    assertThat(reads).isGreaterThan(10);
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
    Path film = film("film.mkv", List.of());
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

  private Path film(String name, List<Double> pictures) throws IOException {
    Path film = folder.resolve(name);
    Kind aac = new Kind("aac", 44_100, "stereo");
    double unused =
        SoundWriter.write(
            film,
            List.of(
                new Track(
                    List.of(new Stretch(aac, 0, 2)), time -> Math.sin(2_000 * time), Map.of(), 0)),
            pictures);
    return film;
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

  /** Bytes of which only some can be read. */
  private static final class FailingChannel implements SeekableByteChannel {
    private static final int AT_ONCE = 1000;

    private final byte[] bytes;
    private int left;
    private long position;
    private boolean open = true;

    FailingChannel(byte[] bytes, int reads) {
      this.bytes = bytes;
      this.left = reads;
    }

    boolean hasFailed() {
      return left < 0;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      if (--left < 0) {
        throw new IOException("the disk is broken");
      }
      int count = (int) Math.min(Math.min(target.remaining(), AT_ONCE), bytes.length - position);
      if (count <= 0) {
        return -1;
      }
      target.put(bytes, (int) position, count);
      position += count;
      return count;
    }

    @Override
    public int write(ByteBuffer source) {
      throw new NonWritableChannelException();
    }

    @Override
    public long position() {
      return position;
    }

    @Override
    public SeekableByteChannel position(long newPosition) {
      position = newPosition;
      return this;
    }

    @Override
    public long size() {
      return bytes.length;
    }

    @Override
    public SeekableByteChannel truncate(long size) {
      throw new NonWritableChannelException();
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() {
      open = false;
    }
  }
}
