package io.moviechat.video;

import org.bytedeco.ffmpeg.avformat.AVStream;

/** How long a tick of a stream is, as a fraction of a second. */
record TimeBase(int numerator, int denominator) {
  static TimeBase of(AVStream stream) {
    return new TimeBase(stream.time_base().num(), stream.time_base().den());
  }

  /**
   * The time of a tick since another one, in nanoseconds; {@link Ffmpeg#NO_TIME} if it has none.
   */
  long nanos(long ticks, long origin) {
    if (ticks == Ffmpeg.NO_TIME || Math.abs(ticks) > Long.MAX_VALUE / 4) {
      return Ffmpeg.NO_TIME;
    }
    return Ffmpeg.nanos(ticks - origin, numerator, denominator);
  }

  /** A length in nanoseconds; unknown ones are 0. */
  long length(long ticks) {
    return ticks <= 0 ? 0 : Ffmpeg.nanos(ticks, numerator, denominator);
  }

  /** The last tick that is not after a time. */
  long ticks(long nanos) {
    return Ffmpeg.ticks(nanos, numerator, denominator);
  }
}
