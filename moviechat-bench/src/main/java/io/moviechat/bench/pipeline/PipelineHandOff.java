package io.moviechat.bench.pipeline;

import io.moviechat.Frame;
import io.moviechat.FrameSampling;
import io.moviechat.FrameTokens;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.TokenShape;
import io.moviechat.VideoLocation;
import io.moviechat.WatchOptions;
import io.moviechat.bench.harness.Question;
import io.moviechat.bench.harness.Synthetic;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What handing a frame from stage to stage costs, when the stages themselves cost next to nothing.
 *
 * <p>Peer {@code loop}: the same stages called one after another on one thread, without queues,
 * progress or cancelling. Sizes: 1,000 frames. Command: {@code java -jar benchmarks.jar pipeline
 * --filter HandOff}.
 */
@Question("What does the pipeline cost per frame when its stages cost nothing?")
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class PipelineHandOff {
  private static final int FRAMES = 1000;
  private static final URI VIDEO = Synthetic.video("hand-off", FRAMES);

  /** Ours first. */
  @Param({"pipeline", "loop"})
  public String peer = "";

  private final VideoSourceProvider videos = Synthetic.videos(Synthetic.Cost.NONE);
  private final FrameEncoder encoder =
      Synthetic.encoder(new TokenShape(4, 12), 8, Synthetic.Cost.NONE);
  private final VideoMemory.Factory memories = Synthetic.memory(64, Synthetic.Cost.NONE);
  private final AnswerGenerator generator = Synthetic.generator(12, 1, Synthetic.Cost.NONE);
  private final MovieChat chat =
      MovieChat.builder()
          .video(videos)
          .encoder(encoder)
          .memory(memories)
          .generator(generator)
          .sampling(FrameSampling.everyFrame())
          .build();

  /** Refuses a peer that does not exist. */
  @Setup
  public void check() {
    if (!peer.equals("pipeline") && !peer.equals("loop")) {
      throw new IllegalArgumentException(peer);
    }
  }

  /** Closes the chat. */
  @TearDown
  public void close() {
    chat.close();
  }

  /** One video of 1,000 frames; the time is for one frame. */
  @Benchmark
  @OperationsPerInvocation(FRAMES)
  public long watch() {
    if (peer.equals("loop")) {
      return loop();
    }
    try (Movie movie = chat.watch(VIDEO, WatchOptions.DEFAULT)) {
      return movie.memory().snapshot().framesSeen();
    }
  }

  private long loop() {
    try (VideoSource source = videos.open(VideoLocation.of(VIDEO));
        VideoMemory memory = memories.open(encoder.shape());
        FrameStream frames = source.frames(FrameSampling.everyFrame(), encoder.preferredFormat())) {
      List<Frame> batch = new ArrayList<>();
      for (Optional<Frame> frame = frames.next(); frame.isPresent(); frame = frames.next()) {
        batch.add(frame.get());
        if (batch.size() == encoder.preferredBatch()) {
          remember(batch, memory);
        }
      }
      if (!batch.isEmpty()) {
        remember(batch, memory);
      }
      return memory.snapshot().framesSeen();
    }
  }

  private void remember(List<Frame> batch, VideoMemory memory) {
    for (FrameTokens tokens : encoder.encode(batch)) {
      memory.add(tokens);
      tokens.close();
    }
    batch.forEach(Frame::close);
    batch.clear();
  }
}
