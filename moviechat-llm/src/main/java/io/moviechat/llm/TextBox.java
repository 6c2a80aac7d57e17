package io.moviechat.llm;

import io.moviechat.ocr.TextRecognizer;

/**
 * A line of text in a picture: a rectangle that may be turned, or what scaling makes of one, a
 * parallelogram. Edges of pixels are at whole numbers.
 *
 * @param left x of the corner where reading begins
 * @param top y of that corner
 * @param alongX from there to the corner where a line's upper edge ends
 * @param alongY the same, down
 * @param downX from the first corner to the one where the lower edge begins
 * @param downY the same, down
 * @param probability mean of the map in it
 */
record TextBox(
    double left,
    double top,
    double alongX,
    double alongY,
    double downX,
    double downY,
    double probability) {
  /** Length of the upper edge. */
  double width() {
    return Math.hypot(alongX, alongY);
  }

  /** Length of the edge on the left. */
  double height() {
    return Math.hypot(downX, downY);
  }

  /** The upright rectangle around it, in shares of a picture. */
  TextRecognizer.Place in(int pictureWidth, int pictureHeight) {
    double x0 = left + Math.min(alongX, 0) + Math.min(downX, 0);
    double y0 = top + Math.min(alongY, 0) + Math.min(downY, 0);
    double x1 = left + Math.max(alongX, 0) + Math.max(downX, 0);
    double y1 = top + Math.max(alongY, 0) + Math.max(downY, 0);
    double fromX = Math.max(0, Math.min(x0, pictureWidth - 1)); // a pixel at least
    double fromY = Math.max(0, Math.min(y0, pictureHeight - 1));
    return new TextRecognizer.Place(
        fromX / pictureWidth,
        fromY / pictureHeight,
        Math.max(fromX + 1, Math.min(x1, pictureWidth)) / pictureWidth,
        Math.max(fromY + 1, Math.min(y1, pictureHeight)) / pictureHeight);
  }

  double centreX() {
    return left + (alongX + downX) / 2;
  }

  double centreY() {
    return top + (alongY + downY) / 2;
  }

  /** The same box in a picture of another size. */
  TextBox scaled(double x, double y) {
    return new TextBox(
        left * x, top * y, alongX * x, alongY * y, downX * x, downY * y, probability);
  }
}
