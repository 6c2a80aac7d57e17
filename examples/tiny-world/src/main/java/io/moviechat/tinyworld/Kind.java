package io.moviechat.tinyworld;

import java.util.Locale;

/**
 * The things that appear. Every kind is drawn in two styles; {@link #paint} tells for a point of
 * the unit square [-1, 1] x [-1, 1] (y downwards) whether it is empty, filled with the actor's
 * colour, or a dark detail.
 */
public enum Kind {
  CIRCLE("circles") {
    @Override
    int paint(int style, double x, double y) {
      double r = Math.hypot(x, y);
      if (style == 0) {
        return r < 0.9 ? FILL : NONE;
      }
      return r < 0.9 ? (r > 0.74 ? DARK : FILL) : NONE;
    }
  },
  SQUARE("squares") {
    @Override
    int paint(int style, double x, double y) {
      double m = Math.max(Math.abs(x), Math.abs(y));
      if (style == 0) {
        return m < 0.8 ? FILL : NONE;
      }
      return m < 0.8 ? (m > 0.64 ? DARK : FILL) : NONE;
    }
  },
  TRIANGLE("triangles") {
    @Override
    int paint(int style, double x, double y) {
      double apex = style == 0 ? 0 : 0.35;
      return triangle(x, y, apex, -0.95, -0.95, 0.8, 0.95, 0.8) ? FILL : NONE;
    }
  },
  CROSS("crosses") {
    @Override
    int paint(int style, double x, double y) {
      double arm = style == 0 ? 0.26 : 0.36;
      double a = Math.abs(x);
      double b = Math.abs(y);
      return Math.max(a, b) < 0.92 && Math.min(a, b) < arm ? FILL : NONE;
    }
  },
  STAR("stars") {
    @Override
    int paint(int style, double x, double y) {
      int points = style == 0 ? 5 : 6;
      double inner = style == 0 ? 0.4 : 0.5;
      double step = Math.PI / points;
      double angle = Math.atan2(x, -y);
      double r = Math.hypot(x, y);
      double folded = Math.abs(Math.IEEEremainder(angle, 2 * step));
      // Edge from the tip (radius 1 at angle 0) to the notch (radius inner at angle step).
      double tipX = 1;
      double notchX = inner * Math.cos(step);
      double notchY = inner * Math.sin(step);
      double px = r * Math.cos(folded);
      double py = r * Math.sin(folded);
      return (notchX - tipX) * py - notchY * (px - tipX) > 0 ? FILL : NONE;
    }
  },
  HEART("hearts") {
    @Override
    int paint(int style, double x, double y) {
      double sx = x * (style == 0 ? 1.2 : 1.4);
      double sy = -y * 1.2 + 0.1;
      double q = sx * sx + sy * sy - 1;
      return q * q * q - sx * sx * sy * sy * sy < 0 ? FILL : NONE;
    }
  },
  HOUSE("houses") {
    @Override
    int paint(int style, double x, double y) {
      if (triangle(x, y, 0, -0.95, -0.95, -0.1, 0.95, -0.1)) {
        return FILL;
      }
      if (Math.abs(x) > 0.72 || y < -0.1 || y > 0.9) {
        return NONE;
      }
      if (style == 0) {
        return Math.abs(x) < 0.22 && y > 0.3 ? DARK : FILL;
      }
      boolean window = Math.abs(Math.abs(x) - 0.38) < 0.17 && y > 0.08 && y < 0.45;
      return window ? DARK : FILL;
    }
  },
  TREE("trees") {
    @Override
    int paint(int style, double x, double y) {
      if (Math.abs(x) < 0.16 && y > 0.2 && y < 0.95) {
        return DARK;
      }
      if (style == 0) {
        return Math.hypot(x * 1.1, y + 0.3) < 0.66 ? FILL : NONE;
      }
      boolean top = triangle(x, y, 0, -0.98, -0.5, -0.2, 0.5, -0.2);
      return top || triangle(x, y, 0, -0.55, -0.75, 0.42, 0.75, 0.42) ? FILL : NONE;
    }
  },
  CAR("cars") {
    @Override
    int paint(int style, double x, double y) {
      if (Math.hypot(Math.abs(x) - 0.52, y - 0.5) < 0.25) {
        return DARK;
      }
      if (y > -0.05 && y < 0.5 && Math.abs(x) < 0.97) {
        return FILL;
      }
      if (style == 0) {
        return y > -0.5 && y <= -0.05 && Math.abs(x) < 0.55 + 0.3 * y ? FILL : NONE;
      }
      boolean cab = y > -0.5 && y <= -0.05 && x > 0.1 && x < 0.85;
      return cab ? FILL : NONE;
    }
  },
  FISH("fish") {
    @Override
    int paint(int style, double x, double y) {
      if (Math.hypot(x + 0.5, y + 0.1) < 0.12) {
        return DARK;
      }
      double height = style == 0 ? 0.48 : 0.62;
      double ex = (x + 0.2) / 0.75;
      double ey = y / height;
      if (ex * ex + ey * ey < 1) {
        return FILL;
      }
      return triangle(x, y, 0.3, 0, 0.98, -0.6, 0.98, 0.6) ? FILL : NONE;
    }
  },
  BIRD("birds") {
    @Override
    int paint(int style, double x, double y) {
      if (Math.hypot(x + 0.58, y + 0.42) < 0.09) {
        return DARK;
      }
      if (Math.hypot(x + 0.52, y + 0.36) < 0.3) {
        return FILL;
      }
      double body = Math.hypot((x + 0.02) / 0.62, (y - 0.12) / 0.32);
      if (body < 1) {
        return FILL;
      }
      if (triangle(x, y, -0.98, -0.26, -0.7, -0.46, -0.7, -0.16)) {
        return DARK;
      }
      if (triangle(x, y, 0.4, 0.1, 0.98, -0.15, 0.98, 0.3)) {
        return FILL;
      }
      return style == 0
          ? (triangle(x, y, -0.2, 0.05, 0.35, -0.95, 0.45, 0.05) ? FILL : NONE)
          : (triangle(x, y, -0.15, 0.2, 0.45, 0.95, 0.5, 0.2) ? FILL : NONE);
    }
  },
  FACE("faces") {
    @Override
    int paint(int style, double x, double y) {
      double r = Math.hypot(x, y);
      if (r > 0.95) {
        return NONE;
      }
      if (Math.hypot(Math.abs(x) - 0.36, y + 0.26) < 0.18) {
        return DARK;
      }
      if (style == 0) {
        return r > 0.48 && r < 0.7 && y > 0.2 ? DARK : FILL;
      }
      return Math.abs(x) < 0.4 && y > 0.34 && y < 0.56 ? DARK : FILL;
    }
  };

  static final int NONE = 0;
  static final int FILL = 1;
  static final int DARK = 2;
  static final int STYLES = 2;

  private final String plural;

  Kind(String plural) {
    this.plural = plural;
  }

  abstract int paint(int style, double x, double y);

  /** The word used in questions and answers. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The plural of {@link #word()}. */
  public String plural() {
    return plural;
  }

  private static boolean triangle(
      double x, double y, double ax, double ay, double bx, double by, double cx, double cy) {
    double d1 = (x - bx) * (ay - by) - (ax - bx) * (y - by);
    double d2 = (x - cx) * (by - cy) - (bx - cx) * (y - cy);
    double d3 = (x - ax) * (cy - ay) - (cx - ax) * (y - ay);
    boolean negative = d1 < 0 || d2 < 0 || d3 < 0;
    boolean positive = d1 > 0 || d2 > 0 || d3 > 0;
    return !(negative && positive);
  }
}
