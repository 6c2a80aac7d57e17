package io.moviechat;

import static io.moviechat.internal.Checks.require;

import io.moviechat.internal.VideoFingerprint;
import io.moviechat.speech.Cues;
import io.moviechat.spi.MemoryFileFormat;
import io.moviechat.spi.SavedMemory;
import io.moviechat.spi.VideoMemory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes down what a movie is, and makes sense of it again. */
final class SavedMovies {
  /** Past the end of any video. */
  static final Duration FOREVER = Duration.ofDays(36_500);

  private static final Logger log = LoggerFactory.getLogger(SavedMovies.class);

  private final Optional<MemoryFileFormat> format;
  private final VideoSources videos;
  private final SharedEncoder encoder;
  private final Optional<SharedEncoder> embedder;

  SavedMovies(
      Optional<MemoryFileFormat> format,
      VideoSources videos,
      SharedEncoder encoder,
      Optional<SharedEncoder> embedder) {
    this.format = format;
    this.videos = videos;
    this.encoder = encoder;
    this.embedder = embedder;
  }

  SavedMemory describe(
      MemorySnapshot snapshot,
      VideoMemory.Factory memoryFactory,
      FrameSampling sampling,
      VideoLocation video,
      Optional<String> fingerprint,
      Cues cues) {
    return SavedMemory.builder(snapshot, encoder.id())
        .strategy(memoryFactory.strategy(), memoryFactory.settings())
        .sampling(sampling.key())
        .video(video.toString())
        .videoFingerprint(fingerprint)
        .cues(cues)
        .embeddingEncoderId(
            snapshot.embeddings().flatMap(embeddings -> embedder.map(SharedEncoder::id)))
        .build();
  }

  MovieMemory memory(SavedMemory saved) {
    return new MovieMemory(saved, format);
  }

  void save(SavedMemory memory, Path file) {
    memory(memory).save(file);
  }

  /**
   * A memory whose embeddings, if it has some, are those of this chat's scorer, or of no interest
   * to it.
   *
   * @throws MemoryFileException if the file cannot be read or trusted
   * @throws IllegalArgumentException if another encoder made the memory
   */
  SavedMemory read(Path file) {
    SavedMemory saved = ofThisEncoder(requireFormat().open(file));
    require(
        saved.encoderId().equals(encoder.id()) && saved.snapshot().shape().equals(encoder.shape()),
        "the memory %s was made by the encoder %s (%s); this chat's encoder is %s (%s)."
            + " Open it with the model that made it, or watch the video again.",
        file,
        saved.encoderId(),
        saved.snapshot().shape(),
        encoder.id(),
        encoder.shape());
    boolean ofAnother =
        embedder.isPresent()
            && saved.embeddingEncoderId().isPresent()
            && !saved.embeddingEncoderId().equals(embedder.map(SharedEncoder::id));
    if (!ofAnother) {
      return saved;
    }
    log.warn(
        "{} has embeddings of {}, this chat's scorer needs those of {}: questions are answered"
            + " without. Watch the video again, or take the scorer that it was watched with",
        file,
        saved.embeddingEncoderId().get(),
        embedder.get().id());
    return saved.toBuilder(saved.snapshot().withoutEmbeddings()).build();
  }

  /** Of a chat that only searches: what it needs of the memory of a chat that answers too. */
  private SavedMemory ofThisEncoder(SavedMemory saved) {
    boolean tokens = saved.encoderId().equals(encoder.id());
    if (tokens || !saved.embeddingEncoderId().equals(Optional.of(encoder.id()))) {
      return saved;
    }
    return saved.ofEmbeddings();
  }

  /**
   * @throws IllegalStateException if there is no format
   */
  MemoryFileFormat requireFormat() {
    return format.orElseThrow(() -> Services.missing(MemoryFileFormat.class, "moviechat-memory"));
  }

  /**
   * Where a pass goes on that a memory was saved of.
   *
   * @throws IllegalArgumentException if it was sampled in another way, or in one that cannot go on
   */
  static Duration end(SavedMemory saved, Path file, FrameSampling sampling) {
    // Memories of version 0.1 hold the sampling's toString().
    require(
        saved.sampling().equals(sampling.key()) || saved.sampling().equals(sampling.toString()),
        "the memory %s was sampled as %s, not as %s",
        file,
        saved.sampling(),
        sampling.key());
    return saved.snapshot().end().plus(step(sampling));
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

  /** Reads the video again, if it is still what was watched. */
  VideoReader reader(SavedMemory saved) {
    Optional<VideoLocation> location = VideoLocation.savedFile(saved.video());
    if (location.isEmpty() || saved.videoFingerprint().isEmpty()) {
      return VideoReader.none();
    }
    VideoLocation video = location.get();
    Optional<String> fingerprint = video.path().flatMap(VideoFingerprint::of);
    if (fingerprint.equals(saved.videoFingerprint())) {
      return VideoReader.of(videos.of(video), video);
    }
    log.warn(
        "{} {}: breakpoints will answer from memory alone",
        video,
        fingerprint.isEmpty() ? "is gone" : "is no longer the video that was watched");
    return VideoReader.none();
  }
}
