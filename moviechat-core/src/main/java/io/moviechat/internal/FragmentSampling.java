package io.moviechat.internal;

import java.util.Arrays;

/**
 * The arithmetic of the released Python code: which fragments of a video it reads, and which frames
 * of a fragment. All in doubles, cut off, as there.
 */
public final class FragmentSampling {
  private FragmentSampling() {}

  /**
   * Indices of frames spread evenly: {@code floor(i * v / n')} with {@code n' = min(n, v)}.
   *
   * <p>The released code takes one index more, equal to {@code available} and so past the end,
   * where the quotient rounds up; this one stops at {@code n'}.
   *
   * @param wanted n, at least 1
   * @param available v, not negative
   */
  public static int[] indices(int wanted, int available) {
    int count = Math.min(wanted, available);
    int[] indices = new int[count];
    double step = (double) available / count;
    for (int i = 0; i < count; i++) {
      indices[i] = (int) Math.floor(i * step);
    }
    return indices;
  }

  /**
   * The moments of the frames that the released code takes from a video.
   *
   * @param times of all frames of the part {@code [from, to)}, in nanoseconds, sorted
   * @param fragments equal parts, in time
   * @param framesPerFragment frames of each, evenly by index; a part with fewer gives all
   */
  public static long[] moments(
      long[] times, long from, long to, int fragments, int framesPerFragment) {
    long[] moments = new long[times.length];
    int count = 0;
    int start = 0;
    double each = (double) (to - from) / fragments;
    for (int fragment = 1; fragment <= fragments && start < times.length; fragment++) {
      double end = fragment == fragments ? Double.MAX_VALUE : from + fragment * each;
      int stop = start;
      while (stop < times.length && times[stop] < end) {
        stop++;
      }
      for (int index : indices(framesPerFragment, stop - start)) {
        moments[count++] = times[start + index];
      }
      start = stop;
    }
    return Arrays.copyOf(moments, count);
  }

  /**
   * What the released code reads of a video.
   *
   * @param fragments whole fragments that are read, from the start
   * @param framesOfLast how many frames of the last of them count; meaningless in global mode
   */
  public record Reading(int fragments, int framesOfLast) {}

  /** Global mode ({@code cal_frame}): every fragment. */
  public static Reading global(double seconds, int fragments) {
    double each = seconds / fragments;
    return new Reading((int) (seconds / each), 0);
  }

  /** Breakpoint mode ({@code cal_frame}): the fragments before a moment, in seconds. */
  public static Reading until(double moment, double seconds, int fragments, int shortTermFrames) {
    double each = seconds / fragments;
    int whole = (int) (moment / each);
    int rest = (int) ((moment - each * whole) / (each / shortTermFrames));
    return new Reading(whole, rest);
  }

  /** Breakpoint mode of the benchmark script ({@code cal_frame_middle}), by frame numbers. */
  public static Reading untilFrame(long frame, long frames, int fragments) {
    double each = (double) frames / fragments;
    int whole = (int) (frame / each);
    return new Reading(whole, (int) (frames - each * whole));
  }
}
