package io.moviechat.video;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_H264;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_HEVC;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_VP9;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.Clips.Seen;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HardwareDecodingTest {
  private final PrintStream standardError = System.err;

  @AfterEach
  void nothingStaysOpen() {
    System.setErr(standardError);
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static List<Seen> frames(VideoOptions.Hardware hardware) {
    VideoOptions options = VideoOptions.DEFAULT.withHardware(hardware);
    try (VideoSource video = new FfmpegVideoSourceProvider(options).open(Clips.file("bunny.mp4"));
        FrameStream stream =
            video.frames(
                FrameSampling.everyFrame(), FrameFormat.stretch(64, 36, Resampling.BILINEAR))) {
      return Clips.drain(stream);
    }
  }

  @ParameterizedTest
  @EnumSource
  void withoutTheDeviceTheFramesAreThoseOfSoftwareAndTheReasonIsLogged(
      VideoOptions.Hardware hardware) {
    List<Seen> expected = frames(VideoOptions.Hardware.NONE);
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    System.setErr(new PrintStream(log, true, UTF_8));
    List<Seen> seen = frames(hardware);
    Optional<HardwareDevice> device =
        HardwareDevice.open(hardware, avcodec_find_decoder(AV_CODEC_ID_H264), "probe");
    boolean software = device.isEmpty();
    device.ifPresent(HardwareDevice::close);

    assertThat(seen.stream().map(Seen::time).toList())
        .isEqualTo(expected.stream().map(Seen::time).toList());
    if (software) {
      assertThat(seen).isEqualTo(expected);
    }
    boolean oneKind =
        hardware != VideoOptions.Hardware.NONE && hardware != VideoOptions.Hardware.ANY;
    if (software && oneKind) {
      assertThat(log.toString(UTF_8))
          .contains("bunny.mp4 is decoded in software: " + hardware + ": ");
    } else {
      assertThat(log.toString(UTF_8)).doesNotContain("in software");
    }
  }

  /** Runs where there is such a device, and is reported as skipped, with the reason, elsewhere. */
  @ParameterizedTest
  @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
  void onTheDeviceThePicturesAreThoseOfSoftware(VideoOptions.Hardware hardware) {
    for (String clip : List.of("bunny.mp4", "bunny.ts", "bunny-hevc-10bit.mp4", "bunny-vp9.webm")) {
      int codec = clip.contains("hevc") ? AV_CODEC_ID_HEVC : AV_CODEC_ID_H264;
      Optional<HardwareDevice> device =
          HardwareDevice.open(
              hardware,
              avcodec_find_decoder(clip.contains("vp9") ? AV_CODEC_ID_VP9 : codec),
              "probe");
      device.ifPresent(HardwareDevice::close);
      assumeTrue(
          device.isPresent(), "no device here decodes by " + hardware + ": it was not tried");
      List<byte[]> software = pixels(clip, VideoOptions.Hardware.NONE);
      List<byte[]> seen = pixels(clip, hardware);
      assertThat(seen).as(clip).hasSameSizeAs(software);
      for (int i = 0; i < seen.size(); i++) {
        // Decoding is exact by the standards; only the way to RGB may differ, by its pixel format.
        assertThat(meanDifference(seen.get(i), software.get(i)))
            .as("frame %d of %s", i, clip)
            .isLessThan(2);
      }
    }
  }

  private static List<byte[]> pixels(String clip, VideoOptions.Hardware hardware) {
    VideoOptions options = VideoOptions.DEFAULT.withHardware(hardware);
    List<byte[]> all = new ArrayList<>();
    try (VideoSource video = new FfmpegVideoSourceProvider(options).open(Clips.file(clip));
        FrameStream stream =
            video.frames(
                FrameSampling.everyFrame(), FrameFormat.stretch(64, 36, Resampling.BILINEAR))) {
      for (Optional<Frame> next = stream.next(); next.isPresent(); next = stream.next()) {
        try (Frame frame = next.get()) {
          all.add(Clips.copy(frame).array());
        }
      }
    }
    return all;
  }

  private static double meanDifference(byte[] one, byte[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += Math.abs((one[i] & 0xff) - (other[i] & 0xff));
    }
    return sum / one.length;
  }
}
