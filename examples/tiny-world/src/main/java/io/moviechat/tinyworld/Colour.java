package io.moviechat.tinyworld;

import java.util.Locale;

/** The colours of the world. Each is far enough from the others to survive chroma subsampling. */
public enum Colour {
  RED(225, 40, 40),
  GREEN(40, 190, 60),
  BLUE(50, 90, 235),
  YELLOW(240, 225, 50),
  PURPLE(160, 60, 200),
  ORANGE(245, 140, 30),
  WHITE(240, 240, 240),
  CYAN(50, 215, 225);

  final int red;
  final int green;
  final int blue;

  Colour(int red, int green, int blue) {
    this.red = red;
    this.green = green;
    this.blue = blue;
  }

  /** The word used in questions and answers. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
