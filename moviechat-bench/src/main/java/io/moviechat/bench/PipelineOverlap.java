package io.moviechat.bench;

import io.moviechat.Frame;
import io.moviechat.FrameSampling;
import io.moviechat.FrameTokens;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.TokenShape;
import io.moviechat.WatchOptions;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoMemoryFactory;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * How well decoding, encoding and consolidation overlap: the time of {@code watch} over the time of
 * its slowest stage alone. 1 is perfect, and 1.15 is what the pipeline promises for stages that do
 * not fight for the same cores.
 *
 * <p>Peers, each measured alone on the same frames: every stage by itself, and all stages one after
 * another. The stages wait (as for a disk or an accelerator), so that any number of cores will do;
 * each of them is the slowest once, and once they are equal. Sizes: 300 frames (quick), 2,000
 * (full). Command: {@code java -jar benchmarks.jar pipeline --filter Overlap}.
 */
final class PipelineOverlap implements Study {
  private static final TokenShape SHAPE = new TokenShape(4, 12);
  private static final int BATCH = 8;

  /** Milliseconds per frame of each stage. */
  private record Scenario(String name, double decode, double encode, double memory) {}

  private static final List<Scenario> SCENARIOS =
      List.of(
          new Scenario("decoding is slowest", 2, 1, 0.5),
          new Scenario("encoding is slowest", 1, 2, 0.5),
          new Scenario("memory is slowest", 1, 0.5, 2),
          new Scenario("all alike", 2, 2, 2));

  @Override
  public String question() {
    return "How much longer than its slowest stage alone does watching take?";
  }

  @Override
  public void run(Size size, Findings findings) {
    int frames = size.pick(24, 300, 2000);
    int rounds = size.pick(1, 3, 5);
    List<List<String>> rows = new ArrayList<>();
    for (Scenario scenario : size == Size.SMOKE ? SCENARIOS.subList(3, 4) : SCENARIOS) {
      List<Double> factors = new ArrayList<>();
      List<Double> watched = new ArrayList<>();
      List<Double> alone = new ArrayList<>();
      List<Double> sequential = new ArrayList<>();
      for (int round = 0; round < rounds; round++) {
        Stages stages = new Stages(scenario, frames);
        double slowest =
            Math.max(stages.decodeAlone(), Math.max(stages.encodeAlone(), stages.memoryAlone()));
        double watch = stages.watch();
        alone.add(slowest);
        watched.add(watch);
        sequential.add(stages.oneAfterAnother());
        factors.add(watch / slowest);
        findings.measure(
            "PipelineOverlap.factor",
            Map.of("stages", "synthetic", "case", scenario.name()),
            "x slowest stage",
            Better.LOWER,
            watch / slowest);
      }
      rows.add(
          List.of(
              scenario.name(),
              Format.number(Measure.median(alone)),
              Format.number(Measure.median(watched)),
              Format.number(Measure.median(sequential)),
              Format.spread(factors)));
    }
    findings.table(
        new Table(
            "pipeline-overlap",
            "Overlap of the stages, " + frames + " frames that wait in each stage",
            List.of(
                "case",
                "slowest stage alone, ms",
                "watch, ms",
                "one after another, ms",
                "overlap factor (lowest to highest)"),
            rows,
            "Overlap factor: watch over slowest stage alone; at most 1.15 is promised."
                + " Filling the pipeline with its first batch is part of the time."));
  }

  /** The stages of one scenario, alone and together; times in milliseconds. */
  private static final class Stages {
    private final VideoSourceProvider videos;
    private final FrameEncoder encoder;
    private final VideoMemoryFactory memories;
    private final URI video;
    private final int frames;

    Stages(Scenario scenario, int frames) {
      this.videos = Synthetic.videos(cost(scenario.decode()));
      this.encoder = Synthetic.encoder(SHAPE, BATCH, cost(scenario.encode()));
      this.memories = Synthetic.memory(64, cost(scenario.memory()));
      this.video = Synthetic.video("overlap", frames);
      this.frames = frames;
    }

    private static Synthetic.Cost cost(double millis) {
      return Synthetic.Cost.waiting(Duration.ofNanos((long) (millis * 1e6)));
    }

    double watch() {
      try (MovieChat chat =
          MovieChat.builder()
              .video(videos)
              .encoder(encoder)
              .memory(memories)
              .generator(Synthetic.generator(SHAPE.width(), 1, Synthetic.Cost.NONE))
              .sampling(FrameSampling.everyFrame())
              .build()) {
        return millis(
            () -> {
              try (Movie movie = chat.watch(video, WatchOptions.DEFAULT, progress -> {})) {
                require(movie.memory().snapshot().framesSeen());
              }
            });
      }
    }

    double decodeAlone() {
      return millis(() -> require(decode().size()));
    }

    double encodeAlone() {
      List<Frame> decoded = decodeFree();
      return millis(() -> require(encode(decoded).size()));
    }

    double memoryAlone() {
      List<FrameTokens> tokens =
          Synthetic.encoder(SHAPE, BATCH, Synthetic.Cost.NONE).encode(decodeFree());
      return millis(() -> remember(tokens));
    }

    double oneAfterAnother() {
      return millis(() -> remember(encode(decode())));
    }

    private List<Frame> decode() {
      return decode(videos);
    }

    private List<Frame> decodeFree() {
      return decode(Synthetic.videos(Synthetic.Cost.NONE));
    }

    private List<Frame> decode(VideoSourceProvider provider) {
      List<Frame> decoded = new ArrayList<>();
      try (VideoSource source = provider.open(video);
          FrameStream stream =
              source.frames(FrameSampling.everyFrame(), encoder.preferredFormat())) {
        for (Optional<Frame> next = stream.next(); next.isPresent(); next = stream.next()) {
          decoded.add(next.get());
        }
      }
      return decoded;
    }

    private List<FrameTokens> encode(List<Frame> decoded) {
      List<FrameTokens> tokens = new ArrayList<>();
      for (int i = 0; i < decoded.size(); i += BATCH) {
        tokens.addAll(encoder.encode(decoded.subList(i, Math.min(i + BATCH, decoded.size()))));
      }
      return tokens;
    }

    private void remember(List<FrameTokens> tokens) {
      try (VideoMemory memory = memories.open(SHAPE)) {
        tokens.forEach(memory::add);
        require(memory.snapshot().framesSeen());
      }
    }

    private void require(long count) {
      if (count != frames) {
        throw new IllegalStateException(
            String.format(Locale.ROOT, "%d of %d frames arrived", count, frames));
      }
    }

    private static double millis(Runnable work) {
      long start = System.nanoTime();
      work.run();
      return (System.nanoTime() - start) / 1e6;
    }
  }
}
