package io.moviechat.video;

import io.moviechat.FrameFormat;

/**
 * Sizes, upright.
 *
 * @param scaledWidth width of the whole picture after scaling
 * @param scaledHeight height of the whole picture after scaling
 * @param width width of the frame: part of the scaled picture, or more
 * @param height height of the frame
 */
record Geometry(int scaledWidth, int scaledHeight, int width, int height) {
  private static final int MAX_SIDE = 16384;

  static Geometry of(FrameFormat format, long displayWidth, long displayHeight) {
    double w = displayWidth;
    double h = displayHeight;
    double inside = Math.min(format.width() / w, format.height() / h);
    double covering = Math.max(format.width() / w, format.height() / h);
    return switch (format.fit()) {
      case ORIGINAL -> {
        double limit = Math.min(1, Math.min(MAX_SIDE / w, MAX_SIDE / h));
        yield whole(side(w * limit), side(h * limit));
      }
      case STRETCH -> whole(format.width(), format.height());
      case INSIDE -> whole(side(w * inside), side(h * inside));
      case PAD ->
          new Geometry(
              Math.min(format.width(), side(w * inside)),
              Math.min(format.height(), side(h * inside)),
              format.width(),
              format.height());
      case COVER_AND_CROP ->
          new Geometry(
              Math.max(format.width(), side(w * covering)),
              Math.max(format.height(), side(h * covering)),
              format.width(),
              format.height());
    };
  }

  /** Of a whole picture, limited to what is handled. */
  static Geometry upright(long width, long height) {
    return of(FrameFormat.ORIGINAL, width, height);
  }

  private static Geometry whole(int width, int height) {
    return new Geometry(width, height, width, height);
  }

  private static int side(double pixels) {
    return (int) Math.max(1, Math.min(4 * MAX_SIDE, Math.round(pixels)));
  }

  /** Columns cut off at the left. */
  int cutX() {
    return Math.max(0, scaledWidth - width) / 2;
  }

  /** Rows cut off at the top. */
  int cutY() {
    return Math.max(0, scaledHeight - height) / 2;
  }

  /** Black columns at the left. */
  int padX() {
    return Math.max(0, width - scaledWidth) / 2;
  }

  /** Black rows at the top. */
  int padY() {
    return Math.max(0, height - scaledHeight) / 2;
  }

  /** Columns of the scaled picture that are in the frame. */
  int shownWidth() {
    return Math.min(width, scaledWidth);
  }

  /** Rows of the scaled picture that are in the frame. */
  int shownHeight() {
    return Math.min(height, scaledHeight);
  }
}
