package io.moviechat;

import io.moviechat.internal.ResourceStack;
import io.moviechat.speech.Cues;
import io.moviechat.spi.SavedMemory;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/**
 * Makes the movies of a chat, from videos, saved memories and parts, and ends with the chat what
 * was made and what is being made. Thread-safe.
 */
final class MovieMaker implements AutoCloseable {
  private final OpenedModel model;
  private final VideoSources videos;
  private final SavedMovies saved;
  private final FrameSampling sampling;
  private final Words words;
  private final ResourceStack resources;
  private final Set<Movie> movies = ConcurrentHashMap.newKeySet();
  private final Set<WatchSignal> watching = ConcurrentHashMap.newKeySet();

  /**
   * @param sampling of movies whose options name none
   * @param words of movies whose options name nobody who listens
   * @param resources closed at the end of all
   */
  MovieMaker(
      OpenedModel model,
      VideoSources videos,
      SavedMovies saved,
      FrameSampling sampling,
      Words words,
      ResourceStack resources) {
    this.model = model;
    this.videos = videos;
    this.saved = saved;
    this.sampling = sampling;
    this.words = words;
    this.resources = resources;
  }

  OpenedModel model() {
    return model;
  }

  Movie watch(VideoLocation video, WatchOptions options) {
    return watch(pass(video, options), new WatchSignal(), WatchPass::run);
  }

  Watching start(VideoLocation video, WatchOptions options) {
    return start(() -> pass(video, options), WatchPass::run);
  }

  Movie open(Path memoryFile) {
    model.lease().requireOpen();
    SavedMemory memory = saved.read(memoryFile);
    return register(WatchPass.Watched.before(memory), () -> saved.reader(memory));
  }

  Movie resume(Path memoryFile, VideoLocation video, WatchOptions options) {
    model.lease().requireOpen();
    return watch(pass(video, options), new WatchSignal(), goingOn(memoryFile, options));
  }

  Watching startResume(Path memoryFile, VideoLocation video, WatchOptions options) {
    return start(() -> pass(video, options), goingOn(memoryFile, options));
  }

  private Watching start(
      Supplier<WatchPass> pass, BiFunction<WatchPass, WatchSignal, WatchPass.Watched> run) {
    WatchSignal signal = new WatchSignal();
    return model
        .lease()
        .use( // so that the executor takes it
            () ->
                new Watching(
                    Task.start(
                        model.executor(),
                        () -> {
                          try {
                            return watch(pass.get(), signal, run);
                          } finally {
                            signal.over();
                          }
                        }),
                    signal,
                    model.scorers(),
                    memory ->
                        register(WatchPass.Watched.before(memory), () -> saved.reader(memory))));
  }

  private BiFunction<WatchPass, WatchSignal, WatchPass.Watched> goingOn(
      Path memoryFile, WatchOptions options) {
    FrameSampling chosen = options.sampling().orElse(sampling);
    return (pass, signal) -> {
      SavedMemory memory = saved.read(memoryFile);
      Duration from = SavedMovies.end(memory, memoryFile, chosen);
      return pass.resume(signal, memory, from);
    };
  }

  private WatchPass pass(VideoLocation video, WatchOptions options) {
    model.lease().requireOpen();
    if (options.checkpointFile().isPresent()) {
      saved.requireFormat(); // before hours of watching
    }
    return new WatchPass(
        model,
        saved,
        videos.of(video),
        video,
        options.sampling().orElse(sampling),
        options.words(words),
        options);
  }

  private Movie watch(
      WatchPass pass,
      WatchSignal signal,
      BiFunction<WatchPass, WatchSignal, WatchPass.Watched> run) {
    return during(signal, () -> register(run.apply(pass, signal), pass::reader));
  }

  /** Does work that ends, cancelled, when the chat closes. */
  private <T> T during(WatchSignal signal, Supplier<T> work) {
    watching.add(signal);
    try {
      return model.lease().use(work);
    } finally {
      watching.remove(signal);
    }
  }

  /** Opens a video; the caller closes it. */
  VideoSource source(VideoLocation video) {
    return videos.of(video).open(video);
  }

  /** Gives certain frames of a video to a memory. */
  void watch(VideoLocation video, VideoMemory memory, List<Duration> moments) {
    WatchSignal signal = new WatchSignal();
    WatchPass pass = pass(video, WatchOptions.DEFAULT.withoutWords());
    during(
        signal,
        () -> {
          pass.run(signal, memory, moments);
          return memory;
        });
  }

  /** A movie whose parts were watched elsewhere. */
  Movie joined(MemorySnapshot snapshot, VideoLocation video, Optional<String> fingerprint) {
    model.lease().requireOpen();
    SavedMemory memory =
        saved.describe(snapshot, model.memoryFactory(), sampling, video, fingerprint, Cues.NONE);
    return register(WatchPass.Watched.before(memory), () -> saved.reader(memory));
  }

  private Movie register(WatchPass.Watched watched, Supplier<VideoReader> reader) {
    Movie movie =
        new Movie(model, saved.memory(watched.memory()), watched, reader.get(), movies::remove);
    movies.add(movie);
    if (model.lease().isClosed()) { // closed while the movie was being watched
      movie.close();
      model.lease().requireOpen();
    }
    return movie;
  }

  /** Cancels what runs, waits for it, closes all movies and what was opened for the chat. */
  @Override
  public void close() {
    ModelLease lease = model.lease();
    if (lease.isHeldByThisThread()) {
      throw new IllegalStateException(
          "a listener cannot close the chat that called it; cancel the work and close afterwards");
    }
    lease.close();
    watching.forEach(WatchSignal::cancel);
    try (ResourceStack open = new ResourceStack()) {
      open.push(
          () ->
              lease.whenUnused(
                  () -> {
                    closeMovies(); // of passes that ended meanwhile
                    model.executor().shutdown();
                    resources.close();
                  }));
      open.push(this::closeMovies);
    }
  }

  private void closeMovies() {
    try (ResourceStack open = new ResourceStack()) {
      movies.forEach(open::push);
    }
  }
}
