package io.moviechat;

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
  private byte[] last = new byte[0];
  private byte[] current = new byte[0];
  private int width;
  private int height;

  LastPicture(int mostGreyLevels) {
    this.mostGreyLevels = mostGreyLevels;
  }

  /** Whether a picture looks like the one that was remembered last, if any was. */
  boolean looksLike(Frame frame) {
    int bytes = 3 * frame.width() * frame.height();
    if (current.length != bytes) {
      current = new byte[bytes];
    }
    frame.rgb().get(current);
    if (frame.width() != width || frame.height() != height || last.length != bytes) {
      return false;
    }
    for (int row = 0; row < CELLS; row++) {
      if (differs(row * height / CELLS, (row + 1) * height / CELLS)) {
        return false;
      }
    }
    return true;
  }

  /** Whether one of the cells in some rows of the picture differs. */
  private boolean differs(int from, int to) {
    for (int cell = 0; cell < CELLS; cell++) {
      int cellSum = 0;
      int start = 3 * (cell * width / CELLS);
      int end = 3 * ((cell + 1) * width / CELLS);
      for (int y = from; y < to; y++) {
        int line = 3 * y * width;
        for (int i = line + start; i < line + end; i++) {
          cellSum += Math.abs((current[i] & 0xff) - (last[i] & 0xff));
        }
      }
      if (cellSum > mostGreyLevels * (to - from) * (end - start)) {
        return true;
      }
    }
    return false;
  }

  /** Remembers the picture that was looked at last. */
  void remember(Frame frame) {
    byte[] free = last;
    last = current;
    current = free;
    width = frame.width();
    height = frame.height();
  }
}
