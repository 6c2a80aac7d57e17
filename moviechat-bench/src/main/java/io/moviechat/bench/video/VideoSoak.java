package io.moviechat.bench.video;

import com.sun.management.ThreadMXBean;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.ChildJvm;
import io.moviechat.bench.harness.Clips;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Resident;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Slope;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.FfmpegVideoSourceProvider;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Whether memory stays flat: opening and closing a video 500 times (full: 40,000), 100 (full:
 * 8,000) sparse passes over one minute, each by several decoders where there are several cores, and
 * 50,000 frames (full: one million) at 64 x 64, with the bytes that each costs on the Java heap of
 * the thread that asks. Each in a JVM of its own with a heap of fixed size. No peers. Command:
 * {@code java -jar benchmarks.jar video --filter Soak}.
 */
final class VideoSoak implements Study {
  private static final FrameFormat FORMAT = FrameFormat.stretch(64, 64, Resampling.BILINEAR);
  private static final int MOMENTS = 12;

  /** Of a heap that grows and shrinks, resident memory says little. */
  private static final List<String> FIXED_HEAP =
      List.of("-Xms192m", "-Xmx192m", "-XX:+UseSerialGC", "-XX:+AlwaysPreTouch");

  @Override
  public String question() {
    return "Does memory stay flat over many frames and many videos?";
  }

  @Override
  public void run(Size size, Findings findings) throws Exception {
    List<List<String>> rows = new ArrayList<>();
    try (Clips clips = new Clips()) {
      int opens = size.pick(4, 500, 40_000);
      rows.add(soak("open, one frame, close", clips.make(2), Reading.FIRST_FRAME, opens, findings));
      int passes = size.pick(4, 100, 8_000);
      rows.add(soak("sparse pass", clips.make(60), Reading.SPARSE_PASS, passes, findings));
      int frames = size.pick(80, 50_000, 1_000_000);
      Path clip = clips.make(size.pick(2, 60, 600));
      rows.add(soak("frame", clip, Reading.EVERY_FRAME, frames, findings));
    }
    findings.table(
        new Table(
            "video-soak",
            "Memory over many frames and videos",
            List.of("what", "times", "heap bytes each", "resident bytes each (slope)", "error"),
            rows,
            "The first quarter warms up and is not counted. The slope is a line through the"
                + " resident bytes at twelve moments, each after a collection; within its error it"
                + " should be 0."));
  }

  /** What is done over and over, and counted. */
  enum Reading {
    /** A video is opened and gives its first frame. */
    FIRST_FRAME,
    /** A video is opened and gives one frame in five seconds. */
    SPARSE_PASS,
    /** One frame is given; the video is opened again at its end. */
    EVERY_FRAME
  }

  private static List<String> soak(
      String what, Path video, Reading reading, int times, Findings findings)
      throws IOException, InterruptedException {
    findings.progress("soak: " + what + " x " + times);
    List<Double> done = new ArrayList<>();
    List<Double> resident = new ArrayList<>();
    double heap = Double.NaN;
    for (String line :
        ChildJvm.run(
            Soak.class,
            FIXED_HEAP,
            List.of(video.toString(), reading.name(), Integer.toString(times)))) {
      String[] words = line.split(" ", -1);
      if (words[0].equals("resident")) {
        done.add(Double.parseDouble(words[1]));
        resident.add(Double.parseDouble(words[2]));
      } else if (words[0].equals("heap")) {
        heap = Double.parseDouble(words[1]);
      }
    }
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

  /** The JVM in which a video is read over and over. */
  static final class Soak {
    private Soak() {}

    public static void main(String[] args) throws InterruptedException {
      Path video = Path.of(args[0]);
      Reading reading = Reading.valueOf(args[1]);
      long times = Long.parseLong(args[2]);
      long warmUp = times / 4;
      repeat(video, reading, warmUp);
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long before = threads.getCurrentThreadAllocatedBytes();
      long step = Math.max(1, (times - warmUp) / MOMENTS);
      for (int i = 1; i <= MOMENTS; i++) {
        repeat(video, reading, step);
        // Buffers of closed videos are freed after a collection: without one now, when the last was
        // would look like growth.
        System.gc();
        Thread.sleep(200);
        System.out.printf(Locale.ROOT, "resident %d %.0f%n", i * step, Resident.bytes());
      }
      double heap = threads.getCurrentThreadAllocatedBytes() - before;
      System.out.printf(Locale.ROOT, "heap %.1f%n", heap / (MOMENTS * step));
      if (!NativeOwner.openOwners().isEmpty()) {
        throw new IllegalStateException("not closed: " + NativeOwner.openOwners());
      }
    }

    private static void repeat(Path video, Reading reading, long times) {
      long left = times;
      while (left > 0) {
        left -=
            switch (reading) {
              case FIRST_FRAME -> read(video, FrameSampling.everyFrame(), 1);
              case SPARSE_PASS -> {
                read(video, FrameSampling.every(Duration.ofSeconds(5)), Long.MAX_VALUE);
                yield 1;
              }
              case EVERY_FRAME -> read(video, FrameSampling.everyFrame(), left);
            };
      }
    }

    private static long read(Path video, FrameSampling sampling, long most) {
      long count = 0;
      try (VideoSource source = new FfmpegVideoSourceProvider().open(video);
          FrameStream stream = source.frames(sampling, FORMAT)) {
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
}
