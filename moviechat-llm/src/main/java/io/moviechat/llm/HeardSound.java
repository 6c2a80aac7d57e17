package io.moviechat.llm;

import io.moviechat.speech.AudioSource;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.Optional;

/**
 * What of a sound lies before the recognizer: at most the window of 30 seconds that it is about to
 * hear, whatever the length of the film. Not thread-safe.
 *
 * <p>A gap in the film ends a run of samples: no window reaches over one, because places in a
 * window are times.
 */
final class HeardSound {
  /** Where the source's clock and its samples differ by more, something is missing. */
  private static final long GAP_NANOS = 50_000_000;

  private static final int RATE = AudioSource.SAMPLE_RATE;
  private static final int READ = RATE / 2;
  private static final long SAMPLE_NANOS = 1_000_000_000L / RATE;

  private final AudioSource source;
  private final VoiceActivity voices;
  private final float[] pcm = new float[LogMel.SAMPLES];
  private final float[] read = new float[READ];
  private int length;
  private int waiting;
  private Duration waitingTime = Duration.ZERO;
  private Duration runStart = Duration.ZERO;
  private long passed;
  private boolean runOver = true;
  private boolean over;

  HeardSound(AudioSource source, VoiceActivity voices) {
    this.source = source;
    this.voices = voices;
  }

  /** What the container says is spoken, as an ISO 639 code. */
  Optional<String> language() {
    return source.language();
  }

  /**
   * Reads until a window is full, or the run or the sound ends; begins the next run where nothing
   * is left of one.
   *
   * @param check called between reads; what it throws ends the filling
   */
  void fill(Runnable check) {
    while (length < pcm.length) {
      check.run();
      if (runOver) {
        if (length > 0) {
          return;
        }
        if (waiting == 0 && !read()) {
          return;
        }
        begin();
      } else if (!read()) {
        end();
        return;
      } else if (isGap()) {
        end();
      } else {
        append();
      }
    }
  }

  /** Reads a piece into the waiting room; false at the end. */
  private boolean read() {
    if (over) {
      return false;
    }
    int room = runOver ? READ : Math.min(READ, pcm.length - length);
    int count = source.read(FloatBuffer.wrap(read, 0, room));
    if (count < 0) {
      over = true;
      return false;
    }
    if (count == 0 || count > room) {
      throw new IllegalStateException(
          source + " gave " + count + " samples into room for " + room + "; see AudioSource.read");
    }
    waiting = count;
    waitingTime = source.time();
    return true;
  }

  private boolean isGap() {
    return Math.abs(waitingTime.minus(time(length)).toNanos()) > GAP_NANOS;
  }

  private void begin() {
    runOver = false;
    runStart = waitingTime;
    passed = 0;
    voices.reset(Math.floorMod(runStart.toNanos() / SAMPLE_NANOS, VoiceActivity.BLOCK));
    append();
  }

  private void append() {
    for (int i = 0; i < waiting; i++) {
      float sample = read[i];
      pcm[length + i] = sample >= -1 && sample <= 1 ? sample : clipped(sample);
    }
    voices.hear(pcm, length, waiting);
    length += waiting;
    waiting = 0;
  }

  /** A damaged sound may hold anything. */
  private static float clipped(float sample) {
    return Float.isNaN(sample) ? 0 : Math.max(-1, Math.min(1, sample));
  }

  private void end() {
    runOver = true;
    voices.end();
  }

  /** Whether nothing is left, now and later. */
  boolean isOver() {
    return over && waiting == 0 && length < LogMel.HOP;
  }

  /** Whether the window ends where the run does. */
  boolean endsHere() {
    return runOver;
  }

  float[] pcm() {
    return pcm;
  }

  /** Samples of the window. */
  int length() {
    return length;
  }

  /** Whole frames of the window. */
  int frames() {
    return length / LogMel.HOP;
  }

  /** The window's place in its run, in samples. */
  long position() {
    return passed;
  }

  /** The film's time of a sample of the window. */
  Duration time(int sample) {
    return timeAt(passed + sample);
  }

  /** The film's time of a place in the run. */
  Duration timeAt(long place) {
    return runStart.plusNanos(place * SAMPLE_NANOS);
  }

  /** Leaves samples behind; all of them where less than a frame would be left of an ended run. */
  void advance(int samples) {
    int by = Math.min(samples, length);
    if (runOver && length - by < LogMel.HOP) {
      by = length;
    }
    System.arraycopy(pcm, by, pcm, 0, length - by);
    length -= by;
    passed += by;
    voices.forget(passed);
  }
}
