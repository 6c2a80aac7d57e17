package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.VideoSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two hours in ten gigabytes, of which nearly nothing is read to open them. */
class LargeFileTest {
  private static final long HOLE = 10L << 30;
  private static final long MOST_READ = 8L << 20;
  private static final FrameFormat SMALL = FrameFormat.stretch(16, 16, Resampling.BILINEAR);

  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  /** Counts what is read of a file. */
  private static final class Counting implements SeekableByteChannel {
    private final SeekableByteChannel channel;
    private long read;

    Counting(SeekableByteChannel channel) {
      this.channel = channel;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      int count = channel.read(target);
      read += Math.max(0, count);
      return count;
    }

    @Override
    public int write(ByteBuffer source) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long position() throws IOException {
      return channel.position();
    }

    @Override
    public SeekableByteChannel position(long place) throws IOException {
      channel.position(place);
      return this;
    }

    @Override
    public long size() throws IOException {
      return channel.size();
    }

    @Override
    public SeekableByteChannel truncate(long size) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  /**
   * A film of two hours, a picture every 10 s, with a hole of 10 GB (which takes no room on the
   * disk) between its pictures and its index.
   */
  private Path film() throws IOException {
    Path file = folder.resolve("film.mp4");
    try (VideoWriter writer =
        VideoWriter.builder(file).size(32, 32).framesPerSecond(0.1).keyframeInterval(5).build()) {
      for (int i = 0; i < 720; i++) {
        ByteBuffer picture = ByteBuffer.allocate(3 * 32 * 32);
        while (picture.hasRemaining()) {
          picture.put((byte) (20 + i * 31 % 200));
        }
        writer.write(picture.flip(), Duration.ofSeconds(10L * i));
      }
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer whole = ByteBuffer.allocate((int) channel.size());
      channel.read(whole, 0);
      int at = 0;
      while (whole.getInt(at + 4) != 0x6d6f6f76) { // moov
        at += whole.getInt(at);
      }
      ByteBuffer index = whole.slice(at, whole.capacity() - at);
      ByteBuffer free = ByteBuffer.allocate(16);
      free.putInt(1).putInt(0x66726565).putLong(HOLE).flip(); // a box of 10 GB called free
      channel.write(free, at);
      channel.write(index, at + HOLE);
    }
    return file;
  }

  @Test
  void openingAndAskingReadsLittle() throws IOException {
    Path film = film();
    try (Counting channel = new Counting(FileChannel.open(film));
        VideoSource video = new FfmpegVideoSourceProvider().open(channel, "film.mp4")) {
      assertThat(channel.size()).isGreaterThan(HOLE);
      assertThat(channel.read).as("bytes read to open").isLessThan(MOST_READ);
      assertThat(video.info().duration().orElseThrow()).isEqualTo(Duration.ofHours(2));
      for (int second : new int[] {7_195, 0, 3_601, 5_000}) {
        try (Frame frame = video.frameAt(Duration.ofSeconds(second), SMALL)) {
          assertThat(frame.timestamp()).isEqualTo(Duration.ofSeconds(second / 10 * 10L));
        }
      }
      assertThat(channel.read).as("bytes read for four frames").isLessThan(MOST_READ);
    }
  }
}
