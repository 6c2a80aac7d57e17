package io.moviechat;

import io.moviechat.internal.VideoFingerprint;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.SavedMemory;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One pass over one video: from its location to what is remembered of it. */
final class WatchPass {
  private static final Logger log = LoggerFactory.getLogger(WatchPass.class);

  private final OpenedModel model;
  private final SavedMovies saved;
  private final VideoSourceProvider provider;
  private final VideoLocation location;
  private final FrameSampling sampling;
  private final WatchOptions options;

  WatchPass(
      OpenedModel model,
      SavedMovies saved,
      VideoSourceProvider provider,
      VideoLocation location,
      FrameSampling sampling,
      WatchOptions options) {
    this.model = model;
    this.saved = saved;
    this.provider = provider;
    this.location = location;
    this.sampling = sampling;
    this.options = options;
  }

  /** Reads the video again, when there is a movie of it. */
  VideoReader reader() {
    return VideoReader.of(provider, location);
  }

  /** Watches the whole video. */
  Watched run(WatchSignal signal) {
    boolean onlyTheEndCounts =
        options.breakpoints().isEmpty()
            && options.checkpointFile().isEmpty()
            && options.reuse() == WatchOptions.Reuse.OFF;
    if (onlyTheEndCounts) {
      Optional<Survivors> survivors = Survivors.of(model.memoryFactory(), sampling);
      if (survivors.isPresent()) {
        return run(signal, survivors.get());
      }
    }
    return runThrough(signal);
  }

  private Watched run(WatchSignal signal, Survivors survivors) {
    Watched watched =
        run(
            signal,
            () -> model.memoryFactory().open(model.encoder().shape()),
            source -> survivors.frames(source, model.encoder().preferredFormat()));
    if (!survivors.leftOut() || signal.isEnded()) {
      return watched;
    }
    Optional<MemorySnapshot> complete = survivors.complete(watched.memory().snapshot());
    if (complete.isPresent()) {
      return watched.with(complete.get());
    }
    log.info("{} has other frames than its index tells; all are watched", location);
    return runThrough(signal);
  }

  private Watched runThrough(WatchSignal signal) {
    return run(
        signal,
        () -> model.memoryFactory().open(model.encoder().shape()),
        source -> source.frames(sampling, model.encoder().preferredFormat()));
  }

  /** Gives certain frames of the video to a memory that the caller closes. */
  void run(WatchSignal signal, VideoMemory memory, List<Duration> moments) {
    Watched unused =
        run(
            signal,
            () -> memory,
            source -> source.frames(FrameSampling.at(moments), model.encoder().preferredFormat()));
  }

  /** Watches what follows after an earlier memory. */
  Watched resume(WatchSignal signal, MemorySnapshot earlier, Duration from) {
    return run(
        signal,
        () -> model.memoryFactory().resume(earlier),
        source ->
            source.frames(from, SavedMovies.FOREVER, sampling, model.encoder().preferredFormat()));
  }

  private Watched run(
      WatchSignal signal,
      Supplier<VideoMemory> openMemory,
      Function<VideoSource, FrameStream> openFrames) {
    try (VideoMemory memory = openMemory.get()) {
      Optional<String> fingerprint = location.path().flatMap(VideoFingerprint::of);
      Supplier<SavedMemory> now =
          () -> saved.describe(memory.snapshot(), sampling, location, fingerprint);
      WatchObserver observer =
          new WatchObserver(
              options,
              memory,
              signal,
              now,
              () -> saved.save(now.get(), options.checkpointFile().orElseThrow()));
      WatchPipeline pipeline =
          new WatchPipeline(input(openFrames), model.encoder(), memory, signal, observer, options);
      Movie.Timings timings = pipeline.run();
      if (memory.stats().frames() == 0) {
        throw new VideoException("no frame of " + location + " could be watched with " + sampling);
      }
      if (pipeline.damagedFrames() > 0) {
        log.warn("{}: {} damaged frames were left out", location, pipeline.damagedFrames());
      }
      return new Watched(
          now.get(),
          Map.copyOf(pipeline.snapshots()),
          timings,
          pipeline.damagedFrames(),
          pipeline.reusedFrames());
    }
  }

  private WatchPipeline.Input input(Function<VideoSource, FrameStream> openFrames) {
    return new WatchPipeline.Input() {
      @Override
      public VideoSource open() {
        return provider.open(location);
      }

      @Override
      public FrameStream frames(VideoSource source) {
        return openFrames.apply(source);
      }
    };
  }

  /**
   * What a pass has brought.
   *
   * @param breakpoints the memory as it was at each of the options' breakpoints
   */
  record Watched(
      SavedMemory memory,
      Map<Duration, MemorySnapshot> breakpoints,
      Movie.Timings timings,
      long damagedFrames,
      long reusedFrames) {
    /** The same pass with another memory. */
    Watched with(MemorySnapshot snapshot) {
      SavedMemory other =
          SavedMemory.builder(snapshot, memory.encoderId())
              .strategy(memory.strategy(), memory.settings())
              .sampling(memory.sampling())
              .video(memory.video())
              .videoFingerprint(memory.videoFingerprint())
              .build();
      return new Watched(other, breakpoints, timings, damagedFrames, reusedFrames);
    }

    /** A memory that was read from a file. */
    static Watched before(SavedMemory memory) {
      return new Watched(memory, Map.of(), Movie.Timings.NONE, 0, 0);
    }
  }
}
