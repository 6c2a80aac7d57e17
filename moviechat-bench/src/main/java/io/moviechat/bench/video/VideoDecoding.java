package io.moviechat.bench.video;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.FrameSampling;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Clips;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.FfmpegVideoSourceProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.ffmpeg.global.swscale;
import org.bytedeco.javacv.FFmpegFrameGrabber;

/**
 * Decoding and scaling to 224 x 224, six ways: every frame, one frame in five seconds exactly, key
 * frames only, and single frames at random moments of the whole video and of two seconds of it.
 *
 * <p>Peers: JavaCV's FFmpegFrameGrabber in this process, and the {@code ffmpeg} command and OpenCV
 * in {@code python3} where they are installed ({@code -Dmoviechat.python=} names another
 * interpreter). Videos: of the file that {@code -Dmoviechat.bench.video=FILE} names, 60 seconds
 * (full: 10 minutes; {@code -Dbench.video.seconds=N} sets another length) in 480p and 1080p, H.264
 * and HEVC, looped, made by the {@code ffmpeg} command; or the files of the folder that {@code
 * -Dmoviechat.bench.videos=DIR} names; else a computed one. Peers run in turn. The key frame task
 * is compared with the commands' exact one. Command: {@code java -Dmoviechat.bench.video=FILE -jar
 * benchmarks.jar video --filter Decoding}.
 */
final class VideoDecoding implements Study {
  private static final int SIDE = 224;
  private static final FrameFormat FORMAT = FrameFormat.stretch(SIDE, SIDE, Resampling.BICUBIC);
  private static final Duration INTERVAL = Duration.ofSeconds(5);
  private static final String OURS = "moviechat";
  private static final String PYTHON = System.getProperty("moviechat.python", "python3");
  private static final Duration NEAR = Duration.ofSeconds(2);

  private static final List<String> FFMPEG = List.of("ffmpeg", "-v", "error", "-nostdin", "-y");

  private static final String OPENCV_DENSE =
      """
      import cv2, sys
      v = cv2.VideoCapture(sys.argv[1])
      while True:
          ok, f = v.read()
          if not ok: break
          cv2.cvtColor(cv2.resize(f, (224, 224), interpolation=cv2.INTER_CUBIC), cv2.COLOR_BGR2RGB)
      """;

  /** What a peer does; it may fail. */
  private interface Work {
    /** Frames given. */
    long run() throws Exception;
  }

  @Override
  public String question() {
    return "How fast are frames decoded and scaled: all, sparse, key frames, at random?";
  }

  @Override
  public void run(Size size, Findings findings) throws Exception {
    boolean command = installed("ffmpeg", "-version");
    boolean openCv = installed(PYTHON, "-c", "import cv2");
    if (!command) {
      findings.skip("VideoDecoding, peer ffmpeg", "the command is not installed");
    }
    if (!openCv) {
      findings.skip("VideoDecoding, peer opencv", PYTHON + " with cv2 is not installed");
    }
    List<List<String>> rows = new ArrayList<>();
    try (Clips clips = new Clips()) {
      for (Path video : videos(clips, size, command)) {
        Map<String, Map<String, Work>> tasks = new LinkedHashMap<>();
        tasks.put("every frame", dense(video, command, openCv));
        tasks.put("one in 5 s, exact", sparse(video, command));
        tasks.put("key frames near 5 s", keyframes(video, command));
        tasks.put("random access", random(video, size.pick(3, 20, 100), false));
        tasks.put("random moments at once", atOnce(video, size.pick(3, 20, 100)));
        tasks.put("random access within 2 s", random(video, size.pick(3, 40, 100), true));
        for (Map.Entry<String, Map<String, Work>> task : tasks.entrySet()) {
          rows.addAll(compare(video, task.getKey(), task.getValue(), size, findings));
        }
      }
    }
    findings.table(
        new Table(
            "video-decoding",
            "Decoding and scaling to 224 x 224",
            List.of("video", "task", "peer", "frames", "seconds", "moviechat is times as fast"),
            rows,
            "Seconds are the median of the rounds; in brackets, lowest to highest. Random access"
                + " is per pass over all moments."));
  }

  private static List<Path> videos(Clips clips, Size size, boolean command) throws Exception {
    String file = System.getProperty("moviechat.bench.video");
    if (file != null && command) {
      int seconds = Integer.getInteger("bench.video.seconds", size.pick(5, 60, 600));
      return loop(Path.of(file), clips.directory(), seconds);
    }
    String folder = System.getProperty("moviechat.bench.videos");
    if (folder == null) {
      return List.of(clips.make(size.pick(3, 60, 600)));
    }
    try (Stream<Path> files = Files.list(Path.of(folder))) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  /** The same video in two sizes and two codecs, encoded once and repeated up to a length. */
  private static List<Path> loop(Path file, Path folder, int seconds) throws Exception {
    List<Path> made = new ArrayList<>();
    for (String codec : List.of("h264", "hevc")) {
      for (int height : new int[] {480, 1080}) {
        Path once = folder.resolve("once.mp4");
        Path video = folder.resolve(codec + "-" + height + "p.mp4");
        List<String> encode = new ArrayList<>(FFMPEG);
        encode.addAll(
            List.of("-i", file.toString(), "-t", Integer.toString(seconds), "-an", "-vf"));
        encode.addAll(List.of("scale=-2:" + height, "-pix_fmt", "yuv420p", "-c:v"));
        encode.addAll(
            codec.equals("h264")
                ? List.of("libx264", "-preset", "veryfast")
                : List.of("libx265", "-preset", "superfast", "-x265-params", "log-level=error"));
        encode.add(once.toString());
        execute(encode.toArray(String[]::new));
        List<String> repeat = new ArrayList<>(FFMPEG);
        repeat.addAll(List.of("-stream_loop", "-1", "-i", once.toString(), "-c", "copy"));
        repeat.addAll(List.of("-t", Integer.toString(seconds), video.toString()));
        execute(repeat.toArray(String[]::new));
        Files.delete(once);
        made.add(video);
      }
    }
    return made;
  }

  private static List<List<String>> compare(
      Path video, String task, Map<String, Work> peers, Size size, Findings findings)
      throws Exception {
    Map<String, List<Double>> seconds = new LinkedHashMap<>();
    Map<String, Long> frames = new LinkedHashMap<>();
    for (int round = 0; round < size.pick(1, 2, 3); round++) {
      for (Map.Entry<String, Work> peer : peers.entrySet()) {
        findings.progress(video.getFileName() + ", " + task + ": " + peer.getKey());
        long start = System.nanoTime();
        frames.put(peer.getKey(), peer.getValue().run());
        double taken = (System.nanoTime() - start) / 1e9;
        seconds.computeIfAbsent(peer.getKey(), key -> new ArrayList<>()).add(taken);
        findings.measure(
            "VideoDecoding.scaleTo224",
            Map.of("video", label(video), "task", task, Measure.PEER, peer.getKey()),
            "s",
            Better.LOWER,
            taken);
      }
    }
    List<List<String>> rows = new ArrayList<>();
    List<Double> ours = Objects.requireNonNull(seconds.get(OURS));
    for (Map.Entry<String, List<Double>> peer : seconds.entrySet()) {
      List<Double> ratios = new ArrayList<>();
      for (int i = 0; i < ours.size(); i++) {
        ratios.add(peer.getValue().get(i) / ours.get(i));
      }
      long count = Objects.requireNonNull(frames.get(peer.getKey()));
      rows.add(
          List.of(
              label(video),
              task,
              peer.getKey(),
              count < 0 ? "" : Long.toString(count),
              Format.number(Measure.median(peer.getValue())),
              peer.getKey().equals(OURS) ? "" : Format.spread(ratios)));
    }
    return rows;
  }

  private static String label(Path video) {
    return String.valueOf(video.getFileName());
  }

  private static Map<String, Work> dense(Path video, boolean command, boolean openCv) {
    Map<String, Work> peers = new LinkedHashMap<>();
    peers.put(OURS, () -> pass(video, FrameSampling.everyFrame()));
    peers.put("javacv", () -> grabAll(video));
    if (command) {
      peers.put("ffmpeg", () -> ffmpeg(video, "scale=224:224:flags=bicubic,format=rgb24"));
    }
    if (openCv) {
      peers.put("opencv", () -> execute(PYTHON, "-c", OPENCV_DENSE, video.toString()));
    }
    return peers;
  }

  private static Map<String, Work> sparse(Path video, boolean command) {
    Map<String, Work> peers = new LinkedHashMap<>();
    peers.put(OURS, () -> pass(video, FrameSampling.every(INTERVAL)));
    if (command) {
      peers.put("ffmpeg", () -> exact(video));
    }
    return peers;
  }

  private static Map<String, Work> keyframes(Path video, boolean command) {
    Map<String, Work> peers = new LinkedHashMap<>();
    peers.put(OURS, () -> pass(video, FrameSampling.keyframes(INTERVAL)));
    if (command) {
      peers.put("ffmpeg, exact", () -> exact(video));
    }
    return peers;
  }

  private static Map<String, Work> random(Path video, int count, boolean near) {
    Map<String, Work> peers = new LinkedHashMap<>();
    peers.put(
        OURS,
        () -> {
          try (VideoSource source = new FfmpegVideoSourceProvider().open(video)) {
            for (long moment : moments(length(source), count, near)) {
              source.frameAt(Duration.ofMillis(moment), FORMAT).close();
            }
          }
          return count;
        });
    peers.put("javacv", javacv(video, count, near));
    return peers;
  }

  /**
   * The same moments; all are known before the first is asked for, which JavaCV has no call for.
   */
  private static Map<String, Work> atOnce(Path video, int count) {
    Map<String, Work> peers = new LinkedHashMap<>();
    peers.put(
        OURS,
        () -> {
          try (VideoSource source = new FfmpegVideoSourceProvider().open(video)) {
            List<Duration> moments =
                Arrays.stream(moments(length(source), count, false))
                    .mapToObj(Duration::ofMillis)
                    .toList();
            return drain(source, FrameSampling.at(moments));
          }
        });
    peers.put("javacv", javacv(video, count, false));
    return peers;
  }

  private static long length(VideoSource source) {
    return source.info().duration().orElseThrow().toMillis();
  }

  private static Work javacv(Path video, int count, boolean near) {
    return () -> {
      try (FFmpegFrameGrabber grabber = grabber(video)) {
        grabber.start();
        for (long moment : moments(grabber.getLengthInTime() / 1000, count, near)) {
          grabber.setTimestamp(1000 * moment);
          grabber.grabImage();
        }
      }
      return count;
    };
  }

  private static long[] moments(long end, int count, boolean near) {
    long length = near ? Math.min(NEAR.toMillis(), end) : end;
    return new Random(1)
        .longs(count, 0, length)
        .map(moment -> (end - length) / 2 + moment)
        .toArray();
  }

  private static long pass(Path video, FrameSampling sampling) {
    try (VideoSource source = new FfmpegVideoSourceProvider().open(video)) {
      return drain(source, sampling);
    }
  }

  private static long drain(VideoSource source, FrameSampling sampling) {
    long count = 0;
    try (FrameStream stream = source.frames(sampling, FORMAT)) {
      for (Optional<Frame> next = stream.next(); next.isPresent(); next = stream.next()) {
        next.get().close();
        count++;
      }
    }
    return count;
  }

  private static FFmpegFrameGrabber grabber(Path video) {
    FFmpegFrameGrabber grabber = new FFmpegFrameGrabber(video.toFile());
    grabber.setImageWidth(SIDE);
    grabber.setImageHeight(SIDE);
    grabber.setPixelFormat(avutil.AV_PIX_FMT_RGB24);
    grabber.setImageScalingFlags(swscale.SWS_BICUBIC);
    return grabber;
  }

  private static long grabAll(Path video) throws Exception {
    long count = 0;
    try (FFmpegFrameGrabber grabber = grabber(video)) {
      grabber.start();
      while (grabber.grabImage() != null) {
        count++;
      }
    }
    return count;
  }

  private static long exact(Path video) throws Exception {
    return ffmpeg(
        video,
        "select='isnan(prev_selected_t)+gte(t-prev_selected_t,5)',"
            + "scale=224:224:flags=bicubic,format=rgb24");
  }

  private static long ffmpeg(Path video, String filter) throws Exception {
    return execute(
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-i",
        video.toString(),
        "-an",
        "-vf",
        filter,
        "-vsync",
        "vfr",
        "-f",
        "rawvideo",
        "-y",
        "/dev/null");
  }

  private static long execute(String... command) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      if (process.waitFor() != 0) {
        throw new IOException(command[0] + " ended with code " + process.exitValue());
      }
    } finally {
      process.destroyForcibly();
    }
    return -1;
  }

  private static boolean installed(String... command) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      try {
        return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      return false;
    }
  }
}
