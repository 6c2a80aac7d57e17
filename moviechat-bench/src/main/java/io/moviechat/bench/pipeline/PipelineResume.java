package io.moviechat.bench.pipeline;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.FrameSampling;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.TokenShape;
import io.moviechat.WatchOptions;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.ChildJvm;
import io.moviechat.bench.harness.Clips;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Synthetic;
import io.moviechat.bench.harness.Table;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * A watching process is killed at a random moment; another one goes on from its last checkpoint.
 * How much is watched twice, and does the whole video end up in memory?
 *
 * <p>Computed frames of 1 ms each, the default memory strategy, a checkpoint every 100 ms, {@code
 * kill -9}. Peer: watching everything again. Sizes: 3 kills (quick), 20 (full). Command: {@code
 * java -jar benchmarks.jar pipeline --filter Resume}.
 */
final class PipelineResume implements Study {
  private static final TokenShape SHAPE = new TokenShape(8, 32);

  @Override
  public String question() {
    return "How much is watched twice when a process is killed and another one goes on?";
  }

  @Override
  public void run(Size size, Findings findings) throws IOException, InterruptedException {
    int kills = size.pick(1, 3, 20);
    long frames = size.pick(400L, 2_000L, 4_000L);
    Random random = new Random(1);
    List<Double> twice = new ArrayList<>();
    List<Double> saved = new ArrayList<>();
    try (Clips folder = new Clips()) {
      for (int kill = 0; kill < kills; kill++) {
        Path file = folder.directory().resolve("kill-" + kill + ".memory");
        long killedAt = watchAndKill(file, frames, (0.2 + 0.6 * random.nextDouble()) * frames);
        long rest = resume(file, frames);
        twice.add((double) (rest - (frames - killedAt)));
        saved.add(100.0 * (frames - rest) / frames);
      }
    }
    findings.measure(
        new Measure(
            "PipelineResume.watchedTwice",
            new TreeMap<>(Map.of("frames", String.valueOf(frames))),
            "frames",
            Better.NEITHER,
            List.of(twice)));
    findings.measure(
        new Measure(
            "PipelineResume.notWatchedAgain",
            new TreeMap<>(Map.of("frames", String.valueOf(frames))),
            "% of the video",
            Better.NEITHER,
            List.of(saved)));
    findings.table(
        new Table(
            "pipeline-resume",
            "Killed while watching, and resumed by another process",
            List.of("kills", "frames watched twice", "share of the video not watched again, %"),
            List.of(List.of(String.valueOf(kills), Format.spread(twice), Format.spread(saved))),
            "Checkpoints every 100 ms of a video of "
                + Format.count(frames)
                + " frames at about 1 ms each. Every resumed memory stood for every frame."));
  }

  /** Frames that the child said it had watched when it was killed. */
  private static long watchAndKill(Path file, long frames, double after)
      throws IOException, InterruptedException {
    long watched = 0;
    try (ChildJvm child =
        ChildJvm.start(
            Child.class, List.of("-Xmx128m"), List.of(file.toString(), String.valueOf(frames)))) {
      for (String line = child.readLine(); line != null; line = child.readLine()) {
        watched = Long.parseLong(line);
        if (watched >= after && Files.exists(file)) {
          child.kill();
          return watched;
        }
      }
    }
    throw new IOException("the child ended by itself after " + watched + " frames");
  }

  /** Frames that another process (this one) still had to watch. */
  private static long resume(Path file, long frames) {
    long[] watched = new long[1];
    try (MovieChat chat = chat();
        Movie movie =
            chat.resume(
                file,
                video(frames),
                WatchOptions.DEFAULT.onProgress(progress -> watched[0]++, Duration.ZERO))) {
      long seen = movie.memory().snapshot().framesSeen();
      if (seen != frames) {
        throw new IllegalStateException(
            "after resuming, memory stands for " + seen + " of " + frames + " frames");
      }
    }
    return watched[0];
  }

  private static URI video(long frames) {
    return Synthetic.video("resume", frames);
  }

  @MustBeClosed
  private static MovieChat chat() {
    return MovieChat.builder()
        .video(Synthetic.videos(Synthetic.Cost.waiting(Duration.ofMillis(1))))
        .encoder(Synthetic.encoder(SHAPE, 4, Synthetic.Cost.NONE))
        .generator(Synthetic.generator(SHAPE.width(), 1, Synthetic.Cost.NONE))
        .sampling(FrameSampling.everyFrame())
        .build();
  }

  /** The process that is killed. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) {
      long frames = Long.parseLong(args[1]);
      WatchOptions options =
          WatchOptions.DEFAULT.withCheckpoint(Path.of(args[0]), Duration.ofMillis(100));
      try (MovieChat chat = chat();
          Movie movie =
              chat.watch(
                  video(frames),
                  options.onProgress(
                      progress -> System.out.println(progress.frames()), Duration.ZERO))) {
        System.out.println(movie.memory().snapshot().framesSeen());
      }
    }
  }
}
