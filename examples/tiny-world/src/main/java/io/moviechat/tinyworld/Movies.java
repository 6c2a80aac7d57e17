package io.moviechat.tinyworld;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Draws up movies that the training never saw: its scenes come from other seeds. The same arguments
 * always give the same movie.
 */
public final class Movies {
  /**
   * Added to the seeds given, so that no scene is one of those of the training (101) or validation
   * (202).
   */
  private static final long TEST_SEEDS = 1_000_000;

  private static final int BANK = 100_000;
  private static final long DEMO_SCENE_MILLIS = 20_000;

  private Movies() {}

  /** A movie of so many scenes, mostly of 2.5 to 6 seconds. */
  public static Script ofScenes(int scenes, World.Split split, long seed) {
    SplittableRandom random = new SplittableRandom(TEST_SEEDS + seed);
    MoviePlan plan = new MoviePlan(TEST_SEEDS + seed, BANK, split);
    return plan.script(plan.shortMovie(random, scenes));
  }

  /**
   * A long movie: a few scenes take turns, and among them is one event of about a second.
   *
   * @param frames about how many frames at the embedded model's interval
   * @param segments how often the scene changes, the event apart
   */
  public static Script needle(int frames, int segments, long seed) {
    SplittableRandom random = new SplittableRandom(TEST_SEEDS + seed);
    MoviePlan plan = new MoviePlan(TEST_SEEDS + seed, BANK, World.Split.SEEN);
    return plan.script(plan.needle(random, frames, segments));
  }

  /**
   * The event of a {@link #needle} movie: its shortest segment, of several the one whose scene is
   * shown least often.
   */
  public static Script.Segment event(Script needle) {
    return needle.segments().stream()
        .min(
            Comparator.comparingLong(Script.Segment::millis)
                .thenComparingLong(segment -> shown(needle, segment.scene())))
        .orElseThrow();
  }

  private static long shown(Script script, Scene scene) {
    return script.segments().stream().filter(s -> s.scene().equals(scene)).count();
  }

  /** A movie of three minutes: nine scenes of twenty seconds, for demonstrations. */
  public static Script demo(long seed) {
    SplittableRandom random = new SplittableRandom(TEST_SEEDS + seed);
    List<Scene> scenes = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      int actors = 1 + i % 2;
      scenes.add(World.scene(random, World.Split.SEEN, actors, DEMO_SCENE_MILLIS, false));
    }
    return Script.of(scenes);
  }
}
