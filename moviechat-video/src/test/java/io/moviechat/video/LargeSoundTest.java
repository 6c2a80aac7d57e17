package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.AudioSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Memory does not grow with the film. An hour in every build; {@code -Dmoviechat.sound.hours=10}
 * for more.
 */
class LargeSoundTest {
  private static final int RATE = 44_100;
  private static final long MOST_GROWTH = 24L << 20;

  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  /** Stereo of 8 bits in a file with a hole, which takes no room on the disk. */
  private Path film(int hours) throws IOException {
    Path file = folder.resolve("film.wav");
    long bytes = 2L * RATE * 3600 * hours;
    ByteBuffer header = ByteBuffer.allocate(44).order(ByteOrder.LITTLE_ENDIAN);
    header.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt((int) (36 + bytes));
    header.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16);
    header.putShort((short) 1).putShort((short) 2).putInt(RATE).putInt(2 * RATE);
    header.putShort((short) 2).putShort((short) 8);
    header.put("data".getBytes(StandardCharsets.US_ASCII)).putInt((int) bytes);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(header.flip());
      channel.write(ByteBuffer.wrap(new byte[1]), 43 + bytes);
    }
    return file;
  }

  /** What the process holds beside the Java heap. */
  private static long held() {
    System.gc();
    return Pointer.physicalBytes() - Runtime.getRuntime().totalMemory();
  }

  private static long heap() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  @Test
  void hoursOfSoundTakeTheMemoryOfMinutes() throws IOException {
    int hours = Integer.getInteger("moviechat.sound.hours", 1);
    long samples = 16_000L * 3600 * hours;
    FloatBuffer buffer = FloatBuffer.allocate(16_000);
    long heard = 0;
    long heldEarly = 0;
    long heapEarly = 0;
    try (AudioSource sound = Sounds.open(film(hours), Duration.ZERO)) {
      for (int count = sound.read(buffer.clear()); count > 0; count = sound.read(buffer.clear())) {
        heard += count;
        if (heldEarly == 0 && heard > samples / 4) {
          heldEarly = held();
          heapEarly = heap();
        }
      }
      assertThat(heard).isEqualTo(samples);
      assertThat(sound.time().plusNanos(62_500L * 16_000)).isEqualTo(Duration.ofHours(hours));
      assertThat(held() - heldEarly).as("growth beside the heap").isLessThan(MOST_GROWTH);
      assertThat(heap() - heapEarly).as("growth of the heap").isLessThan(MOST_GROWTH);
    }
  }
}
