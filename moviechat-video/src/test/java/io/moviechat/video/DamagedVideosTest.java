package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hundreds of broken files: decoded as far as they go or refused, and never more than that. */
@Timeout(300)
class DamagedVideosTest {
  private static final Logger log = LoggerFactory.getLogger(DamagedVideosTest.class);
  private static final FrameFormat SMALL = FrameFormat.stretch(32, 18, Resampling.BILINEAR);
  private static final VideoOptions LIMITS =
      VideoOptions.DEFAULT.withTimeout(Duration.ofSeconds(20)).withMaxPixels(4_000_000);

  @TempDir Path folder;

  private final Tally tally = new Tally();

  /** What happened to the files. */
  private static final class Tally {
    private int files;
    private int refused;
    private int whole;
    private int broken;
    private long frames;
    private long damaged;
  }

  @AfterEach
  void nothingStaysOpen() {
    log.info(
        "{} files: {} refused, {} broke off with an exception, {} read to their end; {} frames, {}"
            + " damaged",
        tally.files,
        tally.refused,
        tally.broken,
        tally.whole,
        tally.frames,
        tally.damaged);
    assertThat(NativeOwner.openOwners()).isEmpty();
    assertThat(tally.refused + tally.broken + tally.whole).isEqualTo(tally.files);
  }

  private void attempt(String name, byte[] bytes, int round) throws IOException {
    Path file = folder.resolve(round + "-" + name);
    Files.write(file, bytes);
    tally.files++;
    try (VideoSource video = new FfmpegVideoSourceProvider(LIMITS).open(file)) {
      try {
        FrameSampling sampling =
            List.of(
                    FrameSampling.everyFrame(),
                    FrameSampling.every(Duration.ofMillis(400)),
                    FrameSampling.keyframes(),
                    FrameSampling.uniform(9),
                    FrameSampling.sceneChanges(0.05, Duration.ofSeconds(1)))
                .get(round % 5);
        try (FrameStream stream = video.frames(sampling, SMALL)) {
          List<Clips.Seen> seen = Clips.drain(stream);
          for (int i = 1; i < seen.size(); i++) {
            assertThat(seen.get(i).time()).isGreaterThan(seen.get(i - 1).time());
          }
          tally.frames += seen.size();
          tally.damaged += stream.damagedFrames();
        }
        try (Frame frame = video.frameAt(Duration.ofMillis(1500), SMALL)) {
          assertThat(frame.width()).isEqualTo(32);
        }
        tally.whole++;
      } catch (VideoException e) {
        assertThat(e).hasMessageContaining(file.toString());
        tally.broken++;
      }
    } catch (VideoException e) {
      assertThat(e).hasMessageContaining(file.toString());
      tally.refused++;
    }
    Files.delete(file);
  }

  @Test
  void cutAtRandomPlaces() throws IOException {
    Random random = new Random(41);
    for (int round = 0; round < 100; round++) {
      String clip = Clips.ALL.get(round % Clips.ALL.size());
      byte[] bytes = Files.readAllBytes(Clips.file(clip));
      attempt(clip, Arrays.copyOf(bytes, 1 + random.nextInt(bytes.length)), round);
    }
    assertThat(tally.frames).isGreaterThan(500);
    assertThat(tally.refused).isPositive();
  }

  @Test
  void flippedBits() throws IOException {
    Random random = new Random(43);
    for (int round = 0; round < 200; round++) {
      String clip = Clips.ALL.get(round % Clips.ALL.size());
      byte[] bytes = Files.readAllBytes(Clips.file(clip));
      int flips = 1 << random.nextInt(9);
      for (int flip = 0; flip < flips; flip++) {
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      }
      attempt(clip, bytes, round);
    }
    assertThat(tally.frames).isGreaterThan(2000);
    assertThat(tally.damaged).isPositive();
  }

  @Test
  void zeroedAndRepeatedParts() throws IOException {
    Random random = new Random(47);
    for (int round = 0; round < 60; round++) {
      String clip = Clips.ALL.get(round % Clips.ALL.size());
      byte[] bytes = Files.readAllBytes(Clips.file(clip));
      int from = random.nextInt(bytes.length);
      int to = Math.min(bytes.length, from + 1 + random.nextInt(5000));
      if (round % 2 == 0) {
        Arrays.fill(bytes, from, to, (byte) 0);
      } else {
        System.arraycopy(bytes, 0, bytes, from, Math.min(to - from, bytes.length - from));
      }
      attempt(clip, bytes, round);
    }
    assertThat(tally.frames).isGreaterThan(300);
  }

  @Test
  void headersOnly() throws IOException {
    int round = 0;
    for (String clip : Clips.ALL) {
      byte[] bytes = Files.readAllBytes(Clips.file(clip));
      for (int length : new int[] {1, 8, 64, 700, 2000}) {
        attempt(clip, Arrays.copyOf(bytes, length), round++);
      }
      // Right header, wrong ending.
      attempt(clip + ".avi", Arrays.copyOf(bytes, bytes.length), round++);
    }
  }

  @Test
  void hugeClaimedPictures() throws IOException {
    // The sizes in the track header and the sample entry of an MP4 become 65,535 x 65,535.
    byte[] bytes = Files.readAllBytes(Clips.file("cars-open-gop.mp4"));
    int changed = 0;
    for (int i = 0; i + 4 < bytes.length; i++) {
      if (bytes[i] == 1 && bytes[i + 1] == 0 && bytes[i + 2] == 0 && bytes[i + 3] == (byte) 144) {
        Arrays.fill(bytes, i, i + 4, (byte) 0xff);
        changed++;
      }
    }
    assertThat(changed).isPositive();
    attempt("huge.mp4", bytes, 0);
  }

  @Test
  void fileThatVanishesWhileItIsRead() throws IOException {
    Path file = folder.resolve("vanishing.mp4");
    Files.copy(Clips.file("bunny.mp4"), file);
    tally.files++;
    try (VideoSource video = new FfmpegVideoSourceProvider(LIMITS).open(file);
        FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL)) {
      stream.next().orElseThrow().close();
      Files.delete(file);
      assertThat(Clips.drain(stream)).hasSizeBetween(0, 191);
      tally.whole++;
    }
  }

  @Test
  void fileThatShrinksWhileItIsRead() throws IOException {
    Path file = folder.resolve("shrinking.mp4");
    Files.copy(Clips.file("bunny.mp4"), file);
    tally.files++;
    try (VideoSource video = new FfmpegVideoSourceProvider(LIMITS).open(file);
        FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL)) {
      stream.next().orElseThrow().close();
      try (var channel =
          java.nio.channels.FileChannel.open(file, java.nio.file.StandardOpenOption.WRITE)) {
        channel.truncate(40_000);
      }
      assertThat(Clips.drain(stream)).hasSizeBetween(0, 190);
      tally.whole++;
    }
  }
}
