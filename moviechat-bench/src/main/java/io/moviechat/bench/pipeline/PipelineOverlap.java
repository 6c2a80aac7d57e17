package io.moviechat.bench.pipeline;

import com.google.common.collect.Lists;
import com.sun.management.OperatingSystemMXBean;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.FrameTokens;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.TokenShape;
import io.moviechat.VideoLocation;
import io.moviechat.WatchOptions;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Clips;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Strategies;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Synthetic;
import io.moviechat.bench.harness.Table;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.video.FfmpegVideoSourceProvider;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How well decoding, encoding and consolidation overlap: the time of {@code watch} over the time of
 * its slowest stage alone. 1 is perfect, and 1.15 is what the pipeline promises for stages that do
 * not fight for the same cores.
 *
 * <p>Peers, each measured alone on the same frames: every stage by itself, and all stages one after
 * another. Computed stages wait (as for a disk or an accelerator), so that any number of cores will
 * do; each of them is the slowest once, and once they are equal. The real case decodes an H.264
 * file and remembers with the paper's strategy, 32 x 768 tokens per frame; its encoder waits. The
 * last cases run the embedded small model's encoder and memory, which fight for the cores: there
 * the processor time of all stages over the number of cores is as much a floor as the slowest
 * stage. They are that fast that opening the video and decoding the first batch is to be seen in
 * 300 frames, which take 0.1 s; so 2,000 are measured too, and how long the first batch took is
 * told. Each case is warmed up for two seconds: passes of 0.1 s would be compiled while they are
 * measured. Sizes: 300 frames (quick), 2,000 (full). Command: {@code java -jar benchmarks.jar
 * pipeline --filter Overlap}.
 */
final class PipelineOverlap implements Study {
  private static final TokenShape SHAPE = new TokenShape(4, 12);
  private static final int BATCH = 8;
  private static final long WARM_UP_NANOS = 2_000_000_000;

  /** What the real case encodes to, and milliseconds per frame that its encoder waits. */
  private static final TokenShape REAL_SHAPE = new TokenShape(32, 768);

  private static final double REAL_ENCODE = 4;

  /** Milliseconds per frame of each stage. */
  private record Scenario(String name, double decode, double encode, double memory) {
    Stages stages(int frames) {
      Synthetic.Cost memoryCost = cost(memory);
      return new Stages(
          Synthetic.videos(cost(decode)),
          Synthetic.encoder(SHAPE, BATCH, cost(encode)),
          Synthetic.memory(64, memoryCost),
          Synthetic.video("overlap", frames),
          frames);
    }
  }

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
  public void run(Size size, Findings findings) throws IOException {
    int frames = size.pick(24, 300, 2000);
    int rounds = size.pick(1, 3, 5);
    List<List<String>> rows = new ArrayList<>();
    for (Scenario scenario : size == Size.SMOKE ? SCENARIOS.subList(3, 4) : SCENARIOS) {
      rows.add(measure("computed: " + scenario.name(), scenario.stages(frames), rounds, findings));
    }
    try (Clips clips = new Clips()) {
      Stages real =
          new Stages(
              new FfmpegVideoSourceProvider(),
              Synthetic.encoder(REAL_SHAPE, BATCH, cost(REAL_ENCODE)),
              Strategies.of("moviechat"),
              clips.make(frames / Clips.FRAMES_PER_SECOND + 1).toUri(),
              (frames / Clips.FRAMES_PER_SECOND + 1) * Clips.FRAMES_PER_SECOND);
      rows.add(measure("real video and memory, waiting encoder", real, rounds, findings));
      Optional<VisionLanguageModel> small = SmallModel.find();
      if (small.isEmpty()) {
        findings.skip("PipelineOverlap, small model", SmallModel.MISSING);
      } else {
        VideoMemory.Factory memories =
            Strategies.of(
                small.get().defaults().memoryStrategy().orElse("moviechat"),
                small.get().defaults());
        try (FrameEncoder encoder = small.get().openEncoder()) {
          for (int length : size == Size.SMOKE ? List.of(frames) : List.of(300, 2000)) {
            int seconds = length / Clips.FRAMES_PER_SECOND + 1;
            Stages model =
                new Stages(
                    real.videos(),
                    encoder,
                    memories,
                    clips.make(seconds).toUri(),
                    seconds * Clips.FRAMES_PER_SECOND);
            String name = "real video, small model, " + length + " frames";
            rows.add(measure(name, model, 3 * rounds, findings));
          }
        }
      }
    }
    findings.table(
        new Table(
            "pipeline-overlap",
            "Overlap of the stages, about " + frames + " frames",
            List.of(
                "case",
                "slowest stage alone, ms",
                "watch, ms",
                "of it until the first batch is decoded, ms",
                "one after another, ms",
                "processor time of the stages over the cores, ms",
                "overlap factor (lowest to highest)"),
            rows,
            "Overlap factor: the time of watch over that of its slowest stage alone. Lower is"
                + " better: 1 means that the other stages cost no time of their own, one after"
                + " another would be up to 3, and at most 1.15 is promised for stages that do not"
                + " fight for the same cores. Below 1 is noise of the machine. No order of"
                + " the stages is faster than their processor time, each stage alone, over the"
                + " number of cores; it is told in steps of 10 ms. Opening the video and decoding"
                + " the first batch is part of the time, however short the video is."));
  }

  private static List<String> measure(String name, Stages stages, int rounds, Findings findings) {
    List<Double> factors = new ArrayList<>();
    List<Double> watched = new ArrayList<>();
    List<Double> alone = new ArrayList<>();
    List<Double> sequential = new ArrayList<>();
    List<Double> busy = new ArrayList<>();
    List<Double> filled = new ArrayList<>();
    long start = System.nanoTime();
    do {
      stages.watch();
    } while (System.nanoTime() - start < WARM_UP_NANOS);
    for (int round = 0; round < rounds; round++) {
      List<Took> each = List.of(stages.decodeAlone(), stages.encodeAlone(), stages.memoryAlone());
      double slowest = each.stream().mapToDouble(Took::millis).max().orElseThrow();
      double processor = each.stream().mapToDouble(Took::processorMillis).sum();
      busy.add(processor / Runtime.getRuntime().availableProcessors());
      Watch pass = stages.watch();
      double watch = pass.millis();
      filled.add(pass.untilFirstBatch());
      alone.add(slowest);
      watched.add(watch);
      sequential.add(stages.oneAfterAnother());
      factors.add(watch / slowest);
      findings.measure(
          "PipelineOverlap.factor",
          Map.of("case", name),
          "x slowest stage",
          Better.LOWER,
          watch / slowest);
      findings.measure(
          "PipelineOverlap.processor",
          Map.of("case", name),
          "x slowest stage",
          Better.NEITHER,
          busy.get(round) / slowest);
      findings.measure(
          "PipelineOverlap.firstBatch",
          Map.of("case", name),
          "ms",
          Better.LOWER,
          filled.get(round));
    }
    return List.of(
        name,
        Format.number(Measure.median(alone)),
        Format.number(Measure.median(watched)),
        Format.number(Measure.median(filled)),
        Format.number(Measure.median(sequential)),
        Format.number(Measure.median(busy)),
        Format.spread(factors));
  }

  private static Synthetic.Cost cost(double millis) {
    return Synthetic.Cost.waiting(Duration.ofNanos((long) (millis * 1e6)));
  }

  /** An encoder that outlives the chats that use it, and tells when it was first called. */
  private static final class Borrowed implements FrameEncoder {
    private final FrameEncoder owner;
    private volatile long firstCall;

    Borrowed(FrameEncoder owner) {
      this.owner = owner;
    }

    @Override
    public String id() {
      return owner.id();
    }

    @Override
    public TokenShape shape() {
      return owner.shape();
    }

    @Override
    public FrameFormat preferredFormat() {
      return owner.preferredFormat();
    }

    @Override
    public int preferredBatch() {
      return owner.preferredBatch();
    }

    @Override
    public List<FrameTokens> encode(List<Frame> frames) {
      if (firstCall == 0) {
        firstCall = System.nanoTime();
      }
      return owner.encode(frames);
    }

    @Override
    public void close() {}
  }

  /** The stages of one case, alone and together; times in milliseconds. */
  private record Stages(
      VideoSourceProvider videos,
      FrameEncoder encoder,
      VideoMemory.Factory memories,
      URI video,
      int frames) {
    Watch watch() {
      Borrowed borrowed = new Borrowed(encoder);
      try (MovieChat chat =
          MovieChat.builder()
              .video(videos)
              .encoder(borrowed)
              .memory(memories)
              .generator(Synthetic.generator(encoder.shape().width(), 1, Synthetic.Cost.NONE))
              .sampling(FrameSampling.everyFrame())
              .build()) {
        long start = System.nanoTime();
        Took took =
            took(
                () -> {
                  try (Movie movie = chat.watch(video, WatchOptions.DEFAULT)) {
                    require(movie.memory().snapshot().framesSeen());
                  }
                });
        return new Watch(took.millis(), (borrowed.firstCall - start) / 1e6);
      }
    }

    Took decodeAlone() {
      return took(() -> require(forEachFrame(Frame::close)));
    }

    Took encodeAlone() {
      List<Frame> decoded = keepFrames();
      Took time = took(() -> require(encodeAndForget(decoded)));
      decoded.forEach(Frame::close);
      return time;
    }

    Took memoryAlone() {
      List<Frame> decoded = keepFrames();
      List<FrameTokens> tokens =
          Synthetic.encoder(encoder.shape(), BATCH, Synthetic.Cost.NONE).encode(decoded);
      decoded.forEach(Frame::close);
      return took(() -> remember(tokens));
    }

    double oneAfterAnother() {
      return took(() -> {
            List<Frame> decoded = keepFrames();
            remember(encode(decoded));
            decoded.forEach(Frame::close);
          })
          .millis();
    }

    /** All frames, copied: a stream may lend its buffers only so many at a time. */
    private List<Frame> keepFrames() {
      List<Frame> kept = new ArrayList<>();
      forEachFrame(
          frame -> {
            byte[] rgb = new byte[3 * frame.width() * frame.height()];
            frame.rgb().get(rgb);
            kept.add(
                Frame.of(frame.timestamp(), frame.width(), frame.height(), ByteBuffer.wrap(rgb)));
            frame.close();
          });
      return kept;
    }

    private long forEachFrame(Consumer<Frame> action) {
      long count = 0;
      try (VideoSource source = videos.open(VideoLocation.of(video));
          FrameStream stream =
              source.frames(FrameSampling.everyFrame(), encoder.preferredFormat())) {
        for (Optional<Frame> next = stream.next(); next.isPresent(); next = stream.next()) {
          action.accept(next.get());
          count++;
        }
      }
      return count;
    }

    /** Gives the tokens back batch by batch, as the pipeline does. */
    private long encodeAndForget(List<Frame> decoded) {
      long count = 0;
      for (List<Frame> batch : Lists.partition(decoded, encoder.preferredBatch())) {
        List<FrameTokens> tokens = encoder.encode(batch);
        count += tokens.size();
        tokens.forEach(FrameTokens::close);
      }
      return count;
    }

    private List<FrameTokens> encode(List<Frame> decoded) {
      List<FrameTokens> tokens = new ArrayList<>();
      for (List<Frame> batch : Lists.partition(decoded, encoder.preferredBatch())) {
        tokens.addAll(encoder.encode(batch));
      }
      return tokens;
    }

    private void remember(List<FrameTokens> tokens) {
      try (VideoMemory memory = memories.open(encoder.shape())) {
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

    private static Took took(Runnable work) {
      OperatingSystemMXBean system =
          ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
      long processor = system.getProcessCpuTime();
      long start = System.nanoTime();
      work.run();
      double millis = (System.nanoTime() - start) / 1e6;
      return new Took(millis, (system.getProcessCpuTime() - processor) / 1e6);
    }
  }

  /** Milliseconds of a pass, and from its start until its first batch was there. */
  private record Watch(double millis, double untilFirstBatch) {}

  /** Wall time, and time of all threads of the process. */
  private record Took(double millis, double processorMillis) {}
}
