package io.moviechat.video;

import io.moviechat.VideoException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Bytes of a video that Java reads, so that FFmpeg opens nothing itself: whatever a hostile file
 * names, no other file and no network is within its reach.
 */
interface VideoInput extends AutoCloseable {
  /**
   * Reads at the position and moves it.
   *
   * @return bytes read, -1 at the end
   */
  int read(ByteBuffer target) throws IOException;

  /** Size in bytes, -1 if unknown. */
  long size() throws IOException;

  boolean seekable();

  void seek(long position) throws IOException;

  long position() throws IOException;

  @Override
  void close();

  /** What knows its position and can go anywhere. */
  abstract class Positioned implements VideoInput {
    private long position;

    /** Reads at a position that the reader keeps. */
    abstract int readAt(long at, ByteBuffer target) throws IOException;

    @Override
    public final int read(ByteBuffer target) throws IOException {
      int count = readAt(position, target);
      position += Math.max(0, count);
      return count;
    }

    @Override
    public final boolean seekable() {
      return true;
    }

    @Override
    public final void seek(long newPosition) {
      position = newPosition;
    }

    @Override
    public final long position() {
      return position;
    }
  }

  /** A local file. */
  final class OfFile extends Positioned {
    private final Path file;
    private FileChannel channel;

    private OfFile(Path file, FileChannel channel) {
      this.file = file;
      this.channel = channel;
    }

    /**
     * @throws VideoException saying what is there instead of a readable file
     */
    static OfFile open(Path file, long maxBytes) {
      try {
        if (Files.isDirectory(file)) {
          throw new VideoException(file + " is a directory; name a video file");
        }
        FileChannel channel = FileChannel.open(file);
        try {
          long size = channel.size();
          if (size == 0 && Files.isRegularFile(file)) {
            throw new VideoException(file + " is empty (0 bytes); it is not a video");
          }
          if (size > maxBytes) {
            throw new VideoException(
                String.format(
                    "%s has %,d bytes, more than the limit of %,d; raise VideoOptions.maxBytes if"
                        + " it can be trusted",
                    file, size, maxBytes));
          }
          return new OfFile(file, channel);
        } catch (IOException | RuntimeException e) {
          channel.close();
          throw e;
        }
      } catch (NoSuchFileException e) {
        throw new VideoException("there is no file " + file, e);
      } catch (AccessDeniedException e) {
        throw new VideoException(file + " may not be read: permission denied", e);
      } catch (IOException e) {
        throw new VideoException(file + " cannot be read: " + e, e);
      }
    }

    @Override
    int readAt(long at, ByteBuffer target) throws IOException {
      boolean interrupted = false;
      try {
        while (true) {
          try {
            return channel.read(target, at);
          } catch (ClosedByInterruptException e) {
            // An interrupt closes the channel of a reading thread; this video may be used again.
            interrupted = Thread.interrupted();
            channel = FileChannel.open(file);
          }
        }
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }

    @Override
    public long size() throws IOException {
      return channel.size();
    }

    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException e) {
        // Nothing was written, so nothing is lost.
      }
    }
  }

  /** A channel that several inputs share; each has a position of its own, and none closes it. */
  final class OfChannel extends Positioned {
    private final SeekableByteChannel channel;

    OfChannel(SeekableByteChannel channel) {
      this.channel = channel;
    }

    @Override
    int readAt(long at, ByteBuffer target) throws IOException {
      return channel.position(at).read(target);
    }

    @Override
    public long size() throws IOException {
      return channel.size();
    }

    @Override
    public void close() {}
  }

  /** A stream that is read once, from where it is. */
  final class OfStream implements VideoInput {
    private final InputStream stream;
    private final long maxBytes;
    private byte[] chunk = new byte[0];
    private long position;

    OfStream(InputStream stream, long maxBytes) {
      this.stream = stream;
      this.maxBytes = maxBytes;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      if (position >= maxBytes) {
        throw new IOException(
            String.format("more than the limit of %,d bytes (VideoOptions.maxBytes)", maxBytes));
      }
      if (chunk.length < target.remaining()) {
        chunk = new byte[target.remaining()];
      }
      int count = stream.read(chunk, 0, target.remaining());
      if (count > 0) {
        target.put(chunk, 0, count);
        position += count;
      }
      return count;
    }

    @Override
    public long size() {
      return -1;
    }

    @Override
    public boolean seekable() {
      return false;
    }

    @Override
    public void seek(long newPosition) throws IOException {
      throw new IOException("a stream cannot seek");
    }

    @Override
    public long position() {
      return position;
    }

    @Override
    public void close() {
      try {
        stream.close();
      } catch (IOException e) {
        // Nothing was written, so nothing is lost.
      }
    }
  }

  /** A file that another program still writes: its end is waited at. */
  final class OfGrowingFile implements VideoInput {
    private static final long POLL_MILLIS = 50;

    private final OfFile file;
    private final Watchdog watchdog;
    private final long patienceNanos;

    /**
     * @param patienceNanos time without growth after which the file counts as finished
     */
    OfGrowingFile(OfFile file, Watchdog watchdog, long patienceNanos) {
      this.file = file;
      this.watchdog = watchdog;
      this.patienceNanos = patienceNanos;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      long start = System.nanoTime();
      while (true) {
        int count = file.read(target);
        if (count > 0) {
          return count;
        }
        if (watchdog.shouldStop() || System.nanoTime() - start > patienceNanos) {
          return -1;
        }
        try {
          Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return -1;
        }
      }
    }

    @Override
    public long size() {
      return -1;
    }

    @Override
    public boolean seekable() {
      return false;
    }

    @Override
    public void seek(long newPosition) throws IOException {
      throw new IOException("a growing file is read in order");
    }

    @Override
    public long position() {
      return file.position();
    }

    @Override
    public void close() {
      file.close();
    }
  }
}
