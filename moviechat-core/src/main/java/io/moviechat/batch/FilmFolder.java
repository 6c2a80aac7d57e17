package io.moviechat.batch;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;

/** The folder of one film: its memory, the answers, and {@code _DONE} when both are whole. */
final class FilmFolder {
  static final String MEMORY = "memory.safetensors";
  static final String ANSWERS = "answers.jsonl";
  private static final String CHECKPOINT = "checkpoint.safetensors";
  private static final String DONE = "_DONE";
  private static final String PART = ".part";

  private final Path path;
  private final String fingerprint;

  FilmFolder(Path out, String fingerprint) {
    this.path = out.resolve(fingerprint);
    this.fingerprint = fingerprint;
  }

  Path path() {
    return path;
  }

  String fingerprint() {
    return fingerprint;
  }

  Path memory() {
    return path.resolve(MEMORY);
  }

  Path checkpoint() {
    return path.resolve(CHECKPOINT);
  }

  /** What is done; empty unless all of it is there. */
  Optional<FilmRecord> done() {
    try {
      Properties values = new Properties();
      values.load(new StringReader(Files.readString(path.resolve(DONE))));
      FilmRecord record =
          new FilmRecord(
              values.getProperty("asked", ""),
              Integer.parseInt(values.getProperty("questions", "")),
              Long.parseLong(values.getProperty("frames", "")),
              Integer.parseInt(values.getProperty("slots", "")),
              Duration.parse(values.getProperty("duration", "")),
              Long.parseLong(values.getProperty("memoryBytes", "")));
      boolean whole =
          Files.size(memory()) == record.memoryBytes()
              && (record.questions() == 0 || Files.exists(path.resolve(ANSWERS)));
      return whole ? Optional.of(record) : Optional.empty();
    } catch (IOException | IllegalArgumentException | DateTimeException e) {
      return Optional.empty(); // not there, or not whole: to be done again
    }
  }

  void writeAnswers(String lines) throws IOException {
    replace(path.resolve(ANSWERS), lines);
  }

  void writeDone(FilmRecord record) throws IOException {
    replace(
        path.resolve(DONE),
        String.format(
            "asked=%s%nquestions=%d%nframes=%d%nslots=%d%nduration=%s%nmemoryBytes=%d%n",
            record.asked(),
            record.questions(),
            record.frames(),
            record.slots(),
            record.duration(),
            record.memoryBytes()));
    Files.deleteIfExists(checkpoint());
  }

  /** No longer done: from here on something may be missing. */
  void undo() throws IOException {
    Files.deleteIfExists(path.resolve(DONE));
  }

  void create() throws IOException {
    Files.createDirectories(path);
    try (DirectoryStream<Path> left = Files.newDirectoryStream(path, "*" + PART)) {
      long old = System.currentTimeMillis() - Duration.ofDays(1).toMillis();
      for (Path file : left) { // of a process that was killed; younger ones may be in use
        if (Files.getLastModifiedTime(file).toMillis() < old) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  /** Bytes of all files. */
  long bytes() throws IOException {
    long bytes = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(path)) {
      for (Path file : files) {
        bytes += Files.size(file);
      }
    } catch (NoSuchFileException e) {
      return bytes;
    }
    return bytes;
  }

  /** Writes a file as a whole: the old one or the new one is there, whatever happens. */
  static void replace(Path file, String text) throws IOException {
    Path part = Files.createTempFile(file.getParent(), file.getFileName().toString(), PART);
    try {
      Files.writeString(part, text);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
  }
}
