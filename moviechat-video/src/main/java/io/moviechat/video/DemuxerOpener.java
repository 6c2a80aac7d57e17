package io.moviechat.video;

import java.util.Optional;

/** Opens the container, as often as it can. */
interface DemuxerOpener {
  /** A demuxer at the beginning; empty if the input can be read only once and was. */
  Optional<Demuxer> open(Watchdog watchdog);

  /** Whether several demuxers may read at the same time. */
  default boolean concurrent() {
    return false;
  }
}
