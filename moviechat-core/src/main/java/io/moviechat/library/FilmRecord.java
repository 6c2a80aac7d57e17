package io.moviechat.library;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * What is written down of a film beside its memory: a properties file.
 *
 * @param every time from one watched frame to the next; empty is the chat's sampling
 * @param slots most slots of its memory; empty is what the chat allows
 */
record FilmRecord(
    String id,
    String title,
    URI video,
    Instant added,
    Optional<Duration> every,
    OptionalInt slots,
    Duration watchedTo,
    Optional<Duration> duration,
    long frames) {
  FilmRecord withTitle(String newTitle) {
    return new FilmRecord(id, newTitle, video, added, every, slots, watchedTo, duration, frames);
  }

  FilmRecord watched(Duration to, Optional<Duration> newDuration, long newFrames) {
    return new FilmRecord(id, title, video, added, every, slots, to, newDuration, newFrames);
  }

  private static OptionalInt slots(@Nullable String most) {
    return most == null ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(most));
  }

  /** Writes the file; the old one or the whole new one is there afterwards. */
  void write(Path file) throws IOException {
    Properties values = new Properties();
    values.setProperty("id", id);
    values.setProperty("title", title);
    values.setProperty("video", video.toString());
    values.setProperty("added", added.toString());
    every.ifPresent(interval -> values.setProperty("every", interval.toString()));
    slots.ifPresent(most -> values.setProperty("slots", Integer.toString(most)));
    values.setProperty("watchedTo", watchedTo.toString());
    duration.ifPresent(length -> values.setProperty("duration", length.toString()));
    values.setProperty("frames", Long.toString(frames));
    Path part = Files.createTempFile(file.getParent(), id, ".part");
    try {
      try (Writer out = Files.newBufferedWriter(part)) {
        values.store(out, null);
      }
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /**
   * Reads a file that {@link #write} made.
   *
   * @throws IOException if it cannot be read, or is none
   */
  static FilmRecord read(Path file) throws IOException {
    Properties values = new Properties();
    try (Reader in = Files.newBufferedReader(file)) {
      values.load(in);
      return new FilmRecord(
          values.getProperty("id", ""),
          values.getProperty("title", ""),
          URI.create(values.getProperty("video", "")),
          Instant.parse(values.getProperty("added", "")),
          Optional.ofNullable(values.getProperty("every")).map(Duration::parse),
          slots(values.getProperty("slots")),
          Duration.parse(values.getProperty("watchedTo", "")),
          Optional.ofNullable(values.getProperty("duration")).map(Duration::parse),
          Long.parseLong(values.getProperty("frames", "")));
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new IOException(file + " is no record of a film: " + e.getMessage(), e);
    }
  }
}
