package io.moviechat.library;

import com.google.common.util.concurrent.Uninterruptibles;
import io.moviechat.Movie;
import io.moviechat.Watching;
import io.moviechat.internal.Nanos;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A film of a {@link MovieLibrary}: watched, being watched, or waiting for it. Thread-safe; needs
 * no closing.
 */
public final class Film {
  /** Where a film is in its life. */
  public enum State {
    /** Waits for films before it. */
    WAITING,
    /** Is being watched; {@link #with} answers from what has been seen. */
    WATCHING,
    /** Was watched; its memory is kept. */
    READY,
    /** Watching ended before its time (the process ended, say); watching it again goes on. */
    INTERRUPTED,
    /** Could not be watched; {@link #failure()} says why. */
    FAILED,
    /** Was forgotten or cancelled; nothing of it is kept. */
    FORGOTTEN
  }

  private final MovieLibrary library;
  private final FilmRecord initial;
  private volatile FilmRecord record;
  private volatile State state;
  private volatile long framesBefore;
  private volatile Watching.@Nullable Progress progress;
  private volatile @Nullable Throwable failure;
  private volatile CountDownLatch settled = new CountDownLatch(0);
  private volatile Watching.@Nullable Progress first;
  private @Nullable Watching watching;
  private @Nullable End wanted;

  /** How a pass is to end before its time. */
  enum End {
    /** What was seen is the film. */
    STOP,
    /** Nothing is kept. */
    CANCEL,
    /** What was seen is kept to go on from. */
    INTERRUPT
  }

  Film(MovieLibrary library, FilmRecord record, State state) {
    this.library = library;
    this.initial = record;
    this.record = record;
    this.state = state;
  }

  /** The film's handle: 16 hexadecimal digits, the same for the same video, model and sampling. */
  public String id() {
    return initial.id();
  }

  /** A name for people: the video's file name unless another was given. */
  public String title() {
    return record.title();
  }

  /** Where the video is, or was. */
  public URI video() {
    return initial.video();
  }

  /** When it was first added. */
  public Instant added() {
    return initial.added();
  }

  /** Where the film is in its life. */
  public State state() {
    return state;
  }

  /** How far watching has come, or came; empty before the first frame. */
  public Optional<Watching.Progress> progress() {
    return Optional.ofNullable(progress);
  }

  /**
   * Time of the latest frame in memory: what an answer can know of. Zero before the first frame,
   * the whole watched time once the film is ready.
   */
  public Duration watchedTo() {
    Watching.@Nullable Progress latest = progress;
    return latest == null ? record.watchedTo() : latest.position();
  }

  /** Length of the video where it is known. */
  public Optional<Duration> duration() {
    Watching.@Nullable Progress latest = progress;
    return latest != null && latest.duration().isPresent() ? latest.duration() : record.duration();
  }

  /**
   * Seconds of film watched per second, since this pass began; zero when the film is not being
   * watched.
   */
  public double speed() {
    Watching.@Nullable Progress latest = progress;
    Watching.@Nullable Progress begin = first;
    if (state != State.WATCHING || latest == null || begin == null) {
      return 0;
    }
    double wall = latest.elapsed().minus(begin.elapsed()).toNanos() / 1e9;
    double media = latest.position().minus(begin.position()).toMillis() / 1e3;
    return wall <= 0 ? 0 : media / wall;
  }

  /** Frames that were watched. */
  public long frames() {
    Watching.@Nullable Progress latest = progress;
    return latest == null ? record.frames() : framesBefore + latest.frames();
  }

  /** Bytes of its memory on disk; 0 if there is none yet. */
  public long bytes() {
    return library.bytesOf(this);
  }

  /** Why it is {@link State#FAILED}; empty otherwise. */
  public Optional<Throwable> failure() {
    return Optional.ofNullable(failure);
  }

  /**
   * Waits until the film is neither waiting nor being watched.
   *
   * @param most time to wait, not negative
   * @return whether it is so now
   * @throws InterruptedException if the waiting thread is interrupted
   */
  public boolean await(Duration most) throws InterruptedException {
    return settled.await(Nanos.saturated(most), TimeUnit.NANOSECONDS);
  }

  /**
   * Lends the movie. While the film is being watched this is what has been seen until now, whose
   * {@link Movie#duration()} says up to where.
   *
   * @param use called on this thread; the movie stays open until it returns, and is not to be kept
   * @throws IllegalStateException if there is nothing to ask: the message says the film's state
   */
  public <T> T with(Function<? super Movie, ? extends T> use) {
    return library.lend(this, use);
  }

  /**
   * Ends the pass here: what was seen is the film. Nothing happens if it is not being watched. Does
   * not wait.
   */
  public void stop() {
    library.end(this, End.STOP);
  }

  /** Gives up watching and forgets the film, if it is not ready yet. Does not wait. */
  public void cancel() {
    library.end(this, End.CANCEL);
  }

  /**
   * Gives the film another title.
   *
   * @throws IllegalArgumentException if the title is blank or longer than 200 characters
   */
  public void rename(String title) {
    library.rename(this, title);
  }

  // What follows is the library's; fields that it changes are changed under its lock.

  void awaitUninterruptibly() {
    Uninterruptibles.awaitUninterruptibly(settled);
  }

  FilmRecord filmRecord() {
    return record;
  }

  void filmRecord(FilmRecord changed) {
    record = changed;
  }

  void waiting() {
    state = State.WAITING;
    failure = null;
    progress = null;
    wanted = null;
    settled = new CountDownLatch(1);
  }

  void watching(Watching pass) {
    watching = pass;
    first = null;
    framesBefore = record.frames();
    state = State.WATCHING;
  }

  void progressed(Watching.Progress latest) {
    if (first == null) {
      first = latest;
    }
    progress = latest;
  }

  void settle(State end, @Nullable Throwable why) {
    watching = null;
    failure = why;
    state = end;
    progress = null;
    settled.countDown();
  }

  @Nullable Watching pass() {
    return watching;
  }

  @Nullable End wanted() {
    return wanted;
  }

  void want(End end) {
    wanted = end;
  }

  @Override
  public String toString() {
    return "Film[" + id() + ", " + title() + ", " + state + "]";
  }
}
