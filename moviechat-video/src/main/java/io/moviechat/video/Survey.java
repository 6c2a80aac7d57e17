package io.moviechat.video;

/** What reading all packets of a video told, without decoding any. */
final class Survey {
  private final long[] times;
  private final long end;
  private final boolean timed;
  private final boolean steady;
  private final boolean orderly;

  /**
   * @param times of all pictures that are shown and have one, sorted; not copied
   * @param end when the last picture leaves the screen
   * @param timed whether every packet said when its picture is shown
   * @param steady whether pictures are decoded at times of equal distance
   * @param orderly whether no two pictures have the same time and times never jump back
   */
  Survey(long[] times, long end, boolean timed, boolean steady, boolean orderly) {
    this.times = times;
    this.end = end;
    this.timed = timed;
    this.steady = steady;
    this.orderly = orderly;
  }

  /** The times of all pictures, sorted; complete only if {@link #timed()}. Not to be changed. */
  long[] times() {
    return times;
  }

  long end() {
    return end;
  }

  boolean timed() {
    return timed;
  }

  boolean steady() {
    return steady;
  }

  boolean orderly() {
    return orderly;
  }
}
