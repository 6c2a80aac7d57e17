package io.moviechat.tinyworld;

import java.util.SplittableRandom;

/**
 * What stands behind the actors: muted, so that actors stand out.
 *
 * @param type how it is drawn
 * @param seed what else is random about it
 */
public record Backdrop(Type type, long seed) {
  /** Ways to draw a backdrop. */
  public enum Type {
    PLAIN,
    GRADIENT,
    TEXTURE,
    NOISE
  }

  /** Paints a square of {@code side} pixels, packed RGB. */
  void paint(byte[] rgb, int side) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] a = muted(random);
    int[] b = muted(random);
    double angle = random.nextDouble(2 * Math.PI);
    double cos = Math.cos(angle);
    double sin = Math.sin(angle);
    double waves = random.nextDouble(2, 6);
    boolean checks = random.nextBoolean();
    int grain = random.nextInt(6, 22);
    // The noise is laid on a fixed 64 x 64 grid, so that a movie of any size shows the same
    // picture.
    int[] grid = new int[type == Type.NOISE ? 64 * 64 : 0];
    for (int i = 0; i < grid.length; i++) {
      grid[i] = random.nextInt(-grain, grain + 1);
    }
    for (int y = 0, p = 0; y < side; y++) {
      double v = (y + 0.5) / side - 0.5;
      for (int x = 0; x < side; x++, p += 3) {
        double u = (x + 0.5) / side - 0.5;
        double mix = 0;
        int add = 0;
        switch (type) {
          case PLAIN -> mix = 0;
          case GRADIENT -> mix = 0.5 + u * cos + v * sin;
          case TEXTURE -> {
            double s = Math.sin(2 * Math.PI * waves * (u * cos + v * sin));
            double t = Math.sin(2 * Math.PI * waves * (v * cos - u * sin));
            mix = 0.25 + 0.2 * (checks ? s * t : s);
          }
          case NOISE -> add = grid[(y * 64 / side) * 64 + x * 64 / side];
        }
        mix = Math.max(0, Math.min(1, mix));
        for (int c = 0; c < 3; c++) {
          rgb[p + c] = (byte) Math.max(0, Math.min(255, (int) (a[c] + mix * (b[c] - a[c])) + add));
        }
      }
    }
  }

  private static int[] muted(SplittableRandom random) {
    int grey = random.nextInt(20, 105);
    return new int[] {
      grey + random.nextInt(-14, 15), grey + random.nextInt(-14, 15), grey + random.nextInt(-14, 15)
    };
  }
}
