package io.moviechat.tinyworld;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Ways to put scenes of a {@link SceneBank} together. Scenes are given by their numbers, so that
 * features can be kept.
 */
final class MoviePlan {
  /** A scene's number and how long it is shown. */
  record Shot(int scene, long millis) {}

  private final long bankSeed;
  private final int bankSize;
  private final World.Split split;

  MoviePlan(long bankSeed, int bankSize, World.Split split) {
    this.bankSeed = bankSeed;
    this.bankSize = bankSize;
    this.split = split;
  }

  Script script(List<Shot> shots) {
    return Script.of(
        shots.stream().map(s -> SceneBank.scene(bankSeed, s.scene(), split)).toList(),
        shots.stream().map(Shot::millis).toList());
  }

  /** Different scenes, each as long as it is. */
  List<Shot> shortMovie(SplittableRandom random, int scenes) {
    List<Shot> shots = new ArrayList<>();
    while (shots.size() < scenes) {
      int number = random.nextInt(bankSize);
      if (shots.stream().noneMatch(s -> s.scene() == number)) {
        shots.add(new Shot(number, SceneBank.scene(bankSeed, number, split).millis()));
      }
    }
    return shots;
  }

  /** A few scenes that take turns for a long time, and one event of about a second among them. */
  List<Shot> needle(SplittableRandom random, int frames, int segments) {
    int fillers = Math.min(segments, random.nextInt(3, 7));
    List<Integer> cast = new ArrayList<>();
    while (cast.size() < fillers) {
      int number = random.nextInt(bankSize / 10) * 10 + 8;
      if (!cast.contains(number) && SceneBank.scene(bankSeed, number, split).cyclic()) {
        cast.add(number);
      }
    }
    double[] share = new double[segments];
    double all = 0;
    for (int i = 0; i < segments; i++) {
      share[i] = random.nextDouble(0.4, 1.6);
      all += share[i];
    }
    List<Shot> shots = new ArrayList<>();
    int last = -1;
    for (int i = 0; i < segments; i++) {
      int number = last;
      while (number == last) {
        number = cast.get(random.nextInt(cast.size()));
      }
      last = number;
      long steps = Math.max(6, Math.round(frames * share[i] / all));
      shots.add(new Shot(number, steps * World.STEP_MILLIS));
    }
    int event = random.nextInt(bankSize / 10) * 10 + 9;
    shots.add(
        random.nextInt(1, shots.size()),
        new Shot(event, SceneBank.scene(bankSeed, event, split).millis()));
    return shots;
  }
}
