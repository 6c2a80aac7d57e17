package io.moviechat.video;

import io.moviechat.VideoLocation;
import io.moviechat.speech.AudioSource;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What tests do with sound. */
final class Sounds {
  private static final long SAMPLE_NANOS = 1_000_000_000L / AudioSource.SAMPLE_RATE;

  private Sounds() {}

  /** Samples that follow each other. */
  static final class Piece {
    private final Duration time;
    private final float[] samples;

    Piece(Duration time, float[] samples) {
      this.time = time;
      this.samples = samples;
    }

    Duration time() {
      return time;
    }

    float[] samples() {
      return samples;
    }

    long end() {
      return time.toNanos() + samples.length * SAMPLE_NANOS;
    }
  }

  record Heard(List<Piece> pieces, Optional<String> language) {
    int samples() {
      return pieces.stream().mapToInt(piece -> piece.samples().length).sum();
    }
  }

  static AudioSource open(Path file, Duration from) {
    return open(file, from, VideoOptions.DEFAULT);
  }

  static AudioSource open(Path file, Duration from, VideoOptions options) {
    return new FfmpegVideoSourceProvider(options)
        .openAudio(VideoLocation.of(file), from, Optional.empty())
        .orElseThrow();
  }

  static Heard hear(Path file, Duration from, Optional<String> language) {
    try (AudioSource sound =
        new FfmpegVideoSourceProvider()
            .openAudio(VideoLocation.of(file), from, language)
            .orElseThrow()) {
      return hear(sound);
    }
  }

  /** Hears all, in buffers of awkward size. */
  static Heard hear(AudioSource sound) {
    List<Piece> pieces = new ArrayList<>();
    FloatBuffer buffer = FloatBuffer.allocate(4999);
    float[] samples = new float[1 << 16];
    int length = 0;
    Duration start = Duration.ZERO;
    while (true) {
      int count = sound.read(buffer.clear());
      boolean follows =
          count > 0 && sound.time().equals(start.plusNanos(length * SAMPLE_NANOS)) && length > 0;
      if (!follows && length > 0) {
        pieces.add(new Piece(start, Arrays.copyOf(samples, length)));
        length = 0;
      }
      if (count < 0) {
        return new Heard(List.copyOf(pieces), sound.language());
      }
      if (!follows) {
        start = sound.time();
      }
      if (length + count > samples.length) {
        samples = Arrays.copyOf(samples, 2 * samples.length);
      }
      buffer.flip().get(samples, length, count);
      length += count;
    }
  }

  static short[] toShorts(float[] samples) {
    short[] shorts = new short[samples.length];
    for (int i = 0; i < samples.length; i++) {
      shorts[i] = (short) Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32768)));
    }
    return shorts;
  }
}
