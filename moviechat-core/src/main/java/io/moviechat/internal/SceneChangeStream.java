package io.moviechat.internal;

import io.moviechat.Frame;
import io.moviechat.spi.FrameStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Of all frames, those that differ from the last one taken, and one at least every so often. */
final class SceneChangeStream implements FrameStream {
  private static final int SIDE = 32;

  private final FrameStream all;
  private final double threshold;
  private final Duration longestGap;
  private double @Nullable [] taken;
  private Duration takenAt = Duration.ZERO;

  SceneChangeStream(FrameStream all, double threshold, Duration longestGap) {
    this.all = all;
    this.threshold = threshold;
    this.longestGap = longestGap;
  }

  @Override
  public Optional<Frame> next() {
    for (Optional<Frame> next = all.next(); next.isPresent(); next = all.next()) {
      Frame frame = next.get();
      boolean given = false;
      try {
        double[] now = thumbnail(frame);
        double[] before = taken;
        if (before == null
            || difference(before, now) >= threshold
            || frame.timestamp().minus(takenAt).compareTo(longestGap) >= 0) {
          taken = now;
          takenAt = frame.timestamp();
          given = true;
          return next;
        }
      } finally {
        if (!given) {
          frame.close();
        }
      }
    }
    return Optional.empty();
  }

  /** Mean luma of up to 32 x 32 cells, 0 to 1 (BT.601). */
  private static double[] thumbnail(Frame frame) {
    ByteBuffer rgb = frame.rgb();
    int start = rgb.position();
    int columns = Math.min(SIDE, frame.width());
    int rows = Math.min(SIDE, frame.height());
    double[] cells = new double[columns * rows];
    int[] pixels = new int[cells.length];
    for (int y = 0; y < frame.height(); y++) {
      for (int x = 0; x < frame.width(); x++) {
        int at = start + 3 * (y * frame.width() + x);
        int cell = y * rows / frame.height() * columns + x * columns / frame.width();
        cells[cell] +=
            0.299 * (rgb.get(at) & 0xff)
                + 0.587 * (rgb.get(at + 1) & 0xff)
                + 0.114 * (rgb.get(at + 2) & 0xff);
        pixels[cell]++;
      }
    }
    for (int i = 0; i < cells.length; i++) {
      cells[i] /= 255.0 * pixels[i];
    }
    return cells;
  }

  private static double difference(double[] before, double[] now) {
    double sum = 0;
    for (int i = 0; i < now.length; i++) {
      sum += Math.abs(now[i] - before[i]);
    }
    return sum / now.length;
  }

  @Override
  public long damagedFrames() {
    return all.damagedFrames();
  }

  @Override
  public void close() {
    all.close();
  }
}
