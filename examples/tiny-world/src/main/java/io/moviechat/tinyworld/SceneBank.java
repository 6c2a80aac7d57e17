package io.moviechat.tinyworld;

import java.util.SplittableRandom;
import java.util.stream.Collectors;

/** A numbered, endless list of scenes: scene {@code i} of a seed is always the same. */
// The order of the enums is part of the world: labels and held-out pairs count by it.
@SuppressWarnings("EnumOrdinal")
final class SceneBank {
  private SceneBank() {}

  static Scene scene(long seed, int index, World.Split split) {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003L + index);
    int kind = index % 10;
    if (kind == 8) {
      // A scene that can be held for long: filler of long movies.
      return World.scene(random, split, random.nextInt(1, 3), 6000, true);
    }
    if (kind == 9) {
      // An event of about a second.
      return World.scene(random, split, 1, random.nextInt(3, 7) * World.STEP_MILLIS, false);
    }
    return World.scene(
        random, split, World.castSize(random), World.sceneMillis(random), random.nextInt(8) == 0);
  }

  static String json(Scene scene) {
    String actors =
        scene.actors().stream()
            .map(
                a ->
                    "[%d,%d,%d]"
                        .formatted(a.kind().ordinal(), a.colour().ordinal(), a.action().ordinal()))
            .collect(Collectors.joining(","));
    return "{\"millis\":%d,\"cyclic\":%b,\"actors\":[%s]}"
        .formatted(scene.millis(), scene.cyclic(), actors);
  }
}
