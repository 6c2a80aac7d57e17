package io.moviechat.bench.video;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Clips;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Study;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.FfmpegVideoSourceProvider;
import io.moviechat.video.VideoOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Every frame of a clip, scaled to 224 x 224, decoded in software and by an NVIDIA card. Where the
 * card cannot be used the log says why, and both figures are software's. {@code
 * -Dmoviechat.bench.video=FILE} names the clip; otherwise a small one is made. Command: {@code java
 * -jar benchmarks.jar video --filter Hardware}.
 */
final class VideoHardware implements Study {
  private static final FrameFormat FORMAT = FrameFormat.stretch(224, 224, Resampling.BILINEAR);

  @Override
  public String question() {
    return "How fast does a graphics card decode?";
  }

  @Override
  public void run(Size size, Findings findings) throws Exception {
    try (Clips clips = new Clips()) {
      String given = System.getProperty("moviechat.bench.video", "");
      Path clip = given.isEmpty() ? clips.make(size.pick(2, 60, 600)) : Path.of(given);
      for (VideoOptions.Hardware hardware :
          List.of(VideoOptions.Hardware.NONE, VideoOptions.Hardware.CUDA)) {
        List<List<Double>> rounds = new ArrayList<>();
        for (int round = 0; round < size.pick(1, 3, 5); round++) {
          rounds.add(List.of(framesPerSecond(clip, hardware)));
        }
        findings.measure(
            new Measure(
                "VideoHardware.decode",
                new TreeMap<>(Map.of("asked for", hardware.name())),
                "frames/s",
                Better.HIGHER,
                rounds));
      }
    }
  }

  private static double framesPerSecond(Path clip, VideoOptions.Hardware hardware) {
    VideoOptions options = VideoOptions.DEFAULT.withHardware(hardware);
    long start = System.nanoTime();
    int frames = 0;
    try (VideoSource source = new FfmpegVideoSourceProvider(options).open(clip);
        FrameStream stream = source.frames(FrameSampling.everyFrame(), FORMAT)) {
      for (Optional<Frame> frame = stream.next(); frame.isPresent(); frame = stream.next()) {
        frame.get().close();
        frames++;
      }
    }
    return frames * 1e9 / (System.nanoTime() - start);
  }
}
