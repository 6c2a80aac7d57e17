package io.moviechat.video;

import io.moviechat.VideoException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
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

  /** A local file. */
  final class OfFile implements VideoInput {
    private final Path file;
    private FileChannel channel;
    private long position;

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
    public int read(ByteBuffer target) throws IOException {
      boolean interrupted = false;
      try {
        while (true) {
          try {
            int count = channel.read(target, position);
            position += Math.max(0, count);
            return count;
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
    public boolean seekable() {
      return true;
    }

    @Override
    public void seek(long newPosition) {
      position = newPosition;
    }

    @Override
    public long position() {
      return position;
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
}
