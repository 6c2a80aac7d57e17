package io.moviechat.spi.testing;

import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.AudioSource;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.Optional;

/** Sound that is computed: each sample is the number of its second, over a thousand. */
final class FakeSound implements AudioSource {
  private final NativeOwner owner = NativeOwner.open(this, "fake sound");
  private final long end;
  private long next;
  private long first;
  private volatile boolean closed;

  FakeSound(Duration from, Duration end) {
    this.next = samples(from);
    this.end = samples(end);
  }

  private static long samples(Duration time) {
    return time.toNanos() * SAMPLE_RATE / 1_000_000_000;
  }

  @Override
  public int read(FloatBuffer into) {
    if (closed) {
      throw new IllegalStateException("the sound is closed");
    }
    if (next >= end) {
      return -1;
    }
    first = next;
    int count = (int) Math.min(into.remaining(), end - next);
    for (int i = 0; i < count; i++) {
      long second = (next + i) / SAMPLE_RATE;
      into.put(second / 1000f);
    }
    next += count;
    return count;
  }

  @Override
  public Duration time() {
    return Duration.ofNanos(first * 1_000_000_000 / SAMPLE_RATE);
  }

  @Override
  public Optional<String> language() {
    return Optional.empty();
  }

  @Override
  public void close() {
    closed = true;
    owner.close();
  }
}
