package io.moviechat.bench;

import com.sun.management.ThreadMXBean;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.NativeOwner;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.FfmpegVideoSourceProvider;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether memory stays flat: opening and closing a video 500 times (full: 2,000), and 50,000 frames
 * (full: one million) at 64 x 64, with the bytes that each frame costs on the Java heap. No peers.
 * Command: {@code java -jar benchmarks.jar video --filter Soak}.
 */
final class VideoSoak implements Study {
  private static final FrameFormat FORMAT = FrameFormat.stretch(64, 64, Resampling.BILINEAR);

  @Override
  public String question() {
    return "Does memory stay flat over many frames and many videos?";
  }

  @Override
  public void run(Size size, Findings findings) throws IOException {
    List<List<String>> rows = new ArrayList<>();
    try (Clips clips = new Clips()) {
      Path shortClip = clips.make(2);
      int opens = size.pick(4, 500, 2000);
      rows.add(
          soak(
              "open, one frame, close",
              opens,
              opens / 4,
              findings,
              count -> {
                for (int i = 0; i < count; i++) {
                  read(shortClip, 1);
                }
              }));
      Path clip = clips.make(size.pick(2, 60, 600));
      int frames = size.pick(80, 50_000, 1_000_000);
      rows.add(
          soak(
              "frame",
              frames,
              frames / 4,
              findings,
              count -> {
                long left = count;
                while (left > 0) {
                  left -= read(clip, left);
                }
              }));
    }
    if (!NativeOwner.openOwners().isEmpty()) {
      throw new IllegalStateException("not closed: " + NativeOwner.openOwners());
    }
    findings.table(
        new Table(
            "video-soak",
            "Memory over many frames and videos",
            List.of("what", "times", "heap bytes each", "resident bytes each (slope)", "error"),
            rows,
            "The first quarter warms up and is not counted. The slope is a line through the"
                + " resident bytes at twelve moments; within its error it should be 0."));
  }

  /** Does something so many times. */
  private interface Repeated {
    void run(int times);
  }

  private static List<String> soak(
      String what, int times, int warmUp, Findings findings, Repeated work) {
    findings.progress("soak: " + what + " x " + times);
    work.run(warmUp);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    List<Double> done = new ArrayList<>();
    List<Double> resident = new ArrayList<>();
    int step = Math.max(1, (times - warmUp) / 12);
    int count = 0;
    for (int i = 0; i < 12; i++) {
      work.run(step);
      count += step;
      done.add((double) count);
      resident.add(Resident.bytes());
    }
    double heap = (double) (threads.getCurrentThreadAllocatedBytes() - before) / count;
    Slope slope = Slope.of(done, resident);
    findings.measure("VideoSoak.heap", Map.of("what", what), "bytes", Better.LOWER, heap);
    findings.measure(
        "VideoSoak.residentSlope", Map.of("what", what), "bytes", Better.NEITHER, slope.perX());
    return List.of(
        what,
        Integer.toString(times),
        Format.number(heap),
        Format.number(slope.perX()),
        Format.number(slope.error()));
  }

  private static long read(Path video, long most) {
    long count = 0;
    try (VideoSource source = new FfmpegVideoSourceProvider().open(video);
        FrameStream stream = source.frames(FrameSampling.everyFrame(), FORMAT)) {
      while (count < most) {
        Optional<Frame> next = stream.next();
        if (next.isEmpty()) {
          break;
        }
        next.get().close();
        count++;
      }
    }
    return count;
  }
}
