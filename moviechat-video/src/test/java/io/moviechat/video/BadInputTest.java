package io.moviechat.video;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_DOVI_CONF;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_side_data_new;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.VideoLocation;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.javacpp.BytePointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is no video, or no whole one, is refused with a message that says what was found. */
class BadInputTest {
  private static final FrameFormat SMALL = FrameFormat.stretch(32, 32, Resampling.BILINEAR);

  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static void assertRefused(Path file, String... parts) {
    assertThatThrownBy(() -> new FfmpegVideoSourceProvider().open(file))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContainingAll(parts);
  }

  @Test
  void missingFile() {
    assertRefused(folder.resolve("none.mp4"), "there is no file");
  }

  @Test
  void dolbyVisionOfProfile5IsNamedAndOthersAreRead() throws GeneratedVideo.NotMade {
    assertRefused(dolbyVision(5), "Dolby Vision of profile 5", "HDR10");
    try (VideoSource video = new FfmpegVideoSourceProvider().open(dolbyVision(8));
        Frame frame = video.frameAt(Duration.ZERO, SMALL)) {
      assertThat(frame.rgb().remaining()).isPositive();
    }
  }

  /** HEVC whose container says of which profile of Dolby Vision it is. */
  private Path dolbyVision(int profile) throws GeneratedVideo.NotMade {
    Path file = folder.resolve("profile" + profile + ".mp4");
    new Remux(5, 0, 0, false)
        .copy(
            Clips.file("bunny-hevc-10bit.mp4"),
            file,
            stream -> {
              int[] count = {stream.codecpar().nb_coded_side_data()};
              AVPacketSideData all = new AVPacketSideData(stream.codecpar().coded_side_data());
              BytePointer data =
                  av_packet_side_data_new(all, count, AV_PKT_DATA_DOVI_CONF, 9, 0).data();
              // version 1.0, profile, level, what is there, what else can read it
              byte[] configuration = {1, 0, (byte) profile, 1, 1, 0, 1, 1, 0};
              data.put(configuration, 0, configuration.length);
              stream.codecpar().coded_side_data(all).nb_coded_side_data(count[0]);
            },
            Map.of("strict", "unofficial"));
    return file;
  }

  /** The header of a picture of 64 x 64: no more is looked at where there is no decoder. */
  @Test
  void jpegXlIsNamedWithWhatToDo() throws IOException {
    Path file = folder.resolve("photo.jxl");
    byte[] picture = new byte[300];
    picture[0] = (byte) 0xff;
    picture[1] = 0x0a;
    picture[2] = 0x4f;
    picture[3] = 0x02;
    Files.write(file, picture);
    assertRefused(file, "jpegxl", "cannot decode", "JPEG or PNG");
  }

  @Test
  void directory() {
    assertRefused(folder, "is a directory");
  }

  @Test
  void emptyFile() throws IOException {
    assertRefused(Files.createFile(folder.resolve("empty.mp4")), "is empty");
  }

  @Test
  void textFileNamedMp4() throws IOException {
    Path file = folder.resolve("letter.mp4");
    Files.writeString(file, "Dear reader,\nthis is no video.\n".repeat(300));
    assertRefused(file, "is not a video");
  }

  @Test
  void soundOnly() throws IOException {
    Path file = folder.resolve("sound.wav");
    AudioFormat format = new AudioFormat(8000, 16, 1, true, false);
    byte[] silence = new byte[16000];
    try (AudioInputStream sound =
        new AudioInputStream(new ByteArrayInputStream(silence), format, 8000)) {
      AudioSystem.write(sound, AudioFileFormat.Type.WAVE, file.toFile());
    }
    assertRefused(file, "has no video track", "AUDIO pcm_s16le");
  }

  @Test
  void fileWithoutPermission() throws IOException {
    Path file = folder.resolve("secret.mp4");
    Files.write(file, new byte[] {1, 2, 3});
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
    assumeTrue(!Files.isReadable(file), "this user may read everything");
    assertRefused(file, "may not be read");
  }

  @Test
  void fileLargerThanTheLimit() {
    Path file = Clips.file("bunny.mp4");
    VideoOptions options = VideoOptions.DEFAULT.withMaxBytes(10_000);
    assertThatThrownBy(() -> new FfmpegVideoSourceProvider(options).open(file))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("more than the limit of 10,000");
  }

  @Test
  void pictureLargerThanTheLimit() {
    Path file = Clips.file("bunny.mp4");
    VideoOptions options = VideoOptions.DEFAULT.withMaxPixels(50_000);
    assertThatThrownBy(() -> new FfmpegVideoSourceProvider(options).open(file))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("320 x 180")
        .hasMessageContaining("maxPixels");
  }

  @Test
  void videoLongerThanTheLimit() {
    Path file = Clips.file("bunny.mp4");
    VideoOptions options = VideoOptions.DEFAULT.withMaxDuration(Duration.ofSeconds(5));
    assertThatThrownBy(() -> new FfmpegVideoSourceProvider(options).open(file))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("maxDuration");
  }

  @Test
  void fileCutInTheMiddleGivesItsFirstFrames() throws IOException {
    byte[] whole = Files.readAllBytes(Clips.file("bunny.mp4"));
    Path file = folder.resolve("cut.mp4");
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length / 2));
    try (VideoSource video = new FfmpegVideoSourceProvider().open(file);
        VideoSource original = new FfmpegVideoSourceProvider().open(Clips.file("bunny.mp4"));
        FrameStream part = video.frames(FrameSampling.everyFrame(), SMALL);
        FrameStream all = original.frames(FrameSampling.everyFrame(), SMALL)) {
      List<Clips.Seen> seen = Clips.drain(part);
      assertThat(seen.size()).isBetween(40, 150);
      // The last frames refer to pictures that are gone.
      assertThat(seen.subList(0, seen.size() - 5))
          .isEqualTo(Clips.drain(all).subList(0, seen.size() - 5));
    }
  }

  @Test
  void fileCutBeforeItsIndex() throws IOException {
    byte[] whole = Files.readAllBytes(Clips.file("cars-open-gop.mp4"));
    Path file = folder.resolve("cut.mp4");
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length / 2));
    assertRefused(file, "its beginning or index is missing");
  }

  @Test
  void playlistCannotOpenOtherFiles() throws IOException {
    Path secret = folder.resolve("secret.ts");
    Files.copy(Clips.file("bunny.ts"), secret);
    Path list = folder.resolve("list.mp4");
    Files.writeString(
        list,
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n" + secret + "\n#EXT-X-ENDLIST\n",
        UTF_8);
    assertRefused(list, "is not a video");
    Path concat = folder.resolve("concat.mp4");
    Files.writeString(concat, "ffconcat version 1.0\nfile secret.ts\n", UTF_8);
    assertRefused(concat, "is not a video");
    Path renamed = folder.resolve("list.m3u8");
    Files.copy(list, renamed);
    assertRefused(renamed, "is not a video");
  }

  @Test
  void locationThatIsNoFile() {
    FfmpegVideoSourceProvider provider = new FfmpegVideoSourceProvider();
    assertThat(provider.accepts(VideoLocation.of(URI.create("gopher://example.org/movie.mp4"))))
        .isFalse();
    assertThatThrownBy(() -> provider.open(URI.create("gopher://example.org/movie.mp4")))
        .isInstanceOf(VideoException.class)
        .hasMessageContaining("gopher://example.org/movie.mp4");
  }

  @Test
  void emptyWindowAndNegativeMoment() {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file("bunny.mp4"))) {
      Duration second = Duration.ofSeconds(1);
      assertThatThrownBy(() -> video.frames(second, second, FrameSampling.everyFrame(), SMALL))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> video.frameAt(second.negated(), SMALL))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void everythingIsClosedAfterClose() {
    VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file("bunny.mp4"));
    FrameStream stream = video.frames(FrameSampling.everyFrame(), SMALL);
    Frame kept = stream.next().orElseThrow();
    ByteArrayOutputStream before = new ByteArrayOutputStream();
    before.writeBytes(Clips.copy(kept).array());
    video.close();
    video.close();
    assertThatThrownBy(stream::next).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> video.frameAt(Duration.ZERO, SMALL))
        .isInstanceOf(IllegalStateException.class);
    stream.close();
    assertThat(Clips.copy(kept).array()).isEqualTo(before.toByteArray());
    kept.close();
  }

  @Test
  void theEarlierPassEndsWhenANewOneStarts() {
    try (VideoSource video = new FfmpegVideoSourceProvider().open(Clips.file("bunny.mp4"))) {
      FrameStream first = video.frames(FrameSampling.everyFrame(), SMALL);
      FrameStream second = video.frames(FrameSampling.everyFrame(), SMALL);
      assertThatThrownBy(first::next).isInstanceOf(IllegalStateException.class);
      assertThat(Clips.drain(second)).hasSize(192);
    }
  }

  @Test
  void framesThatAreNeverClosedAreReported() {
    VideoOptions options = VideoOptions.DEFAULT.withTimeout(Duration.ofMillis(300));
    try (VideoSource video = new FfmpegVideoSourceProvider(options).open(Clips.file("bunny.mp4"));
        FrameStream stream =
            video.frames(
                FrameSampling.everyFrame(), FrameFormat.stretch(4096, 4096, Resampling.BILINEAR))) {
      assertThatThrownBy(
              () -> {
                while (stream.next().isPresent()) {
                  // Keeps every frame open.
                }
              })
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("close frames before asking for more");
    }
  }

  @Test
  void aDurationWithoutEndIsNoFailure() {
    Duration forever = ChronoUnit.FOREVER.getDuration();
    VideoOptions patient = VideoOptions.DEFAULT.withTimeout(forever);
    try (VideoSource video = new FfmpegVideoSourceProvider(patient).open(Clips.file("bunny.mp4"))) {
      for (FrameSampling sampling :
          List.of(
              FrameSampling.every(forever),
              FrameSampling.keyframes(forever),
              FrameSampling.sceneChanges(1, forever))) {
        try (FrameStream stream = video.frames(sampling, FrameFormat.ORIGINAL)) {
          assertThat(Clips.drain(stream)).as("%s", sampling).hasSize(1);
        }
      }
    }
  }
}
