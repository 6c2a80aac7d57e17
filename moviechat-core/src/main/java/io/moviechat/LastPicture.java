package io.moviechat;

import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * The picture that was encoded last, and whether another one looks like it.
 *
 * <p>Both are cut into 16 x 16 cells. They are alike if no cell differs by more than so many grey
 * levels in the mean over its bytes: a small thing that moves fills a good part of its cell, while
 * noise and what a codec leaves spread evenly.
 */
final class LastPicture {
  private static final int CELLS = 16;

  private final int mostGreyLevels;
  private Pixels last = new Pixels();
  private Pixels current = new Pixels();
  private Pixels ofBatchBefore = new Pixels();
  private boolean rememberedInBatch;

  LastPicture(int mostGreyLevels) {
    this.mostGreyLevels = mostGreyLevels;
  }

  /** Whether a picture looks like the one that was remembered last, if any was. */
  boolean looksLike(Frame frame) {
    current.copy(frame);
    if (!current.hasSizeOf(last)) {
      return false;
    }
    for (int row = 0; row < CELLS; row++) {
      int height = current.height;
      if (differs(row * height / CELLS, (row + 1) * height / CELLS)) {
        return false;
      }
    }
    return true;
  }

  /** Whether one of the cells in some rows of the picture differs. */
  private boolean differs(int from, int to) {
    int width = current.width;
    byte[] ours = current.rgb;
    byte[] theirs = last.rgb;
    for (int cell = 0; cell < CELLS; cell++) {
      int cellSum = 0;
      int start = 3 * (cell * width / CELLS);
      int end = 3 * ((cell + 1) * width / CELLS);
      for (int y = from; y < to; y++) {
        int line = 3 * y * width;
        for (int i = line + start; i < line + end; i++) {
          cellSum += Math.abs((ours[i] & 0xff) - (theirs[i] & 0xff));
        }
      }
      if (cellSum > mostGreyLevels * (to - from) * (end - start)) {
        return true;
      }
    }
    return false;
  }

  /** Remembers the picture that was looked at last. */
  void remember() {
    Pixels free = last;
    if (!rememberedInBatch) {
      free = ofBatchBefore;
      ofBatchBefore = last;
      rememberedInBatch = true;
    }
    last = current;
    current = free;
  }

  /** What is remembered from here on is of the next batch. */
  void endBatch() {
    rememberedInBatch = false;
  }

  /**
   * The last picture of the batch before, seen at another time. Not a copy: it is valid while this
   * batch lasts.
   */
  Frame ofBatchBefore(Duration time) {
    Pixels pixels = rememberedInBatch ? ofBatchBefore : last;
    return Frame.of(time, pixels.width, pixels.height, ByteBuffer.wrap(pixels.rgb));
  }

  /** A picture in a buffer that is used again. */
  private static final class Pixels {
    int width;
    int height;
    byte[] rgb = new byte[0];

    void copy(Frame frame) {
      width = frame.width();
      height = frame.height();
      int bytes = 3 * width * height;
      if (rgb.length != bytes) {
        rgb = new byte[bytes];
      }
      frame.rgb().get(rgb);
    }

    boolean hasSizeOf(Pixels other) {
      return width == other.width && height == other.height;
    }
  }
}
