package io.moviechat.llm;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds lines in a map of text's probability, as the inference of PaddleOCR does behind its
 * detector (Liao et al., "Real-time scene text detection with differentiable binarization", AAAI
 * 2020): the map is cut at a threshold, each connected part gets the smallest rectangle around it,
 * weak ones are dropped, and the others grow by what the training had shrunk them.
 */
final class TextBoxes {
  private static final float THRESHOLD = 0.3f;
  private static final double LEAST_PROBABILITY = 0.6;
  private static final double GROWTH = 1.5;
  private static final double SHORTEST_SIDE = 3;
  private static final int MOST = 100;

  /** Of the smaller one's height: centres closer than that are on one line. */
  private static final double SAME_LINE = 0.5;

  private final float[] map;
  private final int width;
  private final int height;
  private final boolean[] seen;
  private int[] part = new int[1024];
  private int size;

  private TextBoxes(float[] map, int width, int height) {
    this.map = map;
    this.width = width;
    this.height = height;
    this.seen = new boolean[map.length];
  }

  /**
   * The lines in a map.
   *
   * @param probabilities {@code [height, width]}
   * @return as they are read: from the top down, and from the left to the right; at most 100, of
   *     more those with the highest probability
   */
  static List<TextBox> of(FloatBuffer probabilities, int width, int height) {
    float[] map = new float[width * height];
    probabilities.get(map);
    List<TextBox> found = new TextBoxes(map, width, height).find();
    found.sort(Comparator.comparingDouble(TextBox::probability).reversed());
    return inReadingOrder(found.subList(0, Math.min(MOST, found.size())));
  }

  private List<TextBox> find() {
    List<TextBox> found = new ArrayList<>();
    for (int i = 0; i < map.length; i++) {
      if (map[i] > THRESHOLD && !seen[i]) {
        collect(i);
        TextBox box = box();
        if (box != null) {
          found.add(box);
        }
      }
    }
    return found;
  }

  /** Collects a connected part; corners connect too. */
  private void collect(int first) {
    size = 0;
    add(first);
    for (int next = 0; next < size; next++) {
      int x = part[next] % width;
      int y = part[next] / width;
      for (int ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (int nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          int near = ny * width + nx;
          if (map[near] > THRESHOLD && !seen[near]) {
            add(near);
          }
        }
      }
    }
  }

  private void add(int place) {
    if (size == part.length) {
      part = java.util.Arrays.copyOf(part, 2 * size);
    }
    seen[place] = true;
    part[size++] = place;
  }

  private @Nullable TextBox box() {
    Rectangle smallest = Rectangle.around(hull());
    if (smallest.shorterSide() < SHORTEST_SIDE) {
      return null;
    }
    double probability = probability(smallest);
    if (probability < LEAST_PROBABILITY) {
      return null;
    }
    double area = 4 * smallest.along * smallest.across;
    Rectangle grown = smallest.grown(area * GROWTH / (4 * (smallest.along + smallest.across)));
    return grown.shorterSide() < SHORTEST_SIDE + 2 ? null : grown.upright(probability);
  }

  /** The convex hull of the part's pixels, by their centres (Andrew's monotone chain). */
  private List<int[]> hull() {
    int top = height;
    int bottom = 0;
    for (int i = 0; i < size; i++) {
      top = Math.min(top, part[i] / width);
      bottom = Math.max(bottom, part[i] / width);
    }
    int[] first = new int[bottom - top + 1];
    int[] last = new int[bottom - top + 1];
    java.util.Arrays.fill(first, width);
    for (int i = 0; i < size; i++) {
      int row = part[i] / width - top;
      first[row] = Math.min(first[row], part[i] % width);
      last[row] = Math.max(last[row], part[i] % width);
    }
    List<int[]> hull = new ArrayList<>();
    for (int row = 0; row < first.length; row++) {
      turn(hull, 0, new int[] {first[row], top + row});
    }
    int before = hull.size();
    for (int row = last.length - 1; row >= 0; row--) {
      turn(hull, before, new int[] {last[row], top + row});
    }
    return hull;
  }

  /** Adds a point, and takes back those that it makes lie inside. */
  private static void turn(List<int[]> hull, int from, int[] point) {
    while (hull.size() >= from + 2) {
      int[] a = hull.get(hull.size() - 2);
      int[] b = hull.get(hull.size() - 1);
      long cross =
          (long) (b[0] - a[0]) * (point[1] - a[1]) - (long) (b[1] - a[1]) * (point[0] - a[0]);
      if (cross < 0) {
        break;
      }
      hull.remove(hull.size() - 1);
    }
    hull.add(point);
  }

  /** Mean of the map in a rectangle. */
  private double probability(Rectangle of) {
    double reachX = Math.abs(of.unitX * of.along) + Math.abs(of.unitY * of.across);
    double reachY = Math.abs(of.unitY * of.along) + Math.abs(of.unitX * of.across);
    int left = Math.max(0, (int) Math.floor(of.x - reachX));
    int right = Math.min(width - 1, (int) Math.ceil(of.x + reachX));
    int bottom = Math.min(height - 1, (int) Math.ceil(of.y + reachY));
    double sum = 0;
    int count = 0;
    for (int y = Math.max(0, (int) Math.floor(of.y - reachY)); y <= bottom; y++) {
      for (int x = left; x <= right; x++) {
        if (of.holds(x, y)) {
          sum += map[y * width + x];
          count++;
        }
      }
    }
    return count == 0 ? 0 : sum / count;
  }

  /** From the top down, and what stands on one line from the left to the right. */
  private static List<TextBox> inReadingOrder(List<TextBox> boxes) {
    List<TextBox> sorted = new ArrayList<>(boxes);
    sorted.sort(Comparator.comparingDouble(TextBox::centreY));
    List<TextBox> read = new ArrayList<>();
    List<TextBox> line = new ArrayList<>();
    for (TextBox box : sorted) {
      if (!line.isEmpty() && !sameLine(line.get(0), box)) {
        endLine(line, read);
      }
      line.add(box);
    }
    endLine(line, read);
    return read;
  }

  private static boolean sameLine(TextBox a, TextBox b) {
    return Math.abs(a.centreY() - b.centreY()) < SAME_LINE * Math.min(a.height(), b.height());
  }

  private static void endLine(List<TextBox> line, List<TextBox> read) {
    line.sort(Comparator.comparingDouble(TextBox::centreX));
    read.addAll(line);
    line.clear();
  }

  /**
   * A turned rectangle among the centres of pixels.
   *
   * @param x of its centre
   * @param y of its centre
   * @param unitX direction of one pair of its sides
   * @param unitY direction of one pair of its sides
   * @param along half of its length in that direction
   * @param across half of its length across it
   */
  private record Rectangle(
      double x, double y, double unitX, double unitY, double along, double across) {
    /** The smallest one around a convex hull: one of its sides lies on one of the hull's. */
    static Rectangle around(List<int[]> hull) {
      Rectangle smallest = null;
      double least = Double.POSITIVE_INFINITY;
      for (int i = 0; i < hull.size(); i++) {
        int[] a = hull.get(i);
        int[] b = hull.get((i + 1) % hull.size());
        double length = Math.hypot(b[0] - a[0], b[1] - a[1]);
        if (length > 0) {
          Rectangle candidate = along(hull, (b[0] - a[0]) / length, (b[1] - a[1]) / length);
          double area = candidate.along * candidate.across;
          if (area < least) {
            least = area;
            smallest = candidate;
          }
        }
      }
      return smallest == null ? along(hull, 1, 0) : smallest;
    }

    private static Rectangle along(List<int[]> hull, double unitX, double unitY) {
      double from = Double.POSITIVE_INFINITY;
      double to = Double.NEGATIVE_INFINITY;
      double above = Double.POSITIVE_INFINITY;
      double below = Double.NEGATIVE_INFINITY;
      for (int[] point : hull) {
        double u = point[0] * unitX + point[1] * unitY;
        double v = point[1] * unitX - point[0] * unitY;
        from = Math.min(from, u);
        to = Math.max(to, u);
        above = Math.min(above, v);
        below = Math.max(below, v);
      }
      double u = (from + to) / 2;
      double v = (above + below) / 2;
      return new Rectangle(
          u * unitX - v * unitY,
          u * unitY + v * unitX,
          unitX,
          unitY,
          (to - from) / 2,
          (below - above) / 2);
    }

    double shorterSide() {
      return 2 * Math.min(along, across);
    }

    boolean holds(int px, int py) {
      double u = (px - x) * unitX + (py - y) * unitY;
      double v = (py - y) * unitX - (px - x) * unitY;
      return Math.abs(u) <= along + 0.5 && Math.abs(v) <= across + 0.5;
    }

    Rectangle grown(double by) {
      return new Rectangle(x, y, unitX, unitY, along + by, across + by);
    }

    /** The box whose first corner is the upper one of the two on the left. */
    TextBox upright(double probability) {
      // Of the two directions, the one that runs more to the right is the line's.
      boolean alongIsFlat = Math.abs(unitX) >= Math.abs(unitY);
      double ax = alongIsFlat ? unitX : -unitY;
      double ay = alongIsFlat ? unitY : unitX;
      double halfLine = alongIsFlat ? along : across;
      double halfDown = alongIsFlat ? across : along;
      double sign = ax < 0 ? -1 : 1;
      double lineX = sign * ax * halfLine;
      double lineY = sign * ay * halfLine;
      double downX = -sign * ay * halfDown;
      double downY = sign * ax * halfDown;
      return new TextBox(
          x - lineX - downX + 0.5,
          y - lineY - downY + 0.5,
          2 * lineX,
          2 * lineY,
          2 * downX,
          2 * downY,
          probability);
    }
  }
}
