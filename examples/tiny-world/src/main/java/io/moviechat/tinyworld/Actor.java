package io.moviechat.tinyworld;

/**
 * One thing in a scene, and how it moves. Lengths are fractions of the frame's side, times are
 * milliseconds from the start of the scene.
 *
 * @param kind what it is
 * @param colour its colour
 * @param action what it does
 * @param style which of the kind's drawings
 * @param flipped whether the drawing is mirrored
 * @param startX centre at the start
 * @param startY centre at the start
 * @param endX centre at the end
 * @param endY centre at the end
 * @param startRadius radius at the start
 * @param endRadius radius at the end
 * @param tilt angle in radians
 * @param spin radians per second
 * @param period milliseconds of one blink or bounce
 * @param jitter small change of the colour, 0 to 1
 */
public record Actor(
    Kind kind,
    Colour colour,
    Action action,
    int style,
    boolean flipped,
    double startX,
    double startY,
    double endX,
    double endY,
    double startRadius,
    double endRadius,
    double tilt,
    double spin,
    double period,
    double jitter) {

  /** Where the actor is at one moment. */
  record Pose(double x, double y, double radius, double angle, boolean visible) {}

  Pose pose(long millis, long sceneMillis) {
    double u = Math.min(1, (double) millis / sceneMillis);
    return switch (action) {
      case STILL -> new Pose(startX, startY, startRadius, tilt, true);
      case LEFT, RIGHT, UP, DOWN, GROWS, SHRINKS -> moved(u);
      case ENTERS -> moved(Math.min(1, u / 0.55));
      case LEAVES -> moved(Math.max(0, (u - 0.4) / 0.55));
      case SPINS -> new Pose(startX, startY, startRadius, tilt + spin * millis / 1000.0, true);
      case BLINKS -> {
        double phase = (millis / period) % 1;
        yield new Pose(startX, startY, startRadius, tilt, phase < 0.55);
      }
      case BOUNCES -> {
        double lift = Math.abs(Math.sin(Math.PI * millis / period));
        yield new Pose(startX, startY + lift * (endY - startY), startRadius, tilt, true);
      }
    };
  }

  private Pose moved(double u) {
    return new Pose(
        startX + u * (endX - startX),
        startY + u * (endY - startY),
        startRadius + u * (endRadius - startRadius),
        tilt,
        true);
  }

  /** "red fish". */
  String noun() {
    return colour.word() + " " + kind.word();
  }
}
