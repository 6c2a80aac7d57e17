package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.Clips.Seen;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several decoders give what one gives, and end when they must. */
@Timeout(120)
class SegmentedFramesTest {
  private static final FrameFormat SMALL = FrameFormat.stretch(64, 48, Resampling.BILINEAR);
  private static final int FRAMES = 900;

  @TempDir static Path folder;
  private static Path film;

  /**
   * Pictures in uneven steps, one of which stays for 9 seconds: longer than a group of pictures.
   */
  @BeforeAll
  static void makeFilm() {
    film = folder.resolve("film.mp4");
    Random random = new Random(4);
    long millis = 0;
    byte[] rgb = new byte[3 * 64 * 48];
    try (VideoWriter writer = VideoWriter.builder(film).size(64, 48).framesPerSecond(20).build()) {
      for (int i = 0; i < FRAMES; i++) {
        random.nextBytes(rgb);
        writer.write(ByteBuffer.wrap(rgb), Duration.ofMillis(millis));
        millis += i == 500 ? 9_000 : 20 + random.nextInt(60);
      }
    }
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .noneMatch(name -> name.startsWith("moviechat-video-"));
  }

  @MustBeClosed
  private static VideoSource open(Path file, int threads) {
    return open(file, threads, VideoOptions.DEFAULT.shortestSegment());
  }

  @MustBeClosed
  private static VideoSource open(Path file, int threads, Duration shortestSegment) {
    VideoOptions options = VideoOptions.DEFAULT.withThreads(threads);
    return new FfmpegVideoSourceProvider(options.withShortestSegment(shortestSegment)).open(file);
  }

  private static long decoders() {
    return NativeOwner.openOwners().stream().filter(o -> o.startsWith("video decoder")).count();
  }

  private static List<Seen> drain(int threads, FrameSampling sampling) {
    try (VideoSource video = open(film, threads);
        FrameStream stream = video.frames(sampling, SMALL)) {
      return Clips.drain(stream);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 3_000})
  void decodesWithSeveralDecoders(long millis) throws InterruptedException {
    FrameSampling sampling =
        millis == 1 ? FrameSampling.everyFrame() : FrameSampling.every(Duration.ofMillis(millis));
    try (VideoSource video = open(film, 4);
        FrameStream stream = video.frames(sampling, SMALL)) {
      stream.next().orElseThrow().close();
      stream.next().orElseThrow().close();
      // Too much of the film is left for them to end before all are there.
      for (int i = 0; i < 1_000 && decoders() < 5; i++) {
        Thread.sleep(10);
      }
      assertThat(decoders()).as("four, and the video's own").isEqualTo(5);
    }
    try (VideoSource video = open(film, 1);
        FrameStream stream = video.frames(sampling, SMALL)) {
      stream.next().orElseThrow().close();
      assertThat(decoders()).isEqualTo(1);
    }
  }

  @Test
  void givesWhatOneDecoderGives() {
    Random random = new Random(9);
    List<FrameSampling> samplings =
        List.of(
            FrameSampling.everyFrame(),
            FrameSampling.every(Duration.ofMillis(400)),
            FrameSampling.every(Duration.ofMillis(1_000)),
            FrameSampling.every(Duration.ofMillis(4_700)),
            FrameSampling.uniform(5),
            FrameSampling.uniform(77),
            FrameSampling.at(random.longs(60, 0, 70_000).mapToObj(Duration::ofMillis).toList()),
            new FrameSampling.Fragments(16, 4));
    for (FrameSampling sampling : samplings) {
      List<Seen> expected = drain(1, sampling);
      assertThat(expected).hasSizeGreaterThan(4);
      for (int threads : new int[] {2, 3, 8}) {
        assertThat(drain(threads, sampling)).as("%s, %d", sampling, threads).isEqualTo(expected);
      }
    }
  }

  @Test
  void givesWhatOneDecoderGivesInWindows() {
    Random random = new Random(5);
    for (int i = 0; i < 20; i++) {
      Duration from = Duration.ofMillis(random.nextInt(40_000));
      Duration to = from.plusMillis(1 + random.nextInt(40_000));
      FrameSampling sampling =
          i % 2 == 0
              ? FrameSampling.everyFrame()
              : FrameSampling.every(Duration.ofMillis(300 + random.nextInt(2_000)));
      try (VideoSource one = open(film, 1);
          FrameStream expected = one.frames(from, to, sampling, SMALL);
          VideoSource several = open(film, 3);
          FrameStream stream = several.frames(from, to, sampling, SMALL)) {
        assertThat(Clips.drain(stream))
            .as("%s to %s, %s", from, to, sampling)
            .isEqualTo(Clips.drain(expected));
      }
    }
  }

  @Test
  void passesAndSingleFramesTakeTurns() {
    try (VideoSource video = open(film, 3)) {
      List<Seen> expected = drain(1, FrameSampling.every(Duration.ofSeconds(2)));
      for (int round = 0; round < 3; round++) {
        try (FrameStream stream = video.frames(FrameSampling.every(Duration.ofSeconds(2)), SMALL)) {
          for (Seen seen : expected.subList(0, 5 * (round + 1))) {
            try (Frame frame = stream.next().orElseThrow();
                Frame single = video.frameAt(seen.time(), SMALL)) {
              assertThat(Clips.seen(frame)).isEqualTo(seen);
              assertThat(Clips.seen(single)).isEqualTo(seen);
            }
          }
        }
        try (Frame single = video.frameAt(expected.get(7).time(), SMALL)) {
          assertThat(Clips.seen(single)).isEqualTo(expected.get(7));
        }
        try (FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL)) {
          assertThat(Clips.drain(stream)).hasSize(FRAMES);
        }
      }
    }
  }

  @Test
  void framesThatStayOpenHoldTheDecodersBack() {
    try (VideoSource video = open(film, 4);
        FrameStream stream = video.frames(FrameSampling.every(Duration.ofMillis(500)), SMALL)) {
      List<Frame> open = IntStream.range(0, 30).mapToObj(i -> stream.next().orElseThrow()).toList();
      assertThat(open).extracting(Frame::timestamp).isSorted().doesNotHaveDuplicates();
      open.forEach(Frame::close);
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void closingTheVideoEndsAPassThatRuns() throws InterruptedException {
    for (int i = 0; i < 10; i++) {
      VideoSource video = open(film, 4);
      FrameStream stream =
          video.frames(
              i % 2 == 0 ? FrameSampling.everyFrame() : FrameSampling.every(Duration.ofMillis(700)),
              SMALL);
      CompletableFuture<Void> reader =
          CompletableFuture.runAsync(
              () -> {
                while (true) {
                  stream.next().orElseThrow().close();
                }
              });
      Thread.sleep(i);
      video.close();
      assertThatThrownBy(reader::join)
          .cause()
          .isInstanceOfAny(
              IllegalStateException.class, VideoException.class, NoSuchElementException.class);
      stream.close();
    }
  }

  @Test
  void aFileCutOffGivesWhatIsThereOrSaysWhatIsWrong() throws IOException {
    Path cut = folder.resolve("cut.mp4");
    FrameSampling sampling = FrameSampling.every(Duration.ofSeconds(1));
    List<Seen> whole = drain(1, sampling);
    Files.copy(film, cut);
    try (VideoSource video = open(cut, 3);
        FrameStream stream = video.frames(sampling, SMALL)) {
      stream.next().orElseThrow().close();
      try (FileChannel channel = FileChannel.open(cut, StandardOpenOption.WRITE)) {
        channel.truncate(Files.size(cut) / 2);
      }
      List<Seen> rest = Clips.drain(stream);
      assertThat(rest).isNotEmpty().hasSizeLessThan(whole.size());
      assertThat(whole).containsAll(rest);
    } catch (VideoException e) {
      assertThat(e).hasMessageContaining("cut.mp4");
    }
  }

  @Test
  void aFileThatVanishedIsReadByTheDecoderThatHasIt() throws IOException {
    Path gone = folder.resolve("gone.mp4");
    Files.copy(film, gone);
    FrameSampling sampling = FrameSampling.every(Duration.ofSeconds(1));
    try (VideoSource video = open(gone, 3)) {
      Files.delete(gone);
      try (FrameStream stream = video.frames(sampling, SMALL)) {
        assertThat(Clips.drain(stream)).isEqualTo(drain(1, sampling));
      }
    }
  }

  /** Every clip of the test resources, and of the folder of {@code -Dmoviechat.test.videos=DIR}. */
  @Test
  void everyFrameOfEveryClipIsThatOfOneDecoder() throws IOException {
    for (Path clip : IndependentDecoderIT.videos()) {
      try (VideoSource one = open(clip, 1);
          FrameStream expected = one.frames(FrameSampling.everyFrame(), SMALL)) {
        List<Seen> all = Clips.drain(expected);
        for (int threads : new int[] {2, 3}) {
          try (VideoSource several = open(clip, threads, Duration.ZERO);
              FrameStream stream = several.frames(FrameSampling.everyFrame(), SMALL)) {
            assertThat(Clips.drain(stream)).as("%s, %d", clip, threads).isEqualTo(all);
            assertThat(stream.damagedFrames()).isEqualTo(expected.damagedFrames());
          }
        }
      }
    }
  }

  /** What is damaged, and all after it, is left to one decoder. */
  @Test
  void damagedPartsAreThoseOfOneDecoder() throws IOException {
    byte[] good = Files.readAllBytes(film);
    Random random = new Random(3);
    long damaged = 0;
    for (int round = 0; round < 20; round++) {
      byte[] bytes = good.clone();
      for (int i = 0; i <= round % 3; i++) {
        int at = 2_000 + random.nextInt(bytes.length / 2);
        Arrays.fill(bytes, at, at + 40, (byte) random.nextInt(256));
      }
      Path file = folder.resolve("damaged.mp4");
      Files.write(file, bytes);
      // Of as many threads: what FFmpeg makes of damage depends on them.
      try (VideoSource one = open(file, 2, ChronoUnit.FOREVER.getDuration());
          FrameStream expected = one.frames(FrameSampling.everyFrame(), SMALL)) {
        List<Seen> all = Clips.drain(expected);
        try (VideoSource several = open(file, 2);
            FrameStream stream = several.frames(FrameSampling.everyFrame(), SMALL)) {
          assertThat(Clips.drain(stream)).as("round %d", round).isEqualTo(all);
          assertThat(stream.damagedFrames()).isEqualTo(expected.damagedFrames());
        }
        damaged += expected.damagedFrames();
      }
    }
    assertThat(damaged).isPositive();
  }

  /** Every picture is said to be a key frame, so that decoding begins where it cannot. */
  @Test
  void wrongKeyFramesAreFound() throws Exception {
    Path wrong = folder.resolve("wrong-keys.mkv");
    new Remux(300, 0, 0, true).copy(film, wrong);
    try (VideoSource one = open(wrong, 1);
        FrameStream expected = one.frames(FrameSampling.everyFrame(), SMALL);
        VideoSource several = open(wrong, 2, Duration.ZERO);
        FrameStream stream = several.frames(FrameSampling.everyFrame(), SMALL)) {
      assertThat(Clips.drain(stream)).isEqualTo(Clips.drain(expected)).hasSize(300);
    }
  }

  /** Closing ends all decoders at once, wherever they are. */
  @Test
  void aDensePassEndsAtAnyTime() throws InterruptedException {
    for (int i = 0; i < 20; i++) {
      try (VideoSource video = open(film, 3);
          FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL)) {
        for (int frame = 0; frame < 7 * i; frame++) {
          stream.next().orElseThrow().close();
        }
        Thread.sleep(i);
      }
      nothingStaysOpen();
    }
  }
}
