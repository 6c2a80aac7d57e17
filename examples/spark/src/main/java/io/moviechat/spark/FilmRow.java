package io.moviechat.spark;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/** What came of one film: a bean, as {@link org.apache.spark.sql.Encoders#bean} wants it. */
public final class FilmRow implements Serializable {
  private static final long serialVersionUID = 1L;

  private String film = "";
  private String status = "";
  private @Nullable String fingerprint;
  private @Nullable String error;
  private boolean retriable;
  private @Nullable String memory;
  private long frames;
  private int slots;
  private double seconds;
  private long watchMs;
  private String executor = "";

  /** For Spark. */
  public FilmRow() {}

  /** Where the video is, as it was given. */
  public String getFilm() {
    return film;
  }

  public void setFilm(String value) {
    film = value;
  }

  /** The name of a {@link io.moviechat.batch.FilmResult.Status}. */
  public String getStatus() {
    return status;
  }

  public void setStatus(String value) {
    status = value;
  }

  /** Names the film's folder; null if it could not be read. */
  public @Nullable String getFingerprint() {
    return fingerprint;
  }

  public void setFingerprint(@Nullable String value) {
    fingerprint = value;
  }

  /** Why it failed; null if it did not. */
  public @Nullable String getError() {
    return error;
  }

  public void setError(@Nullable String value) {
    error = value;
  }

  /** Whether it failed of something that may pass by itself, as a server that was down. */
  public boolean isRetriable() {
    return retriable;
  }

  public void setRetriable(boolean value) {
    retriable = value;
  }

  /** The memory file; null if the film failed. */
  public @Nullable String getMemory() {
    return memory;
  }

  public void setMemory(@Nullable String value) {
    memory = value;
  }

  /** Frames watched. */
  public long getFrames() {
    return frames;
  }

  public void setFrames(long value) {
    frames = value;
  }

  /** Slots in memory. */
  public int getSlots() {
    return slots;
  }

  public void setSlots(int value) {
    slots = value;
  }

  /** The time watched. */
  public double getSeconds() {
    return seconds;
  }

  public void setSeconds(double value) {
    seconds = value;
  }

  /** Wall time that this film took just now, copying and asking included. */
  public long getWatchMs() {
    return watchMs;
  }

  public void setWatchMs(long value) {
    watchMs = value;
  }

  /** The executor that did it. */
  public String getExecutor() {
    return executor;
  }

  public void setExecutor(String value) {
    executor = value;
  }
}
