package io.moviechat;

import static io.moviechat.internal.Checks.require;

import io.moviechat.ocr.OcrOptions;
import io.moviechat.ocr.TextRecognizer;
import io.moviechat.recall.AlertListener;
import io.moviechat.recall.AlertOptions;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How one movie is watched. Immutable and thread-safe: each method gives options that differ in one
 * thing.
 */
public final class WatchOptions {
  private static final Duration PROGRESS_EVERY = Duration.ofMillis(250);

  /** The chat's sampling, no breakpoints, no timeout, no checkpoints, no listener. */
  public static final WatchOptions DEFAULT = new WatchOptions();

  private Optional<FrameSampling> sampling = Optional.empty();
  private List<Duration> breakpoints = List.of();
  private Optional<Duration> timeout = Optional.empty();
  private @Nullable Path checkpointFile;
  private Duration checkpointEvery = Duration.ZERO;
  private Consumer<Watching.Progress> listener = progress -> {};
  private Duration progressEvery = PROGRESS_EVERY;
  private Reuse reuse = Reuse.OFF;
  private UnaryOperator<Words> words = UnaryOperator.identity();
  private Optional<MemoryBudget> budget = Optional.empty();
  private List<Alerts.Wish> alerts = List.of();

  private WatchOptions() {}

  private WatchOptions copy() {
    WatchOptions copy = new WatchOptions();
    copy.sampling = sampling;
    copy.breakpoints = breakpoints;
    copy.timeout = timeout;
    copy.checkpointFile = checkpointFile;
    copy.checkpointEvery = checkpointEvery;
    copy.listener = listener;
    copy.progressEvery = progressEvery;
    copy.reuse = reuse;
    copy.words = words;
    copy.budget = budget;
    copy.alerts = alerts;
    return copy;
  }

  /** The same options with a sampling of its own. Default: the chat's. */
  public WatchOptions withSampling(FrameSampling newSampling) {
    WatchOptions copy = copy();
    copy.sampling = Optional.of(newSampling);
    return copy;
  }

  /**
   * The same options with moments whose memory is kept exactly as it was then, so that {@link
   * Movie#at(Duration)} knows everything before them and nothing after. Default: none.
   *
   * @throws IllegalArgumentException if a moment is negative
   */
  public WatchOptions withBreakpoints(List<Duration> newBreakpoints) {
    WatchOptions copy = copy();
    copy.breakpoints = newBreakpoints.stream().sorted().distinct().toList();
    copy.breakpoints.forEach(b -> require(!b.isNegative(), "the breakpoint %s is negative", b));
    return copy;
  }

  /**
   * The same options with a time allowed for the whole pass. Default: none.
   *
   * @throws IllegalArgumentException if the timeout is not above zero
   */
  public WatchOptions withTimeout(Duration newTimeout) {
    require(
        !newTimeout.isNegative() && !newTimeout.isZero(),
        "the timeout must be above zero, was %s",
        newTimeout);
    WatchOptions copy = copy();
    copy.timeout = Optional.of(newTimeout);
    return copy;
  }

  /**
   * The same options with checkpoints: the memory is saved now and then, so that {@link
   * MovieChat#resume} can go on after a crash. Each save replaces the one before atomically.
   * Default: none.
   *
   * @param file where to save
   * @param every least wall time between two saves, not negative
   * @throws IllegalArgumentException if the time is negative
   */
  public WatchOptions withCheckpoint(Path file, Duration every) {
    require(!every.isNegative(), "the time between checkpoints is negative: %s", every);
    WatchOptions copy = copy();
    copy.checkpointFile = Objects.requireNonNull(file, "file");
    copy.checkpointEvery = every;
    return copy;
  }

  /** Like {@link #onProgress(Consumer, Duration)}, at most four times a second. */
  public WatchOptions onProgress(Consumer<Watching.Progress> newListener) {
    return onProgress(newListener, PROGRESS_EVERY);
  }

  /**
   * The same options with a listener that hears how far watching has come: of the first frame, now
   * and then, and of the last frame. Called on the thread that watches (the caller's own for {@link
   * MovieChat#watch(Path, WatchOptions)}), while decoding goes on. A {@link
   * java.util.concurrent.CancellationException} cancels the pass; whatever else it throws is logged
   * and does not end the pass, but it is then no longer called. Default: none.
   *
   * @param every least time between two calls; zero calls for each frame
   * @throws IllegalArgumentException if the time is negative
   */
  public WatchOptions onProgress(Consumer<Watching.Progress> newListener, Duration every) {
    require(!every.isNegative(), "the time between two reports is negative: %s", every);
    WatchOptions copy = copy();
    copy.listener = Objects.requireNonNull(newListener, "listener");
    copy.progressEvery = every;
    return copy;
  }

  /**
   * The same options with frames that are not encoded when nothing has changed in the picture,
   * which on slides, surveillance and drawings is most of them, and encoding most of the time. Such
   * a frame gets the tokens of the last one that was encoded and is a frame of its own otherwise;
   * {@link Movie#reusedFrames()} counts them. Default: {@link Reuse#OFF}, with which what is
   * remembered of a frame depends on that frame alone.
   */
  public WatchOptions withReuse(Reuse newReuse) {
    WatchOptions copy = copy();
    copy.reuse = Objects.requireNonNull(newReuse, "reuse");
    return copy;
  }

  /** Like {@link #withSpeech(SpeechRecognizer, SpeechOptions)} with the default options. */
  public WatchOptions withSpeech(SpeechRecognizer recognizer) {
    return withSpeech(recognizer, SpeechOptions.DEFAULT);
  }

  /**
   * The same options with somebody who listens, on a thread of its own beside the pictures. The
   * words are {@link Movie#cues()}, and what it has heard when pictures fail or are stopped counts.
   * If it fails itself, the movie is there all the same and its cues tell ({@link
   * io.moviechat.speech.Cues#problem()}). Subtitles, where a film has some, are taken instead,
   * unless the speech options say otherwise. Default: the chat's ({@link
   * MovieChat.Builder#speech}); subtitles alone if that has none.
   *
   * @param recognizer borrowed: the caller closes it after the pass
   */
  public WatchOptions withSpeech(SpeechRecognizer recognizer, SpeechOptions speechOptions) {
    WatchOptions copy = copy();
    copy.words = then(ofChat -> ofChat.heard(recognizer, speechOptions));
    return copy;
  }

  /**
   * The same options with somebody who reads text in the pictures: titles, signs, captions that are
   * part of them. On a thread of its own, which decodes the video once more, in its own size; what
   * it reads are cues beside those that are heard. If it fails, the movie is there all the same and
   * its cues tell. Live videos have no pictures for it. Default: the chat's ({@link
   * MovieChat.Builder#screenText}).
   *
   * @param recognizer borrowed: the caller closes it after the pass
   */
  public WatchOptions withScreenText(TextRecognizer recognizer, OcrOptions ocrOptions) {
    WatchOptions copy = copy();
    copy.words = then(ofChat -> ofChat.read(recognizer, ocrOptions));
    return copy;
  }

  private UnaryOperator<Words> then(UnaryOperator<Words> change) {
    return ofChat -> change.apply(words.apply(ofChat));
  }

  /** The same options for the pictures alone: no speech, no subtitles, no text in pictures. */
  public WatchOptions withoutWords() {
    WatchOptions copy = copy();
    copy.words = ofChat -> Words.NONE;
    return copy;
  }

  /**
   * The same options with less memory for this movie than the chat allows each. Default: what the
   * chat allows.
   */
  public WatchOptions withMemoryBudget(MemoryBudget newBudget) {
    WatchOptions copy = copy();
    copy.budget = Optional.of(newBudget);
    return copy;
  }

  /**
   * The same options with something to look for from the first frame on, beside what was asked for
   * before; see {@link Watching#when}. A batch of frames then spans at most a second of film, so
   * that a slow stream is not told of late. A chat without a scorer refuses to watch with it.
   *
   * @throws IllegalArgumentException if the query is blank
   */
  public WatchOptions when(String query, AlertOptions options, AlertListener newListener) {
    WatchOptions copy = copy();
    copy.alerts = new ArrayList<>(alerts);
    copy.alerts.add(Alerts.Wish.of(query, options, newListener));
    copy.alerts = List.copyOf(copy.alerts);
    return copy;
  }

  /** Which frames; empty takes the chat's sampling. */
  public Optional<FrameSampling> sampling() {
    return sampling;
  }

  /** Moments whose memory is kept; sorted and without repeats. */
  public List<Duration> breakpoints() {
    return breakpoints;
  }

  /** Time allowed for the whole pass; empty is none. */
  public Optional<Duration> timeout() {
    return timeout;
  }

  /** Where the memory is saved meanwhile; empty is nowhere. */
  public Optional<Path> checkpointFile() {
    return Optional.ofNullable(checkpointFile);
  }

  /** Least wall time between two checkpoints. */
  public Duration checkpointEvery() {
    return checkpointEvery;
  }

  /** How alike a frame must be to the last encoded one to get its tokens. */
  public Reuse reuse() {
    return reuse;
  }

  /** Where words come from, of a chat that has them from there. */
  Words words(Words ofChat) {
    return words.apply(ofChat);
  }

  /** Limits of this movie's memory, beside the chat's; empty is the chat's alone. */
  public Optional<MemoryBudget> memoryBudget() {
    return budget;
  }

  List<Alerts.Wish> alerts() {
    return alerts;
  }

  Consumer<Watching.Progress> listener() {
    return listener;
  }

  Duration progressEvery() {
    return progressEvery;
  }

  @Override
  public String toString() {
    return "WatchOptions[sampling "
        + sampling.map(FrameSampling::toString).orElse("of the chat")
        + ", "
        + breakpoints.size()
        + " breakpoints, timeout "
        + timeout.map(Duration::toString).orElse("none")
        + ", checkpoint "
        + checkpointFile
        + "]";
  }

  /**
   * How alike a frame must be to the last encoded one to get its tokens: the largest mean
   * difference of any of 16 x 16 cells of the picture, as the encoder is given it.
   */
  public enum Reuse {
    /** Every frame is encoded. */
    OFF(0),

    /** At most 4 of 255 grey levels: noise and what a codec leaves. */
    SAFE(4),

    /** At most 12 of 255 grey levels: small movements are missed too. */
    STRONG(12);

    private final int mostGreyLevels;

    Reuse(int mostGreyLevels) {
      this.mostGreyLevels = mostGreyLevels;
    }

    int mostGreyLevels() {
      return mostGreyLevels;
    }
  }
}
