package io.moviechat;

import com.google.errorprone.annotations.CheckReturnValue;
import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.ocr.OcrOptions;
import io.moviechat.ocr.TextRecognizer;
import io.moviechat.recall.SlotScorer;
import io.moviechat.recall.TextEmbedder;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.spi.VisionLanguageModel;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;

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
  private final OpenedModel model;
  private final FrameSampling sampling;
  private final MovieMaker movies;

  MovieChat(OpenedModel model, FrameSampling sampling, MovieMaker movies) {
    this.model = model;
    this.sampling = sampling;
    this.movies = movies;
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
  @MustBeClosed
  public static MovieChat create() {
    return builder().build();
  }

  /** Name of the model. */
  public String model() {
    return model.name();
  }

  /** The memory strategy with its settings, limited to what the model can read. */
  public VideoMemory.Factory memoryFactory() {
    return model.memoryFactory();
  }

  /** Tokens of one frame: N and D. */
  public TokenShape tokenShape() {
    return model.encoder().shape();
  }

  /** The sampling of movies whose options name none. */
  public FrameSampling sampling() {
    return sampling;
  }

  /**
   * Watches a video file once, with default options, and waits for it. Interrupting the thread ends
   * the pass with a {@link java.util.concurrent.CancellationException}.
   *
   * @param video a file of any file system
   * @return the movie; the caller closes it
   * @throws VideoException if the video cannot be read
   * @throws InferenceException if the encoder fails
   * @throws IllegalStateException if this chat is closed
   */
  @MustBeClosed
  public Movie watch(Path video) {
    return watch(video, WatchOptions.DEFAULT);
  }

  /** Like {@link #watch(Path)} with options. */
  @MustBeClosed
  public Movie watch(Path video, WatchOptions options) {
    return movies.watch(VideoLocation.of(video), options);
  }

  /** Like {@link #watch(Path)}, for a video at any address that a video source knows. */
  @MustBeClosed
  public Movie watch(URI video) {
    return watch(video, WatchOptions.DEFAULT);
  }

  /**
   * Like {@link #watch(Path)}, for a video at any address that a video source knows, with options.
   *
   * @param video absolute, with a scheme
   * @throws VideoException if the video cannot be read, or no video source knows the scheme
   */
  @MustBeClosed
  public Movie watch(URI video, WatchOptions options) {
    return movies.watch(VideoLocation.of(video), options);
  }

  /** Starts watching a file on another thread. */
  @CheckReturnValue
  public Watching start(Path video, WatchOptions options) {
    return movies.start(VideoLocation.of(video), Objects.requireNonNull(options, "options"));
  }

  /** Starts watching a video at any address on another thread. */
  @CheckReturnValue
  public Watching start(URI video, WatchOptions options) {
    return movies.start(VideoLocation.of(video), Objects.requireNonNull(options, "options"));
  }

  /**
   * Makes a movie from a saved memory, without decoding. If the video that it was made of is still
   * where it was and unchanged, breakpoints look at it again.
   *
   * @return the movie; the caller closes it
   * @throws MemoryFileException if the file cannot be read or trusted
   * @throws IllegalArgumentException if another encoder made the memory
   */
  @MustBeClosed
  public Movie open(Path memoryFile) {
    return movies.open(memoryFile);
  }

  /**
   * Goes on watching a file where a saved memory ends, with the same sampling.
   *
   * @param options their sampling (or else the chat's) must be that of the saved memory: every
   *     frame or one per interval
   * @return the whole movie; the caller closes it
   * @throws IllegalArgumentException if another encoder made the memory, the strategy cannot go on
   *     from it, or the sampling is another one
   */
  @MustBeClosed
  public Movie resume(Path memoryFile, Path video, WatchOptions options) {
    return movies.resume(memoryFile, VideoLocation.of(video), options);
  }

  /** Like {@link #resume(Path, Path, WatchOptions)}, for a video at any address. */
  @MustBeClosed
  public Movie resume(Path memoryFile, URI video, WatchOptions options) {
    return movies.resume(memoryFile, VideoLocation.of(video), options);
  }

  /**
   * Like {@link #resume(Path, URI, WatchOptions)} on another thread. What {@code resume} throws,
   * {@link Watching#join()} does.
   */
  @CheckReturnValue
  public Watching startResume(Path memoryFile, URI video, WatchOptions options) {
    return movies.startResume(memoryFile, VideoLocation.of(video), options);
  }

  MovieMaker movies() {
    return movies;
  }

  /**
   * Cancels what runs, waits for it, closes all movies and the model. Closing twice is fine.
   *
   * @throws IllegalStateException if called by a listener of this chat's own work, which cannot be
   *     waited for
   */
  @Override
  public void close() {
    movies.close();
  }

  /**
   * Settings of a chat. Setters only remember; {@link #build()} validates and opens. Not
   * thread-safe.
   */
  public static final class Builder {
    private final Opening opening = new Opening();

    private Builder() {}

    /** The model. Default: the only one on the class path. The chat opens and closes it. */
    public Builder model(VisionLanguageModel value) {
      opening.model = Objects.requireNonNull(value, "model");
      return this;
    }

    /**
     * An encoder in place of the model's. Borrowed: the caller closes it after the chat. Default
     * without a model, for a generator that sees pictures ({@link AnswerGenerator#tokenWidth()} is
     * empty): {@link ColorPatchEncoder}, which tells by colours which frames are alike.
     */
    public Builder encoder(FrameEncoder value) {
      opening.encoder = Objects.requireNonNull(value, "encoder");
      return this;
    }

    /** A generator in place of the model's. Borrowed: the caller closes it after the chat. */
    public Builder generator(AnswerGenerator value) {
      opening.generator = Objects.requireNonNull(value, "generator");
      return this;
    }

    /** The memory strategy. Default: the model's wish, else the first one on the class path. */
    public Builder memory(VideoMemory.Factory value) {
      opening.memoryFactory = Objects.requireNonNull(value, "memory");
      return this;
    }

    /**
     * Hard limits of each movie's memory. Default: what the model's context can hold; with a scorer
     * ({@link #recall}) 4,096 slots, and an eighth of the heap.
     */
    public Builder memoryBudget(MemoryBudget value) {
      opening.memoryBudget = Objects.requireNonNull(value, "memoryBudget");
      return this;
    }

    /**
     * Who says which slots a question wants, so that the memory may be larger than the prompt: it
     * is consolidated for each question, and what the question is about stays sharp. Several are
     * combined by their maximum, and {@link SlotScorer#ofTimes()} is asked too. Borrowed: the
     * caller closes them after the chat. Default: the model's own, if it has one; none turns recall
     * off. One of them may be a dual encoder ({@link SlotScorer#encoder()}).
     */
    public Builder recall(SlotScorer... values) {
      opening.scorers = List.of(values);
      return this;
    }

    /**
     * A chat without a language model: its movies are searched ({@link Movie#search}) and watched
     * for alerts ({@link Watching#when}), and refuse questions with an {@link
     * IllegalStateException}. Takes the place of model, encoder and generator. Two frames a second
     * unless a sampling is set.
     *
     * @param scorer one with an encoder of its own (a dual encoder); borrowed: the caller closes it
     *     after the chat
     * @throws IllegalArgumentException if it has no encoder
     */
    public Builder searchOnly(SlotScorer scorer) {
      opening.searchOnly(scorer);
      return this;
    }

    /** The only video source. Default: all on the class path. */
    public Builder video(VideoSourceProvider value) {
      opening.videoProvider = Objects.requireNonNull(value, "video");
      return this;
    }

    /**
     * Who listens to movies whose options name nobody ({@link WatchOptions#withSpeech}). Borrowed:
     * the caller closes it after the chat. Default: nobody; movies have the cues of their
     * subtitles.
     */
    public Builder speech(SpeechRecognizer recognizer, SpeechOptions options) {
      opening.words = opening.words.heard(recognizer, options);
      return this;
    }

    /**
     * Who reads text in the pictures of movies whose options name nobody ({@link
     * WatchOptions#withScreenText}). Borrowed: the caller closes it after the chat. Default:
     * nobody.
     */
    public Builder screenText(TextRecognizer recognizer, OcrOptions options) {
      opening.words = opening.words.read(recognizer, options);
      return this;
    }

    /**
     * Finds what is said by its meaning, for questions and for {@link Movie#search}. Borrowed: the
     * caller closes it after the chat. Default: by words that a question and a cue share.
     */
    public Builder embedder(TextEmbedder value) {
      opening.textEmbedder = Objects.requireNonNull(value, "embedder");
      return this;
    }

    /** Which frames are watched. Default: the model's wish, else one per second. */
    public Builder sampling(FrameSampling value) {
      opening.sampling = Objects.requireNonNull(value, "sampling");
      return this;
    }

    /** How answers are generated. Default: the model's wish, else greedy. */
    public Builder generation(GenerationOptions value) {
      opening.generation = Objects.requireNonNull(value, "generation");
      return this;
    }

    /** What the model is told first. Default: the model's wish, else its template's own. */
    public Builder systemPrompt(String value) {
      opening.systemPrompt = Objects.requireNonNull(value, "systemPrompt");
      return this;
    }

    /**
     * Frames just before a breakpoint that are given one by one. Default: the model's short-term
     * frames, else 8.
     */
    public Builder breakpointFrames(int value) {
      opening.breakpointFrames = OptionalInt.of(value);
      return this;
    }

    /**
     * Opens the model. If this throws, nothing stays open; if it returns, the chat owns what was
     * opened.
     *
     * @throws IllegalStateException if no model was set and the class path has none, or several
     * @throws IllegalArgumentException if encoder, generator, memory and budget do not fit each
     *     other, or breakpointFrames is negative; the message has the numbers
     * @throws ModelException listing all that is wrong with the model
     */
    @MustBeClosed
    public MovieChat build() {
      return opening.open();
    }
  }
}
