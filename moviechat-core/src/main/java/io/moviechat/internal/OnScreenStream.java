package io.moviechat.internal;

import io.moviechat.Frame;
import io.moviechat.spi.FrameStream;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Of all frames of a part, those on screen at its start and every interval after it. The last frame
 * counts as on screen for as long as the one before it was.
 */
final class OnScreenStream implements FrameStream {
  private final FrameStream all;
  private final Duration interval;
  private Duration moment;
  private @Nullable Frame ahead;
  private Duration span = Duration.ofNanos(1);
  private boolean started;

  OnScreenStream(FrameStream all, Duration from, Duration interval) {
    this.all = all;
    this.moment = from;
    this.interval = interval;
  }

  @Override
  public Optional<Frame> next() {
    if (!started) {
      started = true;
      ahead = all.next().orElse(null);
    }
    while (true) {
      Frame current = ahead;
      ahead = null;
      if (current == null) {
        return all.next(); // the end, or what it says once closed
      }
      boolean given = false;
      try {
        ahead = all.next().orElse(null);
        if (ahead != null) {
          span = ahead.timestamp().minus(current.timestamp());
        }
        Duration until = current.timestamp().plus(span);
        if (moment.compareTo(until) < 0) {
          Duration rest = until.minus(moment).plus(interval).minusNanos(1);
          moment = moment.plus(interval.multipliedBy(rest.dividedBy(interval)));
          given = true;
          return Optional.of(current);
        }
      } finally {
        if (!given) {
          current.close();
        }
      }
    }
  }

  @Override
  public long damagedFrames() {
    return all.damagedFrames();
  }

  @Override
  public void close() {
    if (ahead != null) {
      ahead.close();
      ahead = null;
    }
    all.close();
  }
}
