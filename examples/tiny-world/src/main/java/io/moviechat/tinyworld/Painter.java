package io.moviechat.tinyworld;

import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Paints one scene into packed RGB frames, for any side length. Not safe for use by several
 * threads.
 */
@SuppressWarnings("EnumOrdinal") // an index of drawings
final class Painter {
  private static final long FADE_MILLIS = 500;
  private static final int SHAPE_SIDE = 192;
  private static final int BLOBS = 400;
  private static final AtomicReferenceArray<byte[]> SHAPES =
      new AtomicReferenceArray<>(Kind.values().length * Kind.STYLES);
  private static final AtomicReferenceArray<byte[]> RANDOM_SHAPES =
      new AtomicReferenceArray<>(BLOBS);
  private static final byte[] NOISE = noiseTable();

  /**
   * Training only: what an actor looks like when its kind or its colour is replaced by something
   * without a name.
   */
  record Disguise(int blob, int rgb) {
    static final Disguise NONE = new Disguise(-1, -1);
  }

  private final Scene scene;
  private final int side;
  private final byte[] backdrop;
  private final Disguise[] disguises;

  Painter(Scene scene, int side) {
    this(scene, side, new Disguise[0]);
  }

  Painter(Scene scene, int side, Disguise[] disguises) {
    this.scene = scene;
    this.side = side;
    this.disguises = disguises;
    this.backdrop = new byte[side * side * 3];
    scene.backdrop().paint(backdrop, side);
  }

  /**
   * Paints the moment {@code millis} of the scene; past its end the scene starts again.
   *
   * @param noiseSeed makes the camera's noise differ from frame to frame
   */
  void paint(long millis, long noiseSeed, byte[] rgb) {
    System.arraycopy(backdrop, 0, rgb, 0, backdrop.length);
    for (int i = 0; i < scene.actors().size(); i++) {
      Disguise disguise = i < disguises.length ? disguises[i] : Disguise.NONE;
      Actor actor = scene.actors().get(i);
      long t = actor.action().cyclic() ? millis : millis % scene.millis();
      draw(actor, actor.pose(t, scene.millis()), disguise, rgb);
    }
    double light = light(millis);
    if (light < 1) {
      for (int i = 0; i < rgb.length; i++) {
        rgb[i] = (byte) ((rgb[i] & 255) * light);
      }
    }
    if (scene.noise() > 0) {
      int scale = (int) (scene.noise() * 64);
      int at = new SplittableRandom(scene.seed() ^ noiseSeed).nextInt(NOISE.length);
      for (int i = 0; i < rgb.length; i++) {
        int value = (rgb[i] & 255) + ((NOISE[at] * scale) >> 11);
        rgb[i] = (byte) (value < 0 ? 0 : Math.min(value, 255));
        at = (at + 1) & (NOISE.length - 1);
      }
    }
  }

  private double light(long millis) {
    double light = 1;
    if (scene.fadeIn() && millis < FADE_MILLIS) {
      light = Math.min(light, (millis + 100.0) / (FADE_MILLIS + 100));
    }
    long left = scene.millis() - millis;
    if (scene.fadeOut() && left < FADE_MILLIS) {
      light = Math.min(light, Math.max(0, left / (FADE_MILLIS + 100.0)));
    }
    return light;
  }

  private void draw(Actor actor, Actor.Pose pose, Disguise disguise, byte[] rgb) {
    if (!pose.visible()) {
      return;
    }
    byte[] shape =
        disguise.blob() >= 0 ? blob(disguise.blob()) : shape(actor.kind(), actor.style());
    int red;
    int green;
    int blue;
    if (disguise.rgb() >= 0) {
      red = disguise.rgb() >> 16 & 255;
      green = disguise.rgb() >> 8 & 255;
      blue = disguise.rgb() & 255;
    } else {
      double dim = 0.88 + 0.12 * actor.jitter();
      red = (int) (actor.colour().red * dim);
      green = (int) (actor.colour().green * dim);
      blue = (int) (actor.colour().blue * dim);
    }
    double cx = pose.x() * side;
    double cy = pose.y() * side;
    double radius = pose.radius() * side;
    double reach = radius * 1.42 + 1;
    int x0 = Math.max(0, (int) Math.floor(cx - reach));
    int x1 = Math.min(side - 1, (int) Math.ceil(cx + reach));
    int y0 = Math.max(0, (int) Math.floor(cy - reach));
    int y1 = Math.min(side - 1, (int) Math.ceil(cy + reach));
    double cos = Math.cos(pose.angle()) / radius * (SHAPE_SIDE / 2.0);
    double sin = Math.sin(pose.angle()) / radius * (SHAPE_SIDE / 2.0);
    int samples = side <= 64 ? 4 : side <= 128 ? 3 : 2;
    double mirror = actor.flipped() ? -1 : 1;
    for (int y = y0; y <= y1; y++) {
      for (int x = x0; x <= x1; x++) {
        int fill = 0;
        int dark = 0;
        for (int sy = 0; sy < samples; sy++) {
          double dy = y + (sy + 0.5) / samples - cy;
          for (int sx = 0; sx < samples; sx++) {
            double dx = x + (sx + 0.5) / samples - cx;
            int u = (int) Math.floor(SHAPE_SIDE / 2.0 + mirror * (dx * cos + dy * sin));
            int v = (int) Math.floor(SHAPE_SIDE / 2.0 - dx * sin + dy * cos);
            if (u >= 0 && v >= 0 && u < SHAPE_SIDE && v < SHAPE_SIDE) {
              int cell = shape[v * SHAPE_SIDE + u];
              fill += cell & 1;
              dark += cell >> 1;
            }
          }
        }
        if (fill + dark > 0) {
          int all = samples * samples;
          int none = all - fill - dark;
          int p = (y * side + x) * 3;
          rgb[p] = blend(rgb[p], none, red, fill, dark, all);
          rgb[p + 1] = blend(rgb[p + 1], none, green, fill, dark, all);
          rgb[p + 2] = blend(rgb[p + 2], none, blue, fill, dark, all);
        }
      }
    }
  }

  private static byte blend(byte behind, int none, int colour, int fill, int dark, int all) {
    return (byte) (((behind & 255) * none + colour * fill + (colour >> 3) * dark) / all);
  }

  private static byte[] shape(Kind kind, int style) {
    int index = kind.ordinal() * Kind.STYLES + style;
    byte[] shape = SHAPES.get(index);
    if (shape == null) {
      shape = new byte[SHAPE_SIDE * SHAPE_SIDE];
      for (int i = 0; i < shape.length; i++) {
        double x = (i % SHAPE_SIDE + 0.5) / (SHAPE_SIDE / 2.0) - 1;
        int row = i / SHAPE_SIDE;
        double y = row / (SHAPE_SIDE / 2.0) - 1;
        shape[i] = (byte) kind.paint(style, x, y);
      }
      SHAPES.set(index, shape);
    }
    return shape;
  }

  /** A random closed outline, for training the encoder to see colours on shapes without a name. */
  private static byte[] blob(int number) {
    int index = number % BLOBS;
    byte[] shape = RANDOM_SHAPES.get(index);
    if (shape == null) {
      SplittableRandom random = new SplittableRandom(977L * index + 5);
      int waves = 5;
      double[] size = new double[waves];
      double[] phase = new double[waves];
      for (int k = 0; k < waves; k++) {
        size[k] = random.nextDouble(0.34) / (1 + 0.4 * k);
        phase[k] = random.nextDouble(2 * Math.PI);
      }
      boolean hole = random.nextInt(4) == 0;
      double holeX = random.nextDouble(-0.3, 0.3);
      double holeY = random.nextDouble(-0.3, 0.3);
      shape = new byte[SHAPE_SIDE * SHAPE_SIDE];
      for (int i = 0; i < shape.length; i++) {
        double x = (i % SHAPE_SIDE + 0.5) / (SHAPE_SIDE / 2.0) - 1;
        int row = i / SHAPE_SIDE;
        double y = row / (SHAPE_SIDE / 2.0) - 1;
        double angle = Math.atan2(y, x);
        double edge = 0.62;
        for (int k = 0; k < waves; k++) {
          edge += size[k] * Math.cos((k + 1) * angle + phase[k]);
        }
        boolean in = Math.hypot(x, y) < Math.max(0.2, Math.min(edge, 0.98));
        boolean cut = hole && Math.hypot(x - holeX, y - holeY) < 0.2;
        shape[i] = (byte) (in ? (cut ? Kind.DARK : Kind.FILL) : Kind.NONE);
      }
      RANDOM_SHAPES.set(index, shape);
    }
    return shape;
  }

  private static byte[] noiseTable() {
    SplittableRandom random = new SplittableRandom(20240611);
    byte[] table = new byte[1 << 18];
    for (int i = 0; i < table.length; i++) {
      // The sum of four uniform numbers is close enough to a normal one. Deviation: 32.
      double sum = 0;
      for (int k = 0; k < 4; k++) {
        sum += random.nextDouble() - 0.5;
      }
      table[i] = (byte) Math.max(-127, Math.min(127, Math.round(sum * 55.4)));
    }
    return table;
  }
}
