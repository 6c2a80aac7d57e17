package io.moviechat.tinyworld;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * The rules by which scenes are drawn. All that is random comes from the seeds given: the same seed
 * makes the same scene.
 */
// The order of the enums is part of the world: labels and held-out pairs count by it.
@SuppressWarnings("EnumOrdinal")
public final class World {
  /** Scenes start and end on multiples of this: the frame interval that the model is made for. */
  public static final long STEP_MILLIS = 250;

  private World() {}

  /** Which part of the world a scene may come from. */
  public enum Split {
    /**
     * No held-out pair of colour and kind, or of action and kind. Train, validation and test differ
     * by seed.
     */
    SEEN,
    /** Every actor is of a held-out pair of colour and kind. */
    UNSEEN_COLOURS,
    /** Every actor is of a held-out pair of action and kind. */
    UNSEEN_ACTIONS
  }

  /** Pairs that no training movie shows: 6 of 96, of two colours. */
  public static boolean heldOut(Kind kind, Colour colour) {
    return (kind.ordinal() * 3 + colour.ordinal() * 5) % 12 == 7;
  }

  /** Pairs that no training movie shows: one action of each kind. */
  public static boolean heldOut(Kind kind, Action action) {
    return (kind.ordinal() * 5 + action.ordinal() * 7) % 12 == 5;
  }

  /**
   * Draws one scene.
   *
   * @param random where all chance comes from
   * @param split which pairs may occur
   * @param wanted how many actors, 1 to 3; of {@link Split#UNSEEN_COLOURS} at most 2 come, as its
   *     pairs have two colours
   * @param millis how long
   * @param cyclic whether only actions that repeat are wanted
   */
  public static Scene scene(
      SplittableRandom random, Split split, int wanted, long millis, boolean cyclic) {
    int actors = split == Split.UNSEEN_COLOURS ? Math.min(wanted, 2) : wanted;
    Backdrop.Type[] types = Backdrop.Type.values();
    Backdrop backdrop = new Backdrop(types[random.nextInt(types.length)], random.nextLong());
    double[][] regions = regions(random, actors);
    List<Actor> cast = new ArrayList<>();
    Set<Kind> kinds = EnumSet.noneOf(Kind.class);
    Set<Colour> colours = EnumSet.noneOf(Colour.class);
    while (cast.size() < actors) {
      Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
      Colour colour = Colour.values()[random.nextInt(Colour.values().length)];
      Action action = Action.values()[random.nextInt(Action.values().length)];
      boolean unseenColour = heldOut(kind, colour);
      boolean unseenAction = heldOut(kind, action);
      boolean fits =
          switch (split) {
            case SEEN -> !unseenColour && !unseenAction;
            case UNSEEN_COLOURS -> unseenColour && !unseenAction;
            case UNSEEN_ACTIONS -> unseenAction && !unseenColour;
          };
      if (!fits
          || kinds.contains(kind)
          || colours.contains(colour)
          || (cyclic && !action.cyclic())
          || (action == Action.SPINS && kind == Kind.CIRCLE)
          || (actors > 2 && (action == Action.ENTERS || action == Action.LEAVES))) {
        continue;
      }
      kinds.add(kind);
      colours.add(colour);
      cast.add(actor(random, kind, colour, action, regions[cast.size()]));
    }
    boolean fades = !cyclic && millis >= 2000 && random.nextInt(4) == 0;
    return new Scene(
        backdrop,
        cast,
        millis,
        fades && random.nextBoolean(),
        fades && random.nextBoolean(),
        random.nextDouble(6),
        random.nextLong());
  }

  /**
   * Each actor keeps to its own part of the frame: {left, top, right, bottom}, in the order in
   * which they are named.
   */
  private static double[][] regions(SplittableRandom random, int actors) {
    if (actors == 1) {
      return new double[][] {{0, 0, 1, 1}};
    }
    if (actors == 2) {
      return new double[][] {{0, 0, 0.5, 1}, {0.5, 0, 1, 1}};
    }
    double[][] quarters = {{0, 0, 0.5, 0.5}, {0, 0.5, 0.5, 1}, {0.5, 0, 1, 0.5}, {0.5, 0.5, 1, 1}};
    int without = random.nextInt(4);
    double[][] chosen = new double[3][];
    for (int i = 0, n = 0; i < 4; i++) {
      if (i != without) {
        chosen[n++] = quarters[i];
      }
    }
    return chosen;
  }

  private static Actor actor(
      SplittableRandom random, Kind kind, Colour colour, Action action, double[] region) {
    double left = region[0];
    double top = region[1];
    double width = region[2] - left;
    double height = region[3] - top;
    double room = Math.min(width, height);
    double radius = room > 0.9 ? random.nextDouble(0.13, 0.21) : random.nextDouble(0.11, 0.145);
    double endRadius = radius;
    if (action == Action.GROWS || action == Action.SHRINKS) {
      double small = room > 0.9 ? random.nextDouble(0.085, 0.12) : random.nextDouble(0.075, 0.095);
      double large = small * random.nextDouble(1.8, 2.3);
      large = Math.min(large, room > 0.9 ? 0.25 : 0.19);
      radius = action == Action.GROWS ? small : large;
      endRadius = action == Action.GROWS ? large : small;
    }
    double margin = Math.max(radius, endRadius);
    double x = place(random, left, width, margin);
    double y = place(random, top, height, margin);
    double endX = x;
    double endY = y;
    switch (action) {
      case LEFT, RIGHT -> {
        double[] path = path(random, left, width, margin);
        x = action == Action.RIGHT ? path[0] : path[1];
        endX = action == Action.RIGHT ? path[1] : path[0];
      }
      case UP, DOWN -> {
        double[] path = path(random, top, height, margin);
        y = action == Action.DOWN ? path[0] : path[1];
        endY = action == Action.DOWN ? path[1] : path[0];
      }
      case BOUNCES -> {
        double[] path = path(random, top, height, margin);
        y = path[1];
        endY = path[0];
      }
      case ENTERS, LEAVES -> {
        // Through the nearest outer border, so that two actors never cross.
        double far = margin * 1.2;
        boolean sideways = random.nextBoolean();
        double outX = x;
        double outY = y;
        if (sideways) {
          boolean toLeft = width > 0.9 ? random.nextBoolean() : left < 0.1;
          outX = toLeft ? -far : 1 + far;
        } else {
          outY = random.nextBoolean() ? -far : 1 + far;
        }
        if (action == Action.ENTERS) {
          endX = x;
          endY = y;
          x = outX;
          y = outY;
        } else {
          endX = outX;
          endY = outY;
        }
      }
      default -> {}
    }
    double spin = random.nextDouble(1.2, 2.0) * (random.nextBoolean() ? 1 : -1);
    double tilt = random.nextDouble(-0.25, 0.25);
    double period =
        action == Action.BOUNCES ? random.nextDouble(1200, 2000) : random.nextDouble(900, 1500);
    return new Actor(
        kind,
        colour,
        action,
        random.nextInt(Kind.STYLES),
        random.nextBoolean(),
        x,
        y,
        endX,
        endY,
        radius,
        endRadius,
        tilt,
        spin,
        period,
        random.nextDouble());
  }

  private static double place(SplittableRandom random, double from, double length, double margin) {
    double low = from + margin;
    double high = from + length - margin;
    return low < high ? random.nextDouble(low, high) : from + length / 2;
  }

  /** A way along one axis that is long enough to be seen: {lower end, upper end}. */
  private static double[] path(SplittableRandom random, double from, double length, double margin) {
    double low = from + margin * 0.9;
    double high = from + length - margin * 0.9;
    double spare = (high - low) * 0.35;
    return new double[] {low + random.nextDouble(spare), high - random.nextDouble(spare)};
  }

  /** A length in whole steps: mostly 2.5 to 6 s, sometimes from 1 to 20 s. */
  public static long sceneMillis(SplittableRandom random) {
    double p = random.nextDouble();
    double seconds;
    if (p < 0.72) {
      seconds = random.nextDouble(2.5, 6);
    } else if (p < 0.9) {
      seconds = random.nextDouble(6, 11);
    } else if (p < 0.97) {
      seconds = random.nextDouble(1, 2.5);
    } else {
      seconds = random.nextDouble(11, 20);
    }
    return Math.max(1, Math.round(seconds * 1000 / STEP_MILLIS)) * STEP_MILLIS;
  }

  /** One actor in 48 % of scenes, two in 42 %, three in 10 %. */
  static int castSize(SplittableRandom random) {
    int p = random.nextInt(100);
    return p < 48 ? 1 : p < 90 ? 2 : 3;
  }
}
