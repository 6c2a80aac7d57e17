package io.moviechat;

import com.google.common.base.Suppliers;
import io.moviechat.internal.Nanos;
import io.moviechat.internal.VideoFingerprint;
import io.moviechat.speech.Cues;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.SavedMemory;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One pass over one video: from its location to what is remembered of it. */
final class WatchPass {
  private static final Logger log = LoggerFactory.getLogger(WatchPass.class);

  private static final long POLL_MILLIS = 20;
  private static final long PATIENCE_MILLIS = 100;

  private final OpenedModel model;
  private final SavedMovies saved;
  private final VideoSourceProvider provider;
  private final VideoLocation location;
  private final FrameSampling sampling;
  private final Words words;
  private final WatchOptions options;
  private final long start = System.nanoTime();
  private final VideoMemory.Factory memoryFactory;

  /** Of the embeddings that frames get; empty if they need none. */
  private Optional<SharedEncoder> embedder;

  WatchPass(
      OpenedModel model,
      SavedMovies saved,
      VideoSourceProvider provider,
      VideoLocation location,
      FrameSampling sampling,
      Words words,
      WatchOptions options) {
    this.model = model;
    this.saved = saved;
    this.provider = provider;
    this.location = location;
    this.sampling = sampling;
    this.words = words;
    this.options = options;
    this.embedder = model.embedder();
    this.memoryFactory =
        options
            .memoryBudget()
            .map(model::besideEmbeddings)
            .map(budget -> model.memoryFactory().within(budget, model.encoder().shape()))
            .orElse(model.memoryFactory());
  }

  /** Reads the video again, when there is a movie of it. */
  VideoReader reader() {
    return VideoReader.of(provider, location);
  }

  /** Watches the whole video. */
  Watched run(WatchSignal signal) {
    return listening(signal, Cues.NONE, listener -> watch(signal, listener));
  }

  private Watched watch(WatchSignal signal, WordsPass listener) {
    boolean onlyTheEndCounts =
        options.breakpoints().isEmpty()
            && options.checkpointFile().isEmpty()
            && options.alerts().isEmpty()
            && options.reuse() == WatchOptions.Reuse.OFF;
    if (onlyTheEndCounts) {
      Optional<Survivors> survivors = Survivors.of(memoryFactory, sampling);
      if (survivors.isPresent()) {
        return run(signal, listener, survivors.get());
      }
    }
    return runThrough(signal, listener);
  }

  private Watched run(WatchSignal signal, WordsPass listener, Survivors survivors) {
    Watched watched =
        run(
            signal,
            listener,
            () -> memoryFactory.open(model.encoder().shape()),
            source -> survivors.frames(source, model.encoder().preferredFormat()));
    if (!survivors.leftOut() || signal.isEnded()) {
      return watched;
    }
    Optional<MemorySnapshot> complete = survivors.complete(watched.memory().snapshot());
    if (complete.isPresent()) {
      return watched.with(complete.get());
    }
    log.info("{} has other frames than its index tells; all are watched", location);
    return runThrough(signal, listener);
  }

  private Watched runThrough(WatchSignal signal, WordsPass listener) {
    return run(
        signal,
        listener,
        () -> memoryFactory.open(model.encoder().shape()),
        source -> source.frames(sampling, model.encoder().preferredFormat()));
  }

  /** Gives certain frames of the video to a memory that the caller closes. */
  void run(WatchSignal signal, VideoMemory memory, List<Duration> moments) {
    Watched unused =
        listening(
            signal,
            Cues.NONE,
            listener ->
                run(
                    signal,
                    listener,
                    () -> memory,
                    source ->
                        source.frames(
                            FrameSampling.at(moments), model.encoder().preferredFormat())));
  }

  /** Watches what follows after an earlier memory, and listens to what follows after its cues. */
  Watched resume(WatchSignal signal, SavedMemory earlier, Duration from) {
    boolean embedded = model.embedder().isPresent() && earlier.snapshot().embeddings().isPresent();
    if (model.embedder().isPresent() && !embedded) {
      log.warn(
          "{}: what was watched before has no embeddings for recall, so that what follows gets"
              + " none",
          location);
    }
    embedder = model.embedder().filter(unused -> embedded);
    MemorySnapshot snapshot =
        embedded ? earlier.snapshot() : earlier.snapshot().withoutEmbeddings();
    return listening(
        signal,
        earlier.cues(),
        listener ->
            run(
                signal,
                listener,
                () -> memoryFactory.resume(snapshot),
                source ->
                    source.frames(
                        from, SavedMovies.FOREVER, sampling, model.encoder().preferredFormat())));
  }

  /** Listens while pictures are watched. */
  private Watched listening(
      WatchSignal signal, Cues earlier, Function<WordsPass, Watched> pictures) {
    options.alerts().forEach(wish -> signal.alerts().add(wish, model.scorers()));
    try (WordsPass listener = new WordsPass(provider, location, words, earlier)) {
      return pictures.apply(listener);
    }
  }

  private Watched run(
      WatchSignal signal,
      WordsPass listener,
      Supplier<VideoMemory> openMemory,
      Function<VideoSource, FrameStream> openFrames) {
    try (VideoMemory memory = openMemory.get()) {
      Supplier<Optional<String>> fingerprint =
          Suppliers.memoize(() -> location.path().flatMap(VideoFingerprint::of));
      BiFunction<MemorySnapshot, Cues, SavedMemory> describe =
          (snapshot, cues) ->
              saved.describe(snapshot, memoryFactory, sampling, location, fingerprint.get(), cues);
      WatchObserver observer =
          new WatchObserver(
              options,
              memory,
              signal,
              listener,
              () -> {
                MemorySnapshot snapshot = memory.snapshot();
                return describe.apply(snapshot, listener.cues().until(snapshot.end()));
              },
              () ->
                  saved.save(
                      describe.apply(memory.snapshot(), listener.cues()),
                      options.checkpointFile().orElseThrow()));
      WatchPipeline pipeline =
          new WatchPipeline(
              input(openFrames, listener),
              model.encoder(),
              embedder,
              memory,
              signal,
              observer,
              options);
      Movie.Timings timings =
          pipeline.run(
              () -> {
                Optional<String> unused = fingerprint.get();
              });
      if (memory.stats().frames() == 0) {
        throw new VideoException("no frame of " + location + " could be watched with " + sampling);
      }
      if (pipeline.damagedFrames() > 0) {
        log.warn("{}: {} damaged frames were left out", location, pipeline.damagedFrames());
      }
      Optional<String> problem = hearTheRest(listener, signal, observer);
      MemorySnapshot snapshot = memory.snapshot();
      Cues heard = listener.cues();
      Cues cues =
          signal.isEnded()
              ? heard.until(snapshot.end()) // no word of what was not seen
              : pipeline.duration().map(end -> heardToTheEnd(heard, problem, end)).orElse(heard);
      return new Watched(
          describe.apply(snapshot, cues.withProblem(problem.or(heard::problem))),
          Map.copyOf(pipeline.snapshots()),
          timings,
          pipeline.damagedFrames(),
          pipeline.reusedFrames());
    }
  }

  private static Cues heardToTheEnd(Cues cues, Optional<String> problem, Duration end) {
    Cues inside = cues.within(end);
    boolean all = !cues.heard().isZero() && problem.isEmpty() && cues.problem().isEmpty();
    return all ? inside.withHeard(end) : inside;
  }

  /**
   * Waits for the words, when all pictures are there.
   *
   * @return what ended listening early, if the pass did
   * @throws CancellationException if the signal was cancelled, or the thread interrupted
   */
  private Optional<String> hearTheRest(
      WordsPass listener, WatchSignal signal, WatchObserver observer) {
    long stopSeen = 0;
    try {
      while (!listener.awaitDone(POLL_MILLIS)) {
        if (signal.isCancelled()) {
          throw new CancellationException("watching was cancelled");
        }
        observer.atRest();
        observer.heard();
        if (options.timeout().isPresent()
            && System.nanoTime() - start > Nanos.saturated(options.timeout().get())) {
          listener.close();
          return Optional.of(
              "the timeout of " + options.timeout().get() + " ended it; raise that to hear all");
        }
        if (signal.isEnded()) { // Stopped: what was read still counts, unless no more comes.
          listener.stop();
          stopSeen = stopSeen == 0 ? System.nanoTime() : stopSeen;
          if (System.nanoTime() - stopSeen > TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS)) {
            listener.endSources();
          }
        }
      }
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("watching was interrupted");
    }
  }

  private WatchPipeline.Input input(
      Function<VideoSource, FrameStream> openFrames, WordsPass listener) {
    return new WatchPipeline.Input() {
      @Override
      public VideoSource open() {
        VideoSource source = provider.open(location);
        listener.begin();
        return source;
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
      return new Watched(
          memory.toBuilder(snapshot).build(), breakpoints, timings, damagedFrames, reusedFrames);
    }

    /** A memory that was read from a file. */
    static Watched before(SavedMemory memory) {
      return new Watched(memory, Map.of(), Movie.Timings.NONE, 0, 0);
    }
  }
}
