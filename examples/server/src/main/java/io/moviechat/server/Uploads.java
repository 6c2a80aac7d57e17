package io.moviechat.server;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.moviechat.library.Film;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Videos that clients send. A file is named by the hash of its content, never by what the client
 * calls it, so the same video sent twenty times is one file.
 */
final class Uploads {
  /** Most bytes of a refused upload that are read and thrown away. */
  private static final long READ_ON = 16L << 20;

  private static final Pattern ENDING = Pattern.compile("\\.([A-Za-z0-9]{1,5})$");
  private static final long RESERVE = 256L << 20;
  private static final int LOOK_EVERY = 8 << 20;

  private final Films films;
  private final long maxBytes;
  private final LongSupplier freeBytes;

  /**
   * @param maxBytes of one upload
   * @param freeBytes free on the disk
   */
  Uploads(Films films, long maxBytes, LongSupplier freeBytes) throws IOException {
    this.films = films;
    this.maxBytes = maxBytes;
    this.freeBytes = freeBytes;
    Files.createDirectories(films.uploads());
    try (DirectoryStream<Path> left = Files.newDirectoryStream(films.uploads(), "*.part")) {
      for (Path part : left) { // of a process that ended in mid upload
        Files.deleteIfExists(part);
      }
    }
  }

  /**
   * Takes a video in and has it watched.
   *
   * @param name what the client calls it, for people
   * @param length in bytes where the client says it, else -1
   * @throws Refusal if it is too large, the disk too full, or it is no video
   * @throws IOException if the client went away
   */
  Film take(String name, long length, InputStream body) throws IOException {
    try {
      return receive(name, length, body);
    } catch (Refusal e) {
      readOn(body);
      throw e;
    }
  }

  /**
   * A client that is still sending when the connection is closed may never see the answer: a part
   * of what it sends is read and thrown away.
   */
  private static void readOn(InputStream body) throws IOException {
    byte[] buffer = new byte[1 << 16];
    long left = READ_ON;
    for (int count = 0; count >= 0 && left > 0; left -= count) {
      count = body.read(buffer);
    }
  }

  private Film receive(String name, long length, InputStream body) throws IOException {
    refuseTooLarge(length);
    refuseFullDisk(Math.max(0, length));
    Matcher ending = ENDING.matcher(name);
    String extension = ending.find() ? ending.group(1).toLowerCase(Locale.ROOT) : "bin";
    Path part = Files.createTempFile(films.uploads(), "upload", ".part");
    try {
      String hash = copy(body, part);
      Films.info(part.toUri());
      Path file = films.uploads().resolve(hash + "." + extension);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      Film film = films.watch(file);
      if (film.title().startsWith(hash) && !name.isBlank()) {
        film.rename(name.length() > 200 ? name.substring(0, 200) : name);
      }
      return film;
    } catch (Refusal e) {
      throw e.status() == Refusal.NOT_A_VIDEO
          ? new Refusal(
              Refusal.NOT_A_VIDEO,
              (name.isBlank() ? "the file" : name) + " is no video that can be read",
              e)
          : e;
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private String copy(InputStream body, Path part) throws IOException {
    Hasher hasher = Hashing.sha256().newHasher();
    byte[] buffer = new byte[1 << 16];
    long total = 0;
    long look = LOOK_EVERY;
    try (OutputStream out = Files.newOutputStream(part)) {
      for (int count = body.read(buffer); count >= 0; count = body.read(buffer)) {
        total += count;
        refuseTooLarge(total);
        if (total >= look) {
          refuseFullDisk(0);
          look = total + LOOK_EVERY;
        }
        hasher.putBytes(buffer, 0, count);
        out.write(buffer, 0, count);
      }
    }
    if (total == 0) {
      throw new Refusal(Refusal.BAD_REQUEST, "the upload is empty");
    }
    return hasher.hash().toString().substring(0, 32);
  }

  private void refuseTooLarge(long length) {
    if (length > maxBytes) {
      throw new Refusal(
          Refusal.TOO_LARGE,
          "a video may have "
              + maxBytes
              + " bytes at most; for a larger one put the file into an allowed folder and give its"
              + " path, or start the server with a larger --max-upload");
    }
  }

  private void refuseFullDisk(long length) {
    if (freeBytes.getAsLong() - length < RESERVE) {
      throw new Refusal(
          Refusal.DISK_FULL,
          "the server's disk is too full for this video; forget some films, or give the path of a"
              + " file that is there already");
    }
  }
}
