package io.moviechat;

import java.time.Duration;

/**
 * Where the time of watching went. The stages overlap, so their busy times add up to more than the
 * wall time.
 *
 * @param wall from start to end
 * @param decode busy time of demuxing, decoding and scaling
 * @param encode busy time of the frame encoder
 * @param memory busy time of consolidation
 */
public record WatchTimings(Duration wall, Duration decode, Duration encode, Duration memory) {
  /** All zero: nothing was watched in this process. */
  public static final WatchTimings NONE =
      new WatchTimings(Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO);
}
