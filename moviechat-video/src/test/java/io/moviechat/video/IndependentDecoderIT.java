package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bytedeco.ffmpeg.global.avutil.av_image_copy_to_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_image_get_buffer_size;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.BytePointer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What is decoded here equals, byte for byte, what the system's {@code ffmpeg} command decodes:
 * every frame, in order, before scaling. Skipped where the command is not installed; {@code
 * -Dmoviechat.test.videos=DIR} adds the files of a folder.
 */
class IndependentDecoderIT {
  static List<Path> videos() throws IOException {
    List<Path> videos = new ArrayList<>(Clips.ALL.stream().map(Clips::file).toList());
    String more = System.getProperty("moviechat.test.videos");
    if (more != null) {
      try (Stream<Path> files = Files.list(Path.of(more))) {
        files.filter(file -> file.toString().endsWith(".mp4")).sorted().forEach(videos::add);
      }
    }
    return videos;
  }

  @ParameterizedTest
  @MethodSource("videos")
  void everyPictureIsThatOfTheCommand(Path video) throws Exception {
    List<String> expected = byCommand(video);

    List<String> pictures = new ArrayList<>();
    VideoOptions options = VideoOptions.DEFAULT;
    try (Watchdog watchdog = new Watchdog(options.timeout().toNanos());
        Demuxer demuxer =
            Demuxer.open(
                video.toString(),
                VideoInput.OfFile.open(video, options.maxBytes()),
                options,
                watchdog);
        FrameCursor cursor = new FrameCursor(demuxer, options, new Access("test"))) {
      while (cursor.advance()) {
        pictures.add(md5(cursor.picture()));
      }
    }
    assertThat(pictures).hasSizeGreaterThan(50).isEqualTo(expected);
  }

  private static String md5(AVFrame picture) throws NoSuchAlgorithmException {
    int size = av_image_get_buffer_size(picture.format(), picture.width(), picture.height(), 1);
    try (BytePointer bytes = new BytePointer(size)) {
      av_image_copy_to_buffer(
          bytes,
          size,
          picture.data(),
          picture.linesize(),
          picture.format(),
          picture.width(),
          picture.height(),
          1);
      byte[] packed = new byte[size];
      bytes.get(packed);
      return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(packed));
    }
  }

  private static List<String> byCommand(Path video) throws InterruptedException {
    List<String> lines;
    try {
      Process process =
          new ProcessBuilder(
                  "ffmpeg",
                  "-v",
                  "error",
                  "-nostdin",
                  "-noautorotate",
                  "-i",
                  video.toString(),
                  "-an",
                  "-sn",
                  "-fps_mode",
                  "passthrough",
                  "-f",
                  "framemd5",
                  "-")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      lines = process.inputReader().lines().toList();
      assertThat(process.waitFor()).isZero();
    } catch (IOException e) {
      Assumptions.abort("the ffmpeg command is not installed");
      throw new IllegalStateException(e);
    }
    return lines.stream()
        .filter(line -> !line.startsWith("#"))
        .map(line -> line.substring(line.lastIndexOf(' ') + 1).strip())
        .toList();
  }
}
