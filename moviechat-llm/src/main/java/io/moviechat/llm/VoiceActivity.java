package io.moviechat.llm;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.Optional;

/**
 * Where in a sound somebody may be speaking. Hears samples in order and remembers the stretches of
 * speech that are not yet dropped. Not thread-safe.
 *
 * <p>Speech begins where a block is speech by half and ends where it is not by 0.35 for half a
 * second; what is shorter than a quarter of a second is none. Silero's recommended thresholds.
 */
final class VoiceActivity {
  /** Samples of a block. */
  static final int BLOCK = 512;

  private static final int RATE = 16_000;
  private static final float BEGINS = 0.5f;
  private static final float ENDS = 0.35f;
  private static final int PAUSE = RATE / 2;
  private static final int SHORTEST = RATE / 4;

  /** Kept on both sides of speech. */
  private static final int MARGIN = RATE * 2 / 5;

  /** Says how likely a block is speech. */
  interface Judge {
    /**
     * Judges the next block.
     *
     * @param block {@value VoiceActivity#BLOCK} samples
     * @return in [0, 1]
     */
    float judge(float[] block);

    /** Whether it tells voices from other sounds. */
    boolean knowsVoices();

    /** Forgets what was heard. */
    void reset();
  }

  /** Anything that is louder than the noise of an empty room may be speech. */
  static final class Loudness implements Judge {
    private static final double SILENCE = 0.0025;

    @Override
    public float judge(float[] block) {
      double square = 0;
      for (float sample : block) {
        square += (double) sample * sample;
      }
      return square / block.length < SILENCE * SILENCE ? 0 : 1;
    }

    @Override
    public boolean knowsVoices() {
      return false;
    }

    @Override
    public void reset() {}
  }

  /** From the first sample of speech to the first one behind it. */
  record Stretch(long start, long end) {}

  private final Judge judge;
  private final float[] block = new float[BLOCK];
  private final Deque<Stretch> stretches = new ArrayDeque<>();
  private int filled;
  private long heard;
  private long speechStart = -1;
  private long quietSince = -1;

  VoiceActivity(Judge judge) {
    this.judge = judge;
  }

  /**
   * Begins anew: what is heard next is sample 0.
   *
   * @param before samples of the first block that are silence, so that blocks of a film are the
   *     same ones wherever listening begins
   */
  void reset(int before) {
    judge.reset();
    stretches.clear();
    Arrays.fill(block, 0);
    filled = before;
    heard = -before;
    speechStart = -1;
    quietSince = -1;
  }

  /** Hears on. */
  void hear(float[] pcm, int from, int count) {
    int at = from;
    while (at < from + count) {
      int part = Math.min(BLOCK - filled, from + count - at);
      System.arraycopy(pcm, at, block, filled, part);
      filled += part;
      at += part;
      if (filled == BLOCK) {
        judge();
      }
    }
  }

  /** The sound is over: what is left of a block is judged with silence behind it. */
  void end() {
    if (filled > 0) {
      Arrays.fill(block, filled, BLOCK, 0);
      judge();
    }
    if (speechStart >= 0) {
      close(quietSince >= 0 ? quietSince : heard);
    }
  }

  private void judge() {
    float probability = judge.judge(block);
    filled = 0;
    if (probability >= BEGINS) {
      quietSince = -1;
      if (speechStart < 0) {
        speechStart = Math.max(0, heard);
      }
    } else if (speechStart >= 0 && probability < ENDS && quietSince < 0) {
      quietSince = heard;
    }
    heard += BLOCK;
    if (quietSince >= 0 && heard - quietSince >= PAUSE) {
      close(quietSince);
    }
  }

  private void close(long end) {
    if (end - speechStart >= SHORTEST) {
      stretches.add(new Stretch(Math.max(0, speechStart - MARGIN), end + MARGIN));
    }
    speechStart = -1;
    quietSince = -1;
  }

  /**
   * The first sample from a place on that belongs to speech or to what is just before or behind it;
   * -1 if none is known.
   */
  long next(long from) {
    for (Stretch stretch : stretches) {
      if (stretch.end() > from) {
        return Math.max(from, stretch.start());
      }
    }
    return speechStart >= 0 && heard - speechStart >= SHORTEST
        ? Math.max(from, speechStart - MARGIN)
        : -1;
  }

  /** The place up to which it is known whether there is speech. */
  long known() {
    return Math.max(0, (speechStart >= 0 ? speechStart : heard) - MARGIN);
  }

  /** Whether stretches are voices, and not just sounds. */
  boolean knowsVoices() {
    return judge.knowsVoices();
  }

  /** The part of a stretch in which somebody may be speaking, as long as can be. */
  Optional<Stretch> within(long from, long to) {
    long start = next(from);
    if (start < 0 || start >= to) {
      return Optional.empty();
    }
    long end = speechStart >= 0 && speechStart - MARGIN < to ? to : start;
    for (Stretch stretch : stretches) {
      if (stretch.start() < to) {
        end = Math.max(end, Math.min(to, stretch.end()));
      }
    }
    return Optional.of(new Stretch(start, end));
  }

  /** Forgets stretches that end before a place. */
  void forget(long before) {
    for (Iterator<Stretch> it = stretches.iterator(); it.hasNext(); ) {
      if (it.next().end() >= before) {
        return;
      }
      it.remove();
    }
  }
}
