package io.moviechat;

import static io.moviechat.Checks.require;
import static io.moviechat.Checks.requireOpen;

import com.google.common.util.concurrent.ThreadFactoryBuilder;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.MemoryFileFormat;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.SavedMemory;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoMemoryFactory;
import io.moviechat.spi.VideoMemoryProvider;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.spi.VisionLanguageModelProvider;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An opened model that watches movies and answers questions about them.
 *
 * <pre>{@code
 * try (MovieChat chat = MovieChat.builder().model(model).build();
 *     Movie movie = chat.watch(Path.of("movie.mp4"))) {
 *   String answer = movie.ask("What happens?").text();
 * }
 * }</pre>
 *
 * <p>Thread-safe: many movies may be watched and asked at the same time, and each gives the same
 * answers as it would alone. Owns the model that it opened and the movies that it made; closing it
 * closes them all.
 */
public final class MovieChat implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(MovieChat.class);
  private static final Consumer<WatchProgress> SILENT = progress -> {};
  private static final Duration FOREVER = Duration.ofDays(36_500);

  private final String name;
  private final SharedEncoder encoder;
  private final AnswerGenerator generator;
  private final VideoMemoryFactory memoryFactory;
  private final List<VideoSourceProvider> videoProviders;
  private final FrameSampling sampling;
  private final GenerationOptions generation;
  private final Optional<String> systemPrompt;
  private final int breakpointFrames;
  private final ResourceStack resources;
  private final ExecutorService executor;
  private final Set<Movie> movies = ConcurrentHashMap.newKeySet();
  private final Set<WatchSignal> watching = ConcurrentHashMap.newKeySet();

  /** Held shared by whatever uses the model, alone by close(): the model outlives all its users. */
  private final ReentrantReadWriteLock modelInUse = new ReentrantReadWriteLock();

  private volatile boolean closed;

  private MovieChat(Builder settings, Parts parts, ResourceStack resources) {
    this.name = parts.name;
    this.encoder = new SharedEncoder(parts.encoder);
    this.generator = parts.generator;
    this.memoryFactory = parts.memoryFactory;
    this.videoProviders = parts.videoProviders;
    this.sampling = parts.sampling;
    this.generation = parts.generation;
    this.systemPrompt = parts.systemPrompt;
    this.breakpointFrames = settings.breakpointFrames;
    this.resources = resources;
    this.executor =
        Executors.newCachedThreadPool(
            new ThreadFactoryBuilder().setNameFormat("moviechat-task-%d").setDaemon(true).build());
  }

  /** Collects settings for a chat. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * A chat with the model that is on the class path, and every setting at its default.
   *
   * @throws IllegalStateException if there is no model on the class path, or more than one
   * @throws ModelException if the model cannot be opened
   */
  public static MovieChat create() {
    return builder().build();
  }

  /** Name of the model. */
  public String model() {
    return name;
  }

  /** The memory strategy with its settings, limited to what the model can read. */
  public VideoMemoryFactory memoryFactory() {
    return memoryFactory;
  }

  /** Tokens of one frame: N and D. */
  public TokenShape tokenShape() {
    return encoder.shape();
  }

  /** The sampling of movies whose options name none. */
  public FrameSampling sampling() {
    return sampling;
  }

  /**
   * Watches a video file once, with default options, and waits for it.
   *
   * @return the movie; the caller closes it
   * @throws VideoException if the video cannot be read
   * @throws InferenceException if the encoder fails
   * @throws IllegalStateException if this chat is closed
   */
  public Movie watch(Path video) {
    return watch(video.toUri(), WatchOptions.DEFAULT, SILENT);
  }

  /** Like {@link #watch(Path)} with options. */
  public Movie watch(Path video, WatchOptions options) {
    return watch(video.toUri(), options, SILENT);
  }

  /**
   * Like {@link #watch(Path)} with options and a listener.
   *
   * @param progress told after each frame, on the calling thread
   */
  public Movie watch(Path video, WatchOptions options, Consumer<WatchProgress> progress) {
    return watch(video.toUri(), options, progress);
  }

  /**
   * Watches a video at any address that a video source knows.
   *
   * @param video absolute, with a scheme
   * @param progress told after each frame, on the calling thread
   * @throws VideoException if the video cannot be read, or no video source knows the scheme
   */
  public Movie watch(URI video, WatchOptions options, Consumer<WatchProgress> progress) {
    return watch(video, options, progress, new WatchSignal());
  }

  /**
   * Starts watching on another thread.
   *
   * @param progress told after each frame, on that thread
   */
  public Watching start(URI video, WatchOptions options, Consumer<WatchProgress> progress) {
    requireUsable();
    WatchSignal signal = new WatchSignal();
    return new Watching(
        Task.start(executor, () -> watch(video, options, progress, signal)), signal);
  }

  /** Like {@link #start(URI, WatchOptions, Consumer)} for a file. */
  public Watching start(Path video, WatchOptions options, Consumer<WatchProgress> progress) {
    return start(video.toUri(), options, progress);
  }

  /**
   * Makes a movie from a saved memory, without decoding. If the video that it was made of is still
   * where it was and unchanged, breakpoints look at it again.
   *
   * @return the movie; the caller closes it
   * @throws MemoryFileException if the file cannot be read or trusted
   * @throws IllegalArgumentException if another encoder made the memory
   */
  public Movie open(Path memoryFile) {
    requireUsable();
    SavedMemory saved = readMemory(memoryFile);
    return register(saved, Map.of(), WatchTimings.NONE, 0, readerOf(saved));
  }

  /**
   * Goes on watching where a saved memory ends, with the same sampling.
   *
   * @param options their sampling (or else the chat's) must be that of the saved memory: every
   *     frame or one per interval
   * @param progress told after each further frame, on the calling thread
   * @return the whole movie; the caller closes it
   * @throws IllegalArgumentException if another encoder made the memory, the strategy cannot go on
   *     from it, or the sampling is another one
   */
  public Movie resume(
      Path memoryFile, URI video, WatchOptions options, Consumer<WatchProgress> progress) {
    requireUsable();
    FrameSampling chosen = options.sampling().orElse(sampling);
    SavedMemory saved = readMemory(memoryFile);
    require(
        saved.sampling().equals(chosen.toString()),
        "the memory %s was sampled as %s, not as %s",
        memoryFile,
        saved.sampling(),
        chosen);
    Duration from = saved.snapshot().end().plus(step(chosen));
    return watch(
        video,
        options.withSampling(chosen),
        progress,
        new WatchSignal(),
        () -> memoryFactory.resume(saved.snapshot()),
        source -> source.frames(from, FOREVER, chosen, encoder.preferredFormat()));
  }

  private static Duration step(FrameSampling sampling) {
    if (sampling instanceof FrameSampling.EveryInterval every) {
      return every.interval();
    }
    require(
        sampling instanceof FrameSampling.EveryFrame,
        "only every frame or one frame per interval can be resumed, not %s",
        sampling);
    return Duration.ofNanos(1);
  }

  private Movie watch(
      URI video, WatchOptions options, Consumer<WatchProgress> progress, WatchSignal signal) {
    FrameSampling chosen = options.sampling().orElse(sampling);
    return watch(
        video,
        options.withSampling(chosen),
        progress,
        signal,
        () -> memoryFactory.open(encoder.shape()),
        source -> source.frames(chosen, encoder.preferredFormat()));
  }

  private Movie watch(
      URI video,
      WatchOptions options,
      Consumer<WatchProgress> progress,
      WatchSignal signal,
      MemoryOpener openMemory,
      StreamOpener openStream) {
    VideoSourceProvider provider = providerOf(video);
    watching.add(signal);
    beginUse();
    try (VideoSource source = provider.open(video);
        VideoMemory memory = openMemory.open();
        FrameStream frames = openStream.open(source)) {
      FrameSampling chosen = options.sampling().orElseThrow();
      Optional<String> fingerprint = fileOf(video.toString()).flatMap(VideoFingerprint::of);
      Supplier<SavedMemory> saved =
          () -> describe(memory.snapshot(), chosen, video.toString(), fingerprint);
      WatchPipeline pipeline =
          new WatchPipeline(
              frames,
              encoder,
              memory,
              signal,
              options
                  .checkpoint()
                  .map(checkpoint -> saving(checkpoint, saved, progress))
                  .orElse(progress),
              source.info().duration(),
              options);
      WatchTimings timings = pipeline.run();
      if (memory.stats().frames() == 0) {
        throw new VideoException("no frame of " + video + " could be watched with " + chosen);
      }
      return register(
          saved.get(),
          pipeline.snapshots(),
          timings,
          frames.damagedFrames(),
          VideoReader.of(provider, video));
    } finally {
      endUse();
      watching.remove(signal);
    }
  }

  /**
   * Keeps the model open until {@link #endUse()} on the same thread.
   *
   * @throws IllegalStateException if this chat is closed
   */
  void beginUse() {
    modelInUse.readLock().lock();
    if (closed) {
      modelInUse.readLock().unlock();
      requireUsable();
    }
  }

  void endUse() {
    modelInUse.readLock().unlock();
  }

  private SavedMemory describe(
      MemorySnapshot snapshot, FrameSampling chosen, String video, Optional<String> fingerprint) {
    return new SavedMemory(
        snapshot,
        encoder.id(),
        memoryFactory.strategy(),
        memoryFactory.settings(),
        chosen.toString(),
        video,
        fingerprint);
  }

  /** Passes progress on, and saves the memory when it is time to. */
  private static Consumer<WatchProgress> saving(
      Checkpoint checkpoint, Supplier<SavedMemory> memory, Consumer<WatchProgress> progress) {
    MemoryFileFormat format = Services.only(MemoryFileFormat.class, "moviechat-memory");
    long[] last = {System.nanoTime()};
    return frame -> {
      progress.accept(frame);
      long now = System.nanoTime();
      if (now - last[0] >= checkpoint.every().toNanos()) {
        format.save(memory.get(), checkpoint.file(), TokenPrecision.FLOAT32);
        last[0] = now;
      }
    };
  }

  private Movie register(
      SavedMemory saved,
      Map<Duration, MemorySnapshot> breakpoints,
      WatchTimings timings,
      long damagedFrames,
      VideoReader reader) {
    Movie movie =
        new Movie(this, saved, breakpoints, timings, damagedFrames, reader, movies::remove);
    movies.add(movie);
    if (closed) { // closed while the movie was being watched
      movie.close();
      requireUsable();
    }
    return movie;
  }

  private SavedMemory readMemory(Path file) {
    SavedMemory saved = Services.only(MemoryFileFormat.class, "moviechat-memory").open(file);
    require(
        saved.encoderId().equals(encoder.id()) && saved.snapshot().shape().equals(encoder.shape()),
        "the memory %s was made by the encoder %s (%s); this chat's encoder is %s (%s)."
            + " Open it with the model that made it, or watch the video again.",
        file,
        saved.encoderId(),
        saved.snapshot().shape(),
        encoder.id(),
        encoder.shape());
    return saved;
  }

  private VideoReader readerOf(SavedMemory saved) {
    Optional<Path> file = fileOf(saved.video());
    if (file.isEmpty() || saved.videoFingerprint().isEmpty()) {
      return VideoReader.none();
    }
    Optional<String> fingerprint = VideoFingerprint.of(file.get());
    if (fingerprint.equals(saved.videoFingerprint())) {
      URI video = file.get().toUri();
      return VideoReader.of(providerOf(video), video);
    }
    log.warn(
        "{} {}: breakpoints will answer from memory alone",
        file.get(),
        fingerprint.isEmpty() ? "is gone" : "is no longer the video that was watched");
    return VideoReader.none();
  }

  private static Optional<Path> fileOf(String video) {
    try {
      URI location = URI.create(video);
      return "file".equals(location.getScheme())
          ? Optional.of(Path.of(location))
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private VideoSourceProvider providerOf(URI video) {
    require(video.isAbsolute(), "the video's address %s has no scheme (file:, https:)", video);
    for (VideoSourceProvider provider : videoProviders) {
      if (provider.accepts(video)) {
        return provider;
      }
    }
    throw new VideoException(
        "no video source knows "
            + video
            + "; there "
            + (videoProviders.isEmpty()
                ? "is none: add the dependency io.moviechat:moviechat-video"
                : "are " + videoProviders.stream().map(VideoSourceProvider::name).toList()));
  }

  SharedEncoder encoder() {
    return encoder;
  }

  AnswerGenerator generator() {
    return generator;
  }

  GenerationOptions generation() {
    return generation;
  }

  Optional<String> systemPrompt() {
    return systemPrompt;
  }

  int breakpointFrames() {
    return breakpointFrames;
  }

  ExecutorService executor() {
    return executor;
  }

  private void requireUsable() {
    requireOpen(!closed, "MovieChat");
  }

  /**
   * Cancels what runs, waits for it, closes all movies and the model. Closing twice is fine.
   *
   * @throws IllegalStateException if called by a listener of this chat's own work, which cannot be
   *     waited for
   */
  @Override
  public void close() {
    if (modelInUse.getReadHoldCount() > 0) {
      throw new IllegalStateException(
          "a listener cannot close the chat that called it; cancel the work and close afterwards");
    }
    closed = true;
    watching.forEach(WatchSignal::cancel);
    List.copyOf(movies).forEach(Movie::close);
    modelInUse.writeLock().lock();
    try {
      List.copyOf(movies).forEach(Movie::close); // of passes that ended meanwhile
      executor.shutdown();
      resources.close();
    } finally {
      modelInUse.writeLock().unlock();
    }
  }

  @FunctionalInterface
  private interface MemoryOpener {
    VideoMemory open();
  }

  @FunctionalInterface
  private interface StreamOpener {
    FrameStream open(VideoSource source);
  }

  /** What build() has gathered. */
  private record Parts(
      String name,
      FrameEncoder encoder,
      AnswerGenerator generator,
      VideoMemoryFactory memoryFactory,
      List<VideoSourceProvider> videoProviders,
      FrameSampling sampling,
      GenerationOptions generation,
      Optional<String> systemPrompt) {}

  /**
   * Settings of a chat. Setters only remember; {@link #build()} validates and opens. Not
   * thread-safe.
   */
  public static final class Builder {
    private static final FrameSampling DEFAULT_SAMPLING =
        FrameSampling.every(Duration.ofSeconds(1));

    private @Nullable VisionLanguageModel model;
    private @Nullable FrameEncoder encoder;
    private @Nullable AnswerGenerator generator;
    private @Nullable VideoMemoryFactory memoryFactory;
    private MemoryBudget memoryBudget = MemoryBudget.UNLIMITED;
    private @Nullable VideoSourceProvider videoProvider;
    private @Nullable FrameSampling sampling;
    private @Nullable GenerationOptions generation;
    private @Nullable String systemPrompt;
    private int breakpointFrames = 8;
    private boolean breakpointFramesSet;

    private Builder() {}

    /** The model. Default: the only one on the class path. The chat opens and closes it. */
    public Builder model(VisionLanguageModel value) {
      model = Objects.requireNonNull(value, "model");
      return this;
    }

    /** An encoder in place of the model's. Borrowed: the caller closes it after the chat. */
    public Builder encoder(FrameEncoder value) {
      encoder = Objects.requireNonNull(value, "encoder");
      return this;
    }

    /** A generator in place of the model's. Borrowed: the caller closes it after the chat. */
    public Builder generator(AnswerGenerator value) {
      generator = Objects.requireNonNull(value, "generator");
      return this;
    }

    /** The memory strategy. Default: the model's wish, else the first one on the class path. */
    public Builder memory(VideoMemoryFactory value) {
      memoryFactory = Objects.requireNonNull(value, "memory");
      return this;
    }

    /** Hard limits of each movie's memory. Default: what the model's context can hold. */
    public Builder memoryBudget(MemoryBudget value) {
      memoryBudget = Objects.requireNonNull(value, "memoryBudget");
      return this;
    }

    /** The only video source. Default: all on the class path. */
    public Builder video(VideoSourceProvider value) {
      videoProvider = Objects.requireNonNull(value, "video");
      return this;
    }

    /** Which frames are watched. Default: the model's wish, else one per second. */
    public Builder sampling(FrameSampling value) {
      sampling = Objects.requireNonNull(value, "sampling");
      return this;
    }

    /** How answers are generated. Default: the model's wish, else greedy. */
    public Builder generation(GenerationOptions value) {
      generation = Objects.requireNonNull(value, "generation");
      return this;
    }

    /** What the model is told first. Default: the model's wish, else its template's own. */
    public Builder systemPrompt(String value) {
      systemPrompt = Objects.requireNonNull(value, "systemPrompt");
      return this;
    }

    /**
     * Frames just before a breakpoint that are given one by one. Default: the model's short-term
     * frames, else 8.
     */
    public Builder breakpointFrames(int value) {
      breakpointFrames = value;
      breakpointFramesSet = true;
      return this;
    }

    /**
     * Opens the model. If this throws, nothing stays open; if it returns, the chat owns what was
     * opened.
     *
     * @throws IllegalStateException if no model was set and the class path has none, or several
     * @throws IllegalArgumentException if encoder, generator, memory and budget do not fit each
     *     other; the message has the numbers
     * @throws ModelException listing all that is wrong with the model
     */
    public MovieChat build() {
      require(
          breakpointFrames >= 0, "breakpointFrames must not be negative, was %d", breakpointFrames);
      @Nullable VisionLanguageModel chosen = model;
      if (chosen == null && (encoder == null || generator == null)) {
        chosen = modelOnClassPath();
      }
      ModelDefaults defaults = chosen == null ? ModelDefaults.NONE : chosen.defaults();
      if (!breakpointFramesSet && defaults.shortTermFrames().isPresent()) {
        breakpointFrames = defaults.shortTermFrames().getAsInt();
      }
      try (ResourceStack opened = new ResourceStack()) {
        FrameEncoder frameEncoder =
            encoder != null ? encoder : opened.push(Objects.requireNonNull(chosen).openEncoder());
        AnswerGenerator answerGenerator =
            generator != null
                ? generator
                : opened.push(Objects.requireNonNull(chosen).openGenerator());
        requireSameWidth(frameEncoder, answerGenerator);
        VideoMemoryFactory fitting = fittingMemory(frameEncoder.shape(), answerGenerator, defaults);
        Optional<GenerationOptions> wished =
            chosen == null ? Optional.empty() : chosen.generationDefaults();
        Parts parts =
            new Parts(
                chosen == null ? answerGenerator.id() : chosen.name(),
                frameEncoder,
                answerGenerator,
                fitting,
                videoProvider != null
                    ? List.of(videoProvider)
                    : Services.all(VideoSourceProvider.class),
                sampling != null ? sampling : defaults.sampling().orElse(DEFAULT_SAMPLING),
                generation != null ? generation : wished.orElse(GenerationOptions.DEFAULT),
                systemPrompt != null ? Optional.of(systemPrompt) : defaults.systemPrompt());
        return new MovieChat(this, parts, opened.release());
      }
    }

    private static VisionLanguageModel modelOnClassPath() {
      List<VisionLanguageModelProvider> found = Services.all(VisionLanguageModelProvider.class);
      if (found.size() != 1) {
        List<String> names = new ArrayList<>();
        found.forEach(provider -> names.add(provider.name()));
        throw new IllegalStateException(
            found.isEmpty()
                ? "no model was set and none is on the class path: call model(...) before build(),"
                    + " or add a model's dependency (io.moviechat:moviechat-tiny-model)"
                : "no model was set and several are on the class path: " + names);
      }
      return found.get(0).model();
    }

    private static void requireSameWidth(FrameEncoder encoder, AnswerGenerator generator) {
      OptionalInt width = generator.tokenWidth();
      require(
          width.isEmpty() || width.getAsInt() == encoder.shape().width(),
          "the encoder %s gives tokens of width %d, the generator %s reads width %d:"
              + " take both from one model",
          encoder.id(),
          encoder.shape().width(),
          generator.id(),
          width.orElse(0));
    }

    private VideoMemoryFactory fittingMemory(
        TokenShape shape, AnswerGenerator generator, ModelDefaults defaults) {
      VideoMemoryFactory wanted =
          memoryFactory != null
              ? memoryFactory
              : Services.only(VideoMemoryProvider.class, "moviechat-memory").factory(defaults);
      MemoryBudget budget = memoryBudget;
      OptionalInt readable = generator.maxSlots(shape);
      if (readable.isPresent()) {
        int reserved = breakpointFrames + 1;
        require(
            readable.getAsInt() > reserved,
            "the context of %s holds %d memory slots of %d tokens; breakpoint mode alone takes %d"
                + " (breakpointFrames + 1), so nothing is left for memory",
            generator.id(),
            readable.getAsInt(),
            shape.tokens(),
            reserved);
        budget = budget.and(MemoryBudget.ofSlots(readable.getAsInt() - reserved));
      }
      VideoMemoryFactory fitting = wanted.within(budget, shape);
      log.info(
          "memory {} ({}): at most {} slots of {} tokens",
          fitting.strategy(),
          fitting.settings(),
          Math.min(fitting.maxSlots(), budget.slotsOf(shape)),
          shape);
      return fitting;
    }
  }
}
