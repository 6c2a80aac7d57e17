package io.moviechat.spi;

import static io.moviechat.internal.Checks.require;

import io.moviechat.MemorySnapshot;
import io.moviechat.speech.Cues;
import java.util.Objects;
import java.util.Optional;

/** A memory with what made it. Immutable and thread-safe. */
public final class SavedMemory {
  private final MemorySnapshot snapshot;
  private final String encoderId;
  private final String strategy;
  private final String settings;
  private final String sampling;
  private final String video;
  private final Optional<String> videoFingerprint;
  private final Cues cues;
  private final Optional<String> embeddingEncoderId;

  private SavedMemory(Builder builder) {
    this.snapshot = builder.snapshot;
    this.encoderId = builder.encoderId;
    this.strategy = builder.strategy;
    this.settings = builder.settings;
    this.sampling = builder.sampling;
    this.video = builder.video;
    this.videoFingerprint = builder.videoFingerprint;
    this.cues = builder.cues;
    this.embeddingEncoderId = builder.embeddingEncoderId;
  }

  /**
   * A memory of which nothing else is known.
   *
   * @param snapshot the slots
   * @param encoderId {@link FrameEncoder#id()} of the encoder that made the tokens
   */
  public static Builder builder(MemorySnapshot snapshot, String encoderId) {
    return new Builder(snapshot, encoderId);
  }

  /** The slots. */
  public MemorySnapshot snapshot() {
    return snapshot;
  }

  /** {@link FrameEncoder#id()} of the encoder that made the tokens. */
  public String encoderId() {
    return encoderId;
  }

  /** {@link VideoMemory.Factory#strategy()}, empty if unknown. */
  public String strategy() {
    return strategy;
  }

  /** {@link VideoMemory.Factory#settings()}, empty if unknown. */
  public String settings() {
    return settings;
  }

  /** {@link io.moviechat.FrameSampling#key()} of the sampling, empty if unknown. */
  public String sampling() {
    return sampling;
  }

  /** Where the video was: an address without a query or a user's name, empty if unknown. */
  public String video() {
    return video;
  }

  /** A hash of the video's content, empty for a stream. */
  public Optional<String> videoFingerprint() {
    return videoFingerprint;
  }

  /** What the film says. */
  public Cues cues() {
    return cues;
  }

  /** {@link FrameEncoder#id()} of the encoder that made the slots' embeddings; empty if none. */
  public Optional<String> embeddingEncoderId() {
    return embeddingEncoderId;
  }

  /** A builder that starts with the same of everything but the slots and their embeddings. */
  public Builder toBuilder(MemorySnapshot newSnapshot) {
    return builder(newSnapshot, encoderId)
        .strategy(strategy, settings)
        .sampling(sampling)
        .video(video)
        .videoFingerprint(videoFingerprint)
        .cues(cues)
        .embeddingEncoderId(newSnapshot.embeddings().flatMap(embeddings -> embeddingEncoderId));
  }

  /**
   * The same memory as the encoder of its embeddings alone would have made it: the embeddings are
   * its tokens.
   *
   * @throws IllegalStateException if it has no embeddings
   */
  public SavedMemory ofEmbeddings() {
    return builder(
            snapshot
                .embeddings()
                .orElseThrow(() -> new IllegalStateException(this + " has no embeddings")),
            embeddingEncoderId.orElseThrow())
        .strategy(strategy, settings)
        .sampling(sampling)
        .video(video)
        .videoFingerprint(videoFingerprint)
        .cues(cues)
        .build();
  }

  @Override
  public String toString() {
    return "SavedMemory[" + video + ", " + snapshot.slots().size() + " slots]";
  }

  /** Collects what is known of a memory. Not thread-safe. */
  public static final class Builder {
    private final MemorySnapshot snapshot;
    private final String encoderId;
    private String strategy = "";
    private String settings = "";
    private String sampling = "";
    private String video = "";
    private Optional<String> videoFingerprint = Optional.empty();
    private Cues cues = Cues.NONE;
    private Optional<String> embeddingEncoderId = Optional.empty();

    private Builder(MemorySnapshot snapshot, String encoderId) {
      this.snapshot = Objects.requireNonNull(snapshot, "snapshot");
      this.encoderId = Objects.requireNonNull(encoderId, "encoderId");
    }

    /**
     * The strategy that made it.
     *
     * @param name {@link VideoMemory.Factory#strategy()}
     * @param values {@link VideoMemory.Factory#settings()}
     */
    public Builder strategy(String name, String values) {
      strategy = Objects.requireNonNull(name, "strategy");
      settings = Objects.requireNonNull(values, "settings");
      return this;
    }

    /** {@link io.moviechat.FrameSampling#key()} of the sampling. */
    public Builder sampling(String key) {
      sampling = Objects.requireNonNull(key, "sampling");
      return this;
    }

    /** Where the video was; must hold no secret, since it is written to files. */
    public Builder video(String address) {
      video = Objects.requireNonNull(address, "video");
      return this;
    }

    /** A hash of the video's content; empty for a stream. */
    public Builder videoFingerprint(Optional<String> value) {
      videoFingerprint = Objects.requireNonNull(value, "videoFingerprint");
      return this;
    }

    /** What the film says. Default: nothing. */
    public Builder cues(Cues value) {
      cues = Objects.requireNonNull(value, "cues");
      return this;
    }

    /**
     * {@link FrameEncoder#id()} of the encoder that made the slots' embeddings. Default: empty, of
     * slots that have none.
     */
    public Builder embeddingEncoderId(Optional<String> value) {
      embeddingEncoderId = Objects.requireNonNull(value, "embeddingEncoderId");
      return this;
    }

    /**
     * The memory with what is known of it.
     *
     * @throws IllegalArgumentException if slots have embeddings and nobody made them, or the other
     *     way round
     */
    public SavedMemory build() {
      require(
          embeddingEncoderId.isPresent() == snapshot.embeddings().isPresent(),
          "the encoder of embeddings is %s, but %d slots %s",
          embeddingEncoderId.orElse("unknown"),
          snapshot.slots().size(),
          snapshot.embeddings().isPresent() ? "have some" : "do not all have one");
      return new SavedMemory(this);
    }
  }
}
