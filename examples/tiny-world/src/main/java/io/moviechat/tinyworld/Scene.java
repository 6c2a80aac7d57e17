package io.moviechat.tinyworld;

import java.util.List;

/**
 * One scene: a backdrop and one to three actors, named from left to right.
 *
 * @param backdrop what is behind
 * @param actors one to three, of different kinds and colours
 * @param millis length, a multiple of {@link World#STEP_MILLIS}
 * @param fadeIn whether it comes up from black
 * @param fadeOut whether it goes down to black
 * @param noise strength of the camera's noise in grey levels
 * @param seed of that noise
 */
public record Scene(
    Backdrop backdrop,
    List<Actor> actors,
    long millis,
    boolean fadeIn,
    boolean fadeOut,
    double noise,
    long seed) {

  /** Copies the actors. */
  public Scene {
    actors = List.copyOf(actors);
  }

  /** Whether every actor's action repeats, so that the scene can be held for as long as wanted. */
  public boolean cyclic() {
    return !fadeIn && !fadeOut && actors.stream().allMatch(a -> a.action().cyclic());
  }
}
