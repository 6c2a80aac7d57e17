package io.moviechat.video;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_H264;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;

import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.Clips.Seen;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
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

  private static List<Seen> frames(HardwareDecoding hardware) {
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
  void withoutTheDeviceTheFramesAreThoseOfSoftwareAndTheReasonIsLogged(HardwareDecoding hardware) {
    List<Seen> expected = frames(HardwareDecoding.NONE);
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
    boolean oneKind = hardware != HardwareDecoding.NONE && hardware != HardwareDecoding.ANY;
    if (software && oneKind) {
      assertThat(log.toString(UTF_8))
          .contains("bunny.mp4 is decoded in software: " + hardware + ": ");
    } else {
      assertThat(log.toString(UTF_8)).doesNotContain("in software");
    }
  }
}
