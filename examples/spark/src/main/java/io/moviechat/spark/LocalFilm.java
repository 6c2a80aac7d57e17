package io.moviechat.spark;

import com.google.common.hash.Hashing;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.SparkFiles;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/**
 * A film as FFmpeg reads it. Films of this machine and of HTTP are read where they are; those of
 * Hadoop's file systems (s3a, hdfs, abfs ...) are copied to the executor's own folder, which is
 * emptied when the task ends, however it ends, and goes with the executor.
 */
final class LocalFilm implements AutoCloseable {
  private static final String REMOTE = "_REMOTE";

  private final URI uri;
  private final Optional<Path> note;
  private final Optional<Path> copy;

  private LocalFilm(URI uri, Optional<Path> note, Optional<Path> copy) {
    this.uri = uri;
    this.note = note;
    this.copy = copy;
  }

  static boolean isRemote(String film) {
    String scheme = address(film).getScheme();
    return !"file".equals(scheme) && !"http".equals(scheme) && !"https".equals(scheme);
  }

  /** A URI of what may be a plain path. */
  static URI address(String film) {
    return film.matches("[A-Za-z][A-Za-z0-9+.-]+:.*")
        ? URI.create(film)
        : Path.of(film).toAbsolutePath().toUri();
  }

  static Configuration configuration(Map<String, String> settings) {
    Configuration configuration = new Configuration();
    settings.forEach(configuration::set);
    return configuration;
  }

  /** Bytes of a film; 0 if that cannot be told. */
  static long length(String film, Configuration settings) {
    try {
      URI uri = address(film);
      if ("file".equals(uri.getScheme())) {
        return Files.size(Path.of(uri));
      }
      return isRemote(film) ? status(uri, settings).getLen() : 0;
    } catch (IOException | RuntimeException e) {
      return 0; // doing it will tell what is wrong with it
    }
  }

  private static FileStatus status(URI uri, Configuration settings) throws IOException {
    FileSystem files = FileSystem.get(uri, settings);
    return files.getFileStatus(new org.apache.hadoop.fs.Path(uri));
  }

  /**
   * What an earlier run found out: the fingerprint of a remote film that has not changed since, so
   * that it need not be copied to find that it is done.
   */
  static Optional<Path> note(String film, Path out, Configuration settings) throws IOException {
    if (!isRemote(film)) {
      return Optional.empty();
    }
    FileStatus status = status(address(film), settings);
    String state = film + "\n" + status.getLen() + "\n" + status.getModificationTime();
    String name = Hashing.sha256().hashString(state, StandardCharsets.UTF_8).toString();
    return Optional.of(out.resolve(REMOTE).resolve(name));
  }

  static LocalFilm open(String film, Optional<Path> note, Configuration settings, TaskContext task)
      throws IOException {
    URI uri = address(film);
    if (note.isEmpty()) {
      return new LocalFilm(uri, note, Optional.empty());
    }
    org.apache.hadoop.fs.Path remote = new org.apache.hadoop.fs.Path(uri);
    Path folder = Files.createTempDirectory(Path.of(SparkFiles.getRootDirectory()), "moviechat-");
    Path file = folder.resolve(remote.getName());
    LocalFilm local = new LocalFilm(file.toUri(), note, Optional.of(file));
    task.addTaskCompletionListener((TaskCompletionListener) ended -> local.close());
    try {
      FileSystem files = FileSystem.get(uri, settings);
      long length = files.getFileStatus(remote).getLen();
      long room = Files.getFileStore(folder).getUsableSpace();
      if (length > room - room / 20) {
        throw new IOException(
            String.format(
                "%s has %d bytes, the executor's disk has room for %d; give spark.local.dir more",
                film, length, room));
      }
      try (var in = files.open(remote)) {
        Files.copy(in, file);
      }
      return local;
    } catch (IOException | RuntimeException e) {
      local.close();
      throw e;
    }
  }

  URI uri() {
    return uri;
  }

  /** Keeps the fingerprint for the next run. */
  void done(String fingerprint) throws IOException {
    if (note.isPresent()) {
      Path file = note.get();
      Files.createDirectories(file.getParent());
      Path part = Files.createTempFile(file.getParent(), "note", ".part");
      Files.writeString(part, fingerprint);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** Deletes the copy. Closing twice is fine. */
  @Override
  public void close() {
    copy.ifPresent(
        file -> {
          try {
            Files.deleteIfExists(file);
            Files.deleteIfExists(file.getParent());
          } catch (IOException e) {
            // It goes with the executor's folder.
          }
        });
  }
}
