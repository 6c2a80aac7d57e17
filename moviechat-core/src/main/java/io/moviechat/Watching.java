package io.moviechat;

import com.google.errorprone.annotations.CheckReturnValue;
import io.moviechat.recall.AlertListener;
import io.moviechat.recall.AlertOptions;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.SavedMemory;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** A movie being watched. Thread-safe. */
public final class Watching {
  private final Task<Movie> task;
  private final WatchSignal signal;
  private final List<SlotScorer> scorers;
  private final Function<SavedMemory, Movie> register;

  Watching(
      Task<Movie> task,
      WatchSignal signal,
      List<SlotScorer> scorers,
      Function<SavedMemory, Movie> register) {
    this.task = task;
    this.signal = signal;
    this.scorers = scorers;
    this.register = register;
  }

  /**
   * Gives up: no movie comes of it. Takes effect within one frame, or at once if the video's source
   * is stuck; does not wait.
   */
  public void cancel() {
    signal.cancel();
  }

  /**
   * Ends the pass here: the movie is what has been watched until now. The way to end a live stream.
   * Takes effect within one frame, or at once if none comes; does not wait.
   */
  public void stop() {
    signal.stop();
  }

  /** How far it has come; nothing yet before the first frame is in memory. */
  public Progress progress() {
    return signal.progress();
  }

  /**
   * Tells from now on when the video shows something: "a red car". Needs a scorer ({@link
   * MovieChat.Builder#recall}) and no language model; may be called many times, each time for one
   * thing. Frames that were watched before are not looked at again; to look from the first frame
   * on, use {@link WatchOptions#when}.
   *
   * <p>A frame is looked at as soon as its batch is encoded, which waits for no other batch; a
   * batch spans at most a second of film. Of a stream that is watched as fast as it comes, what is
   * on screen is told of within that second and the time to encode two batches; where encoding is
   * slower than the stream, four batches may be waiting.
   *
   * @param query a few words
   * @return run it to be told no more
   * @throws IllegalArgumentException if the query is blank
   * @throws IllegalStateException if the chat has no scorer
   */
  public Runnable when(String query, AlertOptions options, AlertListener listener) {
    return signal.alerts().add(Alerts.Wish.of(query, options, listener), scorers);
  }

  /**
   * What has been seen until now, as a movie of its own that can be asked while watching goes on.
   * Its {@link Movie#duration()} says up to where. Waits for the memory to be at rest, which takes
   * no longer than consolidating a batch.
   *
   * @return empty before the first frame is in memory, and once watching has ended; the caller
   *     closes it
   */
  @CheckReturnValue
  public Optional<Movie> soFar() {
    return task.isDone()
        ? Optional.empty()
        : signal.askMemory().filter(now -> !now.snapshot().slots().isEmpty()).map(register);
  }

  /**
   * Waits for the movie, which the caller closes.
   *
   * @throws java.util.concurrent.CancellationException if it was cancelled
   * @throws VideoException if the video could not be read to its end
   * @throws InferenceException if the encoder failed
   */
  @CheckReturnValue
  public Movie join() {
    return task.join();
  }

  /** Whether {@link #join()} would return or throw at once. */
  public boolean isDone() {
    return task.isDone();
  }

  /** Completes with the movie, which whoever receives it closes. */
  public CompletionStage<Movie> stage() {
    return task.stage();
  }

  /** How far watching has come. Immutable. */
  public static final class Progress {
    static final Progress NONE =
        new Progress(
            Duration.ZERO, Optional.empty(), 0, 0, 0, Duration.ZERO, Duration.ZERO, Duration.ZERO);

    private final Duration position;
    private final Optional<Duration> duration;
    private final long frames;
    private final int slots;
    private final long damagedFrames;
    private final Duration heard;
    private final Duration read;
    private final Duration elapsed;

    Progress(
        Duration position,
        Optional<Duration> duration,
        long frames,
        int slots,
        long damagedFrames,
        Duration heard,
        Duration read,
        Duration elapsed) {
      this.position = position;
      this.duration = duration;
      this.frames = frames;
      this.slots = slots;
      this.damagedFrames = damagedFrames;
      this.heard = heard;
      this.read = read;
      this.elapsed = elapsed;
    }

    /**
     * Progress as a pass reports it; an application needs this only to test what it shows.
     *
     * @param frames frames in memory so far
     * @param position time of the latest of them
     * @param duration length of the video where it is known
     */
    public static Progress of(long frames, Duration position, Optional<Duration> duration) {
      return new Progress(
          position, duration, frames, 0, 0, Duration.ZERO, Duration.ZERO, Duration.ZERO);
    }

    /** Media time of the latest frame in memory. */
    public Duration position() {
      return position;
    }

    /** Length of the video where it is known. */
    public Optional<Duration> duration() {
      return duration;
    }

    /** Frames in memory so far, those of a resumed memory not counted. */
    public long frames() {
      return frames;
    }

    /** Entries that the memory holds now. */
    public int slots() {
      return slots;
    }

    /** Frames that were damaged and left out so far. */
    public long damagedFrames() {
      return damagedFrames;
    }

    /** Media time up to which the film was listened to; zero if it is not. */
    public Duration heard() {
      return heard;
    }

    /** Media time up to which text was read in the pictures; zero if it is not. */
    public Duration read() {
      return read;
    }

    /** Wall time since watching began. */
    public Duration elapsed() {
      return elapsed;
    }

    /** Media time watched per wall time: 1 is as fast as the video plays. */
    public double speed() {
      double wall = elapsed.toNanos();
      return wall <= 0 ? 0 : position.toMillis() * 1e6 / wall;
    }

    /** Share of the video that was watched, in [0, 1]; empty if its length is unknown. */
    public OptionalDouble fraction() {
      if (duration.isEmpty() || duration.get().isZero()) {
        return OptionalDouble.empty();
      }
      double fraction = (double) position.toMillis() / Math.max(1, duration.get().toMillis());
      return OptionalDouble.of(Math.min(1, fraction));
    }

    @Override
    public String toString() {
      return "Progress[%s of %s, %d frames, %d slots, %.1fx]"
          .formatted(
              position, duration.map(Duration::toString).orElse("unknown"), frames, slots, speed());
    }
  }
}
