package io.moviechat.batch;

import io.moviechat.MovieChatException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What came of one film of a batch. Immutable and thread-safe. */
public final class FilmResult {
  /** How it ended. */
  public enum Status {
    /** Watched or asked now. */
    DONE,
    /** Everything was there from an earlier run; nothing was done. */
    KEPT,
    /** The same video as another film of this run, under another name; see that film's result. */
    DUPLICATE,
    /** Could not be done; {@link FilmResult#error()} says why. The next run tries again. */
    FAILED
  }

  private final URI film;
  private final Status status;
  private final @Nullable String fingerprint;
  private final @Nullable String error;
  private final boolean retriable;
  private final @Nullable Path folder;
  private final FilmRecord record;

  private FilmResult(
      URI film,
      Status status,
      @Nullable String fingerprint,
      @Nullable String error,
      boolean retriable,
      @Nullable Path folder,
      FilmRecord record) {
    this.film = Objects.requireNonNull(film, "film");
    this.status = status;
    this.fingerprint = fingerprint;
    this.error = error;
    this.retriable = retriable;
    this.folder = folder;
    this.record = record;
  }

  static FilmResult finished(URI film, Status status, FilmFolder folder, FilmRecord record) {
    return new FilmResult(film, status, folder.fingerprint(), null, false, folder.path(), record);
  }

  static FilmResult duplicate(URI film, FilmFolder folder) {
    return new FilmResult(
        film, Status.DUPLICATE, folder.fingerprint(), null, false, folder.path(), FilmRecord.NONE);
  }

  static FilmResult failed(URI film, Optional<String> fingerprint, Exception failure) {
    String error = Optional.ofNullable(failure.getMessage()).orElse(failure.toString());
    boolean retriable = failure instanceof MovieChatException known && known.isRetriable();
    return new FilmResult(
        film, Status.FAILED, fingerprint.orElse(null), error, retriable, null, FilmRecord.NONE);
  }

  /** Where the video is, as it was given. */
  public URI film() {
    return film;
  }

  /** How it ended. */
  public Status status() {
    return status;
  }

  /** The video's fingerprint, which names its folder; empty if the video could not be read. */
  public Optional<String> fingerprint() {
    return Optional.ofNullable(fingerprint);
  }

  /** Why it failed; empty unless {@link Status#FAILED}. */
  public Optional<String> error() {
    return Optional.ofNullable(error);
  }

  /**
   * Whether it failed of something that may pass by itself, as {@link
   * MovieChatException#isRetriable()} tells: a server that was down or overloaded. The next run
   * tries every failed film again, this one with a better chance.
   */
  public boolean isRetriable() {
    return retriable;
  }

  /** The memory file; empty if the film failed. */
  public Optional<Path> memory() {
    return Optional.ofNullable(folder).map(path -> path.resolve(FilmFolder.MEMORY));
  }

  /** The answers, one JSON object a line; empty if the film failed or nothing was asked. */
  public Optional<Path> answers() {
    return Optional.ofNullable(folder)
        .filter(path -> record.questions() > 0)
        .map(path -> path.resolve(FilmFolder.ANSWERS));
  }

  /** Frames watched; 0 unless {@link Status#DONE} or {@link Status#KEPT}. */
  public long frames() {
    return record.frames();
  }

  /** Slots in memory; 0 unless {@link Status#DONE} or {@link Status#KEPT}. */
  public int slots() {
    return record.slots();
  }

  /** The time watched; zero unless {@link Status#DONE} or {@link Status#KEPT}. */
  public Duration duration() {
    return record.duration();
  }

  /**
   * One line of JSON: {@code
   * {"film","status","fingerprint","frames","slots","seconds","error","retriable"}}, without what
   * is empty; the last with an error.
   */
  public String toJson() {
    JsonLine json =
        new JsonLine()
            .put("film", film.toString())
            .put("status", status.name().toLowerCase(Locale.ROOT));
    fingerprint().ifPresent(value -> json.put("fingerprint", value));
    if (status == Status.DONE || status == Status.KEPT) {
      json.put("frames", record.frames()).put("slots", record.slots());
      json.seconds("seconds", record.duration());
    }
    error().ifPresent(value -> json.put("error", value).put("retriable", retriable));
    return json.end();
  }

  @Override
  public String toString() {
    return "FilmResult" + toJson();
  }
}
