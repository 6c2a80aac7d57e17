package io.moviechat.bench.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A file of JSON Lines that only grows. A line counts once its line feed is written: whoever is
 * killed between two bytes leaves a beginning of a line, which the next one to open cuts off.
 * Thread-safe; one process at a time.
 */
final class LineLog implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;
  private final FileLock lock;
  private final List<JsonNode> lines;

  private LineLog(Path file, FileChannel channel, FileLock lock, List<JsonNode> lines) {
    this.file = file;
    this.channel = channel;
    this.lock = lock;
    this.lines = lines;
  }

  /**
   * Opens a log to go on with it, or starts it.
   *
   * @throws IOException if another process has it open, or a whole line is no JSON
   */
  static LineLog open(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      FileLock lock = lock(file, channel);
      byte[] bytes = Files.readAllBytes(file);
      int whole = wholeBytes(bytes);
      List<JsonNode> lines = parse(file, bytes, whole);
      channel.truncate(whole);
      channel.position(whole);
      return new LineLog(file, channel, lock, lines);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static FileLock lock(Path file, FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return lock;
      }
    } catch (OverlappingFileLockException e) { // by this process: refused like another one's
    }
    throw new IOException(file + " is being written by another run; wait for it or end it first");
  }

  /** The whole lines of a log that nobody need be writing. */
  static List<JsonNode> read(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    return parse(file, bytes, wholeBytes(bytes));
  }

  private static int wholeBytes(byte[] bytes) {
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] != '\n') {
      end--;
    }
    return end;
  }

  private static List<JsonNode> parse(Path file, byte[] bytes, int end) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < end; i++) {
      if (bytes[i] == '\n') {
        try {
          lines.add(Json.MAPPER.readTree(bytes, start, i - start));
        } catch (JsonProcessingException e) {
          throw new IOException(
              file + " is damaged: line " + (lines.size() + 1) + " is no JSON; remove that line",
              e);
        }
        start = i + 1;
      }
    }
    return lines;
  }

  /** The lines that were there when the log was opened. */
  List<JsonNode> lines() {
    return List.copyOf(lines);
  }

  /** Adds a line: it counts once this returns, whatever happens to the process then. */
  synchronized void append(JsonNode line) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((Json.line(line) + "\n").getBytes(StandardCharsets.UTF_8));
    long before = channel.position();
    try {
      while (bytes.hasRemaining()) {
        int written = channel.write(bytes);
        if (written < 0) {
          throw new IOException(file + " takes no more bytes");
        }
      }
    } catch (IOException e) { // a full disk: the beginning of a line must not stay
      channel.truncate(before);
      throw e;
    }
  }

  /** Lets the lines survive a fall of the machine too. */
  synchronized void force() throws IOException {
    channel.force(false);
  }

  @Override
  public synchronized void close() throws IOException {
    lock.release();
    channel.close();
  }
}
